//! `mcpmon plan`

use std::path::PathBuf;

use anyhow::Context as _;

use super::Context;
use crate::apply::self_image_reference;
use crate::exit::Exit;
use crate::output::{Format, Mark};
use crate::plan;
use crate::preview::{self, Saved, report};

/// Show what `mcpmon up` would do, why, and what was changed past the manifest.
///
/// Asks the engine and the programs with GET requests alone: nothing is created, pulled or locked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit with 5 when there is something to do, or something was changed past the manifest
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Keep the plan in a file, for `mcpmon up --plan FILE`
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Show every line that differs
    #[arg(long)]
    pub full: bool,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (project, reader) = context.project_beside(false, Box::pin(context.reader())).await?;
    let secrets = context.secrets(&project)?;
    let reader = reader?;
    let own = self_image_reference(&project.stack)?;
    let units = plan::wanted(&project.stack, &project.bundle, &secrets, &own);
    let seen = preview::look(&reader, &project, &secrets, &units).await?;
    let report = report::report(&project, &secrets, &units, &seen);
    if args.output == Format::Json {
        context.printer.json(&report)?;
    } else {
        let text = report.text(args.full);
        if !text.is_empty() {
            context.printer.data(&text);
        }
        let mark = if report.pending { Mark::Note } else { Mark::Good };
        context.printer.mark(mark, report.summary());
    }
    if let Some(path) = &args.out {
        let saved = Saved::new(&report, report::world(&project, &units, &seen))?;
        let text = serde_json::to_string_pretty(&saved)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        let shown = path.display();
        context.printer.line(format!("kept in {shown}: `mcpmon up --plan {shown}` applies it"));
    }
    Ok(if args.detailed_exitcode && report.pending { Exit::Pending } else { Exit::Done })
}
