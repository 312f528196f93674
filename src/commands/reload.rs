//! `mcpmon reload`

use super::Context;
use super::change::ChangeArgs;
use super::up::parse_duration;
use crate::apply::{self, Options};
use crate::exit::Exit;
use crate::manifest::Duration;

/// Bring changed configuration to the running stack.
///
/// Changed files are checked by the programs that will read them, swapped in by the smallest
/// action that takes effect, and proven: what each program loaded must equal what was rendered.
/// If it does not, the previous files are put back, and that is proven too (exit code 4).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long everything may take to become ready again
    #[arg(long, default_value = "2m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// What every change takes.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (project, engine) =
        context.project_beside(false, Box::pin(context.engine_quietly())).await?;
    let secrets = context.secrets(&project)?;
    let options = args.change.options("mcpmon reload", args.timeout);
    let options = Options { only_running: true, ..options };
    let engine = engine?;
    context.introduce(&engine)?;
    apply::run_on(context, &engine, &project, &secrets, &options).await
}
