//! `mcpmon restore`

use std::path::PathBuf;

use super::Context;
use super::agree::agree;
use super::change::LockArgs;
use super::chosen::chosen;
use super::up::parse_duration;
use crate::apply::{Options, RESTORE, Restore};
use crate::exit::Exit;
use crate::manifest::Duration;

/// Put a copy that `mcpmon backup` made in the place of the data that is there.
///
/// The copy is checked before anything is touched. What is there is copied to DIR-before-restore first,
/// and comes back if the programs do not become ready with the copy. The stack runs what the manifest
/// says: `mcpmon up` comes first. It may have another name than the one that the copy was made of.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mcpmon restore kept/2027-01-31
  mcpmon restore kept/2027-01-31 grafana --yes")]
pub struct Args {
    /// The folder of the copy
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Only these; all that the copy holds without it
    #[arg(value_name = "COMPONENT")]
    pub components: Vec<String>,
    /// Keep no copy of what is there now: if the restore fails, it is gone
    #[arg(long)]
    pub discard_current: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// How long everything may take to become ready
    #[arg(long, default_value = "5m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Waiting for others.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let names = chosen(&args.components, &project)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let secrets = context.secrets(&project)?;
    let engine = context.engine().await?;
    let with = (&project, &secrets);
    let copy = (args.dir.as_path(), names.as_slice());
    let restore = Restore::look(context, engine.reader(), with, copy, args.discard_current).await?;
    for line in restore.lines() {
        context.printer.line(format!("  {line}"));
    }
    if !args.yes {
        let question = "This takes the place of the data that is there. Type `yes` to go on:";
        let alone =
            "this replaces the data of the stack; say so with --yes where nobody can be asked";
        agree(&context.printer, ("yes", question), alone, "nothing was changed")?;
    }
    let options = Options {
        wait_lock: args.lock.wait(),
        message: Some(format!("data from {}", args.dir.display())),
        ..Options::new(RESTORE, args.timeout.std())
    };
    restore.run(context, &engine, &options).await
}
