//! A change whose maker died in the midst of it: what it left is made sure of.
//!
//! Its files may stand in `live/` without that the programs were asked to read them, and then nothing
//! differs that a plan could see. So the programs are asked what they loaded.

use super::{change, transaction};
use crate::check::Begun;
use crate::commands::{Context, Project};
use crate::engine::Engine;
use crate::exit::{Exit, Stop};
use crate::history::Generation;
use crate::output::Mark;
use crate::plan::{Action, Plan, Unit};
use crate::stack::Secrets;

/// Says what was interrupted.
pub fn tell(context: &Context, open: &Generation) {
    let text = format!(
        "`{}` of {} was interrupted (generation {}, begun {}): {}; going on from there",
        open.command,
        open.by,
        open.number,
        open.began,
        open.summary()
    );
    context.printer.mark(Mark::Note, text);
}

/// Has every program that the interrupted change was about, and that the plan leaves alone, run with
/// the files that are there.
pub async fn make_sure(
    context: &Context,
    engine: &Engine,
    project: &Project,
    (units, planned): (&[Unit], &Plan),
    secrets: &Secrets,
    (open, timeout): (&Generation, std::time::Duration),
) -> anyhow::Result<()> {
    let left = planned.units.iter().filter(|unit| unit.action == Action::None);
    let left: Vec<&Unit> = left
        .filter(|unit| open.actions.contains_key(&unit.name))
        .filter_map(|unit| units.get(unit.index))
        .collect();
    let stack = &project.stack;
    transaction::settled(context, engine, stack, &left, &Begun::new(), secrets, timeout).await?;
    let differing = match transaction::prove(engine, stack, &left, secrets).await {
        Ok(()) => Vec::new(),
        Err(findings) => findings,
    };
    let begins = |unit: &Unit| {
        // What says nothing about its files, and was about to read them, may not have done so.
        let done = open.actions.get(&unit.name);
        let reads = done.is_some_and(|done| {
            [Action::Reload, Action::Restart].iter().any(|action| action.as_str() == done.action)
        });
        unit.proof.is_none() && reads
    };
    let again: Vec<&Unit> = left
        .iter()
        .filter(|unit| begins(unit) || differing.iter().any(|(name, _)| *name == unit.name))
        .copied()
        .collect();
    for unit in &again {
        context.printer.line(format!("  {} reads its files again", unit.name));
        change::read_again(engine, stack, unit, secrets).await?;
    }
    if again.is_empty() {
        return Ok(());
    }
    transaction::settled(context, engine, stack, &again, &Begun::new(), secrets, timeout).await?;
    transaction::prove(engine, stack, &left, secrets)
        .await
        .map_err(|findings| Stop::new(Exit::Failed, transaction::not_proven(&findings)).into())
}
