//! `mcpmon down`

use super::Context;
use super::change::LockArgs;
use crate::apply;
use crate::exit::Exit;

/// Stop and remove the stack's containers and network; data stays.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Waiting for others.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let name = context.document()?.manifest.name;
    let engine = context.engine().await?;
    apply::down(context, &engine, name.as_str(), args.lock.wait()).await
}
