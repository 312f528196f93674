//! `mcpmon audit`

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Context;
use crate::audit::{self, Subject};
use crate::exit::Exit;
use crate::output::Format;
use crate::stack::Surroundings;

/// Say what a reader would object to before production.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End with 1 on warnings as well
    #[arg(long)]
    pub strict: bool,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let surroundings =
        Surroundings { env: &|name| std::env::var(name).ok(), file: &|path| std::fs::read(path) };
    let subject = Subject {
        document: &project.document,
        stack: &project.stack,
        bundle: &project.bundle,
        surroundings: &surroundings,
        mode: &mode,
    };
    let report = audit::run(&subject, Timestamp::now().to_zoned(TimeZone::UTC).date());
    if args.output == Format::Json {
        context.printer.json(&report)?;
    } else {
        context.printer.data(&report.text());
    }
    Ok(if report.passes(args.strict) { Exit::Done } else { Exit::Failed })
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|metadata| metadata.mode())
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}
