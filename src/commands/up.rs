//! `mcpmon up`

use std::path::PathBuf;

use super::Context;
use super::change::ChangeArgs;
use crate::apply::{self, Options, Pull};
use crate::exit::Exit;
use crate::manifest::Duration;
use crate::preview::Saved;

/// Bring the stack to what the manifest says, and wait until it is ready.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// When images are pulled
    #[arg(long, value_enum, default_value_t)]
    pub pull: Pull,
    /// How long everything may take to become ready
    #[arg(long, default_value = "5m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Apply this saved plan, and nothing else: refused when the manifest or the stack is not as it was
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// What every change takes.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Reads a duration from the command line.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    Duration::parse(text).map_err(|error| error.replace(crate::yaml::HELP, "; "))
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project()?;
    let secrets = context.secrets(&project)?;
    let saved = args.plan.as_ref().map(|path| Saved::read(path, &project.stack.name)).transpose()?;
    let options = Options {
        pull: args.pull,
        expected: saved.map(|saved| saved.world),
        ..args.change.options("mcpmon up", args.timeout)
    };
    apply::run(context, &project, &secrets, &options).await
}
