//! `mcpmon rollback`

use super::Context;
use super::change::ChangeArgs;
use super::past::{self, PastArgs};
use super::up::parse_duration;
use crate::apply::{self, Options, Restored};
use crate::exit::{Exit, Stop};
use crate::history::Outcome;
use crate::manifest::Duration;
use crate::output::Mark;
use crate::plan;

/// Bring back a generation of the stack.
///
/// Its manifest, rendered files and images are applied as they were, as a new generation: proven
/// after, undone if wrong, and checked by the programs first unless it ran before, proven. Secrets
/// are those of today: from where the manifest says, else as the stack runs with them. Data is
/// never touched.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The generation; the proven one before what runs without it
    #[arg(value_name = "N")]
    pub number: Option<u64>,
    /// How long everything may take to become ready
    #[arg(long, default_value = "5m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// What every change takes.
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Which stack.
    #[command(flatten)]
    pub past: PastArgs,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (stack, dir) = args.past.stack(context)?;
    let engine = context.engine().await?;
    let (generation, snapshot) = past::look(&engine, &stack, async |history, container| {
        let chosen = match args.number {
            Some(number) => {
                Some(history.get(number).ok_or_else(|| past::unknown(history, number))?)
            }
            None => history.proven_before(),
        };
        let chosen = chosen.ok_or_else(|| {
            let message = "there is no proven generation before the one that runs";
            Stop::new(Exit::Failed, message)
        })?;
        let snapshot = history.snapshot(&engine, container, chosen.number).await?;
        Ok((chosen.clone(), snapshot))
    })
    .await?;
    let number = generation.number;
    if generation.outcome != Outcome::Proven {
        let text = format!("generation {number} was never proven ({})", generation.outcome);
        context.printer.mark(Mark::Note, text);
    }
    context.printer.line(format!(
        "bringing back generation {number} of {} ({})",
        generation.began, generation.by
    ));
    let restored = snapshot.restore(context, &dir)?;
    let project = &restored.project;
    let at_hand = plan::running_secrets(&engine, &project.stack).await?;
    let secrets = context.secrets_or(project, &at_hand)?;
    let options = Options {
        restores: Some(Restored { number, proven: generation.outcome == Outcome::Proven }),
        images: generation.images,
        ..args.change.options("mcpmon rollback", args.timeout)
    };
    apply::run_on(context, &engine, project, &secrets, &options).await
}
