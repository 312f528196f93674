//! `mcpmon up`

use std::path::PathBuf;

use super::change::ChangeArgs;
use super::{Context, Project};
use crate::apply::{self, Options, Pull};
use crate::exit::{Exit, Stop};
use crate::lockfile::{self, Lockfile};
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
    /// Refuse images that are not those of mcpmon.lock
    #[arg(long)]
    pub locked: bool,
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
    let (project, engine) =
        context.project_beside(true, Box::pin(context.engine_quietly())).await?;
    let secrets = context.secrets(&project)?;
    let saved =
        args.plan.as_ref().map(|path| Saved::read(path, &project.stack.name)).transpose()?;
    let options = Options {
        pull: args.pull,
        expected: saved.map(|saved| saved.world),
        locked: if args.locked { Some(lockfile(&project)?) } else { None },
        ..args.change.options("mcpmon up", args.timeout)
    };
    let engine = engine?;
    context.introduce(&engine)?;
    apply::run_on(context, &engine, &project, &secrets, &options).await
}

fn lockfile(project: &Project) -> anyhow::Result<Lockfile> {
    let path = lockfile::path(&project.document);
    Lockfile::read(&path)?.ok_or_else(|| {
        let message = format!("--locked: there is no {}; `mcpmon lock` writes it", path.display());
        Stop::new(Exit::Usage, message).into()
    })
}
