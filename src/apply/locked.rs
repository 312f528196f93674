//! The lock of a stack, waited for where the user says so.

use std::time::{Duration, Instant};

use crate::commands::Context;
use crate::engine::{Engine, Holder, Lock, LockError, LockVolume};
use crate::exit::{Exit, Stop};
use crate::history::place;
use crate::output::Mark;
use crate::plan::Unit;

/// Time between two tries.
const STEP: Duration = Duration::from_millis(250);

/// The command that leaves data in pieces when it is killed.
pub const RESTORE: &str = "mcpmon restore";

/// Takes the lock, with everything mounted that files are uploaded to.
pub async fn acquire(
    context: &Context,
    engine: &Engine,
    stack: &str,
    units: &[Unit],
    (command, wait): (&str, Option<Duration>),
) -> anyhow::Result<Lock> {
    let volumes = place::volumes(stack, units);
    take(context, engine, stack, &volumes, (command, wait)).await
}

/// Takes the lock with these volumes. One that has a volume mounted keeps it from being removed.
pub async fn take(
    context: &Context,
    engine: &Engine,
    stack: &str,
    volumes: &[LockVolume],
    (command, wait): (&str, Option<Duration>),
) -> anyhow::Result<Lock> {
    context.hold(Some((engine.clone(), stack.to_owned())));
    let me = Holder::current(command);
    let deadline = wait.map(|wait| Instant::now() + wait);
    let mut step = None;
    let lock = loop {
        match Lock::acquire(engine, stack, &me, volumes).await {
            Err(held @ LockError::Held { .. })
                if deadline.is_some_and(|deadline| Instant::now() + STEP < deadline) =>
            {
                step.get_or_insert_with(|| {
                    context.printer.line(format!("waiting: {held}"));
                    context.printer.step("waiting for the lock")
                });
                tokio::time::sleep(STEP).await;
            }
            outcome => break outcome.map_err(not_locked)?,
        }
    };
    drop(step);
    if let Some(holder) = lock.taken_over_from() {
        context
            .printer
            .mark(Mark::Note, format!("took over the lock of a run that died: {holder}"));
        if holder.command == RESTORE && command != RESTORE {
            let text =
                "it was replacing data, so that a volume may hold a part of a copy: restore again";
            context.printer.mark(Mark::Note, text);
        }
    }
    Ok(lock)
}

fn not_locked(error: LockError) -> anyhow::Error {
    match error {
        LockError::Engine(error) => error.into(),
        held @ LockError::Held { .. } => {
            Stop::new(Exit::Failed, format!("{held}\n`--wait-lock` waits for it")).into()
        }
    }
}
