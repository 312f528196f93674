//! `mcpmon slo test`

use super::{Context, chosen};
use crate::apply::test_rules;
use crate::exit::Exit;
use crate::output::Mark;

/// Run the generated tests of the rules.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Objectives; all of them where none is named
    pub names: Vec<String>,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project()?;
    let slos = chosen(&project.stack.slos, &args.names)?;
    let files = project.bundle.components.get("prometheus").into_iter().flatten();
    let paths: Vec<&String> = files.map(|(path, _)| path).collect();
    let mut tests = Vec::new();
    for slo in slos {
        let before = tests.len();
        tests.extend(slo.test_files().into_iter().filter(|path| paths.contains(&path)));
        if tests.len() == before {
            context.printer.mark(
                Mark::Note,
                format!("{} has no tests: nobody knows which series its expression reads", slo.id),
            );
        }
    }
    if tests.is_empty() {
        return Ok(Exit::Done);
    }
    let engine = context.engine().await?;
    test_rules(context, &engine, &project, &tests).await?;
    context.printer.mark(Mark::Good, format!("{} files of tests pass", tests.len()));
    Ok(Exit::Done)
}
