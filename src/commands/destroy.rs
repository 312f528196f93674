//! `mcpmon destroy`

use super::Context;
use super::agree::agree;
use super::change::LockArgs;
use crate::apply;
use crate::exit::Exit;

/// Remove the stack with all its data: metrics, logs, silences, dashboards' settings.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Waiting for others.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let name = context.document()?.manifest.name;
    let engine = context.engine().await?;
    if !args.yes {
        let volumes = engine.volumes(name.as_str()).await?;
        for volume in &volumes {
            context.printer.line(format!("  {}", volume.name));
        }
        let question = format!(
            "This removes the {} volumes above with their data. Type the stack's name to go on:",
            volumes.len()
        );
        let alone = "this removes the data above; say so with --yes where nobody can be asked";
        agree(&context.printer, (name.as_str(), &question), alone, "nothing was removed")?;
    }
    apply::destroy(context, &engine, name.as_str(), args.lock.wait()).await
}
