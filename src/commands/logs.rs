//! `mcpmon logs`

use super::Context;
use crate::exit::Exit;

/// Under construction.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub async fn run(_: &Args, _: &Context) -> anyhow::Result<Exit> {
    anyhow::bail!("under construction")
}
