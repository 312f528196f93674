//! `mcpmon backup`

use std::path::PathBuf;

use super::Context;
use super::change::LockArgs;
use super::chosen::chosen;
use super::up::parse_duration;
use crate::apply;
use crate::exit::{Exit, Stop};
use crate::manifest::Duration;

/// Copy the data of the stack to a folder: metrics, logs, silences, what people saved in Grafana.
///
/// One tar for each data volume, and backup.json, which says what they are. Each program stands still
/// while its data is copied, one after the other. A copy that is there is never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  mcpmon backup kept/2027-01-31
  mcpmon backup kept/grafana grafana")]
pub struct Args {
    /// The folder; one for each copy
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Only these; all that keep data without it
    #[arg(value_name = "COMPONENT")]
    pub components: Vec<String>,
    /// How long everything that was stopped may take to become ready again
    #[arg(long, default_value = "5m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Waiting for others.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let parts = &project.stack.components;
    let mut names = chosen(&args.components, &project)?;
    names.sort_unstable();
    names.dedup();
    let keeps = |name: &str| parts.get(name).is_some_and(|part| !part.spec.volumes.is_empty());
    if let Some(name) = names.iter().find(|name| !keeps(name)) {
        let message = format!("`{name}` keeps no data: there is nothing of it to copy");
        return Err(Stop::new(Exit::Usage, message).into());
    }
    if names.is_empty() {
        names = parts.keys().filter(|name| keeps(name)).cloned().collect();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let engine = context.engine().await?;
    let how = ("mcpmon backup", args.lock.wait());
    apply::backup_now(context, &engine, &project, (&names, &args.dir), how, args.timeout.std())
        .await
}
