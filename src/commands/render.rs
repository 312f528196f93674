//! `mcpmon render`

use std::path::PathBuf;

use anyhow::Context as _;

use super::Context;
use crate::exit::Exit;
use crate::output::Mark;
use crate::render::tree;

/// Render every file of the stack.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to write to; without it the files are listed with their sizes
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write nothing; exit with 5 when DIR does not hold just what would be written
    #[arg(long, requires = "out")]
    pub check: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project()?;
    let files = project.bundle.tree();
    let Some(dir) = &args.out else {
        let lines: Vec<String> =
            files.iter().map(|(path, text)| format!("{:>9}  {path}", text.len())).collect();
        context.printer.data(&lines.join("\n"));
        return Ok(Exit::Done);
    };
    if args.check {
        let differences = tree::compare(dir, &files)?;
        for difference in &differences {
            context.printer.mark(Mark::Note, difference.to_string());
        }
        if differences.is_empty() {
            context
                .printer
                .mark(Mark::Good, format!("{} is what the manifest renders to", dir.display()));
            return Ok(Exit::Done);
        }
        context
            .printer
            .line(format!("run `mcpmon render --out {}` and commit the result", dir.display()));
        return Ok(Exit::Pending);
    }
    let written =
        tree::write(dir, &files).with_context(|| format!("cannot write to {}", dir.display()))?;
    context
        .printer
        .mark(Mark::Good, format!("{} files in {}, {written} changed", files.len(), dir.display()));
    Ok(Exit::Done)
}
