//! `mcpmon up`

use super::Context;
use crate::apply::{self, Options, Pull};
use crate::exit::Exit;
use crate::manifest::Duration;

/// Bring the stack to what the manifest says, and wait until it is ready.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// When images are pulled
    #[arg(long, value_enum, default_value_t)]
    pub pull: Pull,
    /// How long everything may take to become ready
    #[arg(long, default_value = "5m", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// Reads a duration from the command line.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    Duration::parse(text).map_err(|error| error.replace(crate::yaml::HELP, "; "))
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project()?;
    let secrets = context.secrets(&project)?;
    let options = Options { pull: args.pull, timeout: args.timeout.std(), only_running: false };
    apply::run(context, &project, &secrets, options).await
}
