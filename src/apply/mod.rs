//! Bringing a stack to what is wanted: the only module that changes anything.
//!
//! ```text
//! plan → lock → preflight → candidate → validate → swap → effect → ready → prove → remember
//!                                 │                                         │
//!                            rejected: nothing touched             undo: the previous files and containers, proven
//! ```

mod backup;
mod blame;
mod change;
mod files;
mod interrupted;
mod locked;
mod options;
mod preflight;
mod record;
mod restore;
pub mod setup;
mod teardown;
mod transaction;
mod unfinished;
pub mod units;
mod validate;
mod volumes;

use std::time::{Duration, Instant};

use futures_util::future::{try_join, try_join3};

pub use backup::{backup, backup_now};
pub use locked::RESTORE;
pub use options::{Options, Pull, Restored};
pub use restore::Restore;
pub use teardown::{destroy, down};
pub use validate::{test_rules, validate_all};

use crate::check::Begun;
use crate::commands::{Context, Project};
use crate::engine::{Container, Engine, Lock, image_self, labels};
use crate::exit::{Exit, Stop};
use crate::history::{History, Outcome, place};
use crate::lockfile;
use crate::output::Mark;
use crate::plan::{self, Action, Observed, Plan, Unit};
use crate::preview::World;
use crate::stack::{Secrets, Stack};
use crate::upgrade;

/// The image of services and components that name none.
pub fn self_image_reference(stack: &Stack) -> anyhow::Result<String> {
    let named = stack.components.values().all(|part| part.image.is_some());
    if named && stack.runs.iter().all(|run| run.image.is_some()) {
        return Ok(String::new());
    }
    Ok(image_self::self_reference()?)
}

/// Brings a stack to what its manifest says.
pub async fn run(
    context: &Context,
    project: &Project,
    secrets: &Secrets,
    options: &Options,
) -> anyhow::Result<Exit> {
    let engine = context.engine().await?;
    run_on(context, &engine, project, secrets, options).await
}

/// As [`run`], on an engine that is connected to already.
pub async fn run_on(
    context: &Context,
    engine: &Engine,
    project: &Project,
    secrets: &Secrets,
    options: &Options,
) -> anyhow::Result<Exit> {
    let stack = &project.stack;
    let units = units::wanted(engine, project, secrets, &options.images).await?;
    preflight::certificates(stack, &units)?;
    if options.only_running {
        // Something has changed, most likely: the look at it is taken once, under the lock.
        if !engine.has_component(&stack.name).await? {
            let message =
                format!("nothing of the stack `{}` runs; `mcpmon up` brings it up", stack.name);
            return Err(Stop::new(Exit::Failed, message).into());
        }
    } else if options.expected.is_none() && options.locked.is_none() {
        let observe =
            async { Ok(plan::observe(engine.reader(), &stack.name, &units, None).await?) };
        let looks = async { futures_util::try_join!(observe, is_open(engine, &stack.name)) };
        let (observed, open) = Box::pin(looks).await?;
        let nothing = plan::plan(&observed, &units).is_empty();
        if nothing && !open && options.pull != Pull::Always {
            return unchanged(context, engine, project, &units, secrets, options).await;
        }
    }
    let how = (options.command, options.wait_lock);
    let lock = locked::acquire(context, engine, &stack.name, &units, how).await?;
    // Most of what a change remembers is needed here alone: the stack stays small.
    let change = under_lock(context, engine, &lock, project, &units, secrets, options);
    let outcome = Box::pin(change).await;
    context.hold(None);
    let released = lock.release(engine).await;
    let outcome = outcome?;
    released?;
    match outcome {
        Some(exit) => Ok(exit),
        None => unchanged(context, engine, project, &units, secrets, options).await,
    }
}

/// Whether a change was begun of which nobody has said what became of it.
async fn is_open(engine: &Engine, stack: &str) -> anyhow::Result<bool> {
    let Some(container) = place::find(engine, stack).await? else { return Ok(false) };
    Ok(History::read(engine, &container).await?.open().is_some())
}

/// Nothing differs: still everything must be ready, and for `reload` proven.
async fn unchanged(
    context: &Context,
    engine: &Engine,
    project: &Project,
    units: &[Unit],
    secrets: &Secrets,
    options: &Options,
) -> anyhow::Result<Exit> {
    let asked: Vec<&Unit> = units.iter().filter(|unit| unit.ready.is_some()).collect();
    let stack = &project.stack;
    let none = Begun::new();
    let settled =
        transaction::settled(context, engine, stack, &asked, &none, secrets, options.timeout);
    let containers = async { Ok(engine.containers(&stack.name).await?) };
    let ((), containers) = Box::pin(async { futures_util::try_join!(settled, containers) }).await?;
    if options.only_running {
        prove_or_repair(context, engine, project, units, secrets, options).await?;
        context
            .printer
            .mark(Mark::Good, "nothing to change; what runs is what the manifest says, proven");
    } else {
        context.printer.mark(Mark::Good, "nothing to change; everything is ready");
    }
    urls(context, &containers, stack);
    Ok(Exit::Done)
}

/// The files are right; a program that loaded something else is made to read them again.
async fn prove_or_repair(
    context: &Context,
    engine: &Engine,
    project: &Project,
    units: &[Unit],
    secrets: &Secrets,
    options: &Options,
) -> anyhow::Result<()> {
    let all: Vec<&Unit> = units.iter().collect();
    let Err(findings) = transaction::prove(engine, &project.stack, &all, secrets).await else {
        return Ok(());
    };
    context.printer.mark(Mark::Note, transaction::not_proven(&findings));
    let how = (options.command, options.wait_lock);
    let lock = locked::acquire(context, engine, &project.stack.name, units, how).await?;
    let wrong = units.iter().filter(|unit| findings.iter().any(|(name, _)| *name == unit.name));
    let repaired = async {
        for unit in wrong {
            context.printer.line(format!("  {} reads its files again", unit.name));
            change::read_again(engine, &project.stack, unit, secrets).await?;
        }
        let (stack, none) = (&project.stack, Begun::new());
        transaction::settled(context, engine, stack, &all, &none, secrets, options.timeout).await?;
        let proven = transaction::prove(engine, &project.stack, &all, secrets).await;
        proven
            .map_err(|findings| Stop::new(Exit::Failed, transaction::not_proven(&findings)).into())
    }
    .await;
    context.hold(None);
    lock.release(engine).await?;
    repaired
}

/// Makes the change; nothing when there is none to make.
async fn under_lock(
    context: &Context,
    engine: &Engine,
    lock: &Lock,
    project: &Project,
    units: &[Unit],
    secrets: &Secrets,
    options: &Options,
) -> anyhow::Result<Option<Exit>> {
    let stack = &project.stack;
    let start = Instant::now();
    engine.remove_left_behind(&stack.name).await?;
    let observe = || plan::observe(engine.reader(), &stack.name, units, Some(lock.container()));
    let volumes = place::volumes(&stack.name, units);
    // The engine reads from one container after the other; from two it reads at the same time.
    let history = async {
        let kept = place::ensure(engine, &stack.name, &volumes).await?;
        History::read(engine, kept.as_deref().unwrap_or(lock.container())).await
    };
    let (mut observed, mut history) = try_join(observe(), history).await?;
    let open = history.open().cloned();
    if let Some(open) = &open {
        interrupted::tell(context, open);
    }
    if let Some(expected) = &options.expected {
        let planned = plan::plan(&observed, units);
        expected.require(&World::of(&project.bundle.hash(), &observed, units, &planned))?;
    }
    preflight::names(&observed)?;
    let seen = (&observed.containers, &history);
    let moves = upgrade::guard(engine.reader(), project, units, seen, &options.images).await?;
    upgrade::require(&moves)?;
    if preflight::images(context, engine, project, units, &observed, options.pull).await? {
        // What a tag names may be another image now.
        observed = observe().await?;
    }
    if let Some(locked) = &options.locked {
        let platform = lockfile::platform(engine.facts());
        locked.require(&lockfile::references(units), &observed.images, &platform)?;
    }
    let planned = plan::plan(&observed, units);
    let open = open.as_ref().map(|open| (open, options.timeout));
    let made_sure = async |planned: &Plan| match open {
        Some(open) => {
            let wanted = (units, planned);
            interrupted::make_sure(context, engine, project, wanted, secrets, open).await
        }
        None => Ok(()),
    };
    if planned.is_empty() {
        made_sure(&planned).await?;
        if let Some((open, _)) = open {
            let same = open.bundle == project.bundle.hash();
            let outcome = if same { Outcome::Proven } else { Outcome::Interrupted };
            let why = same.then(|| format!("finished by a later `{}`", options.command));
            history.close(engine, lock, open.number, outcome, why).await?;
        }
        return Ok(None);
    }
    // What changes, or what is to be checked first.
    lock.expect_upload(engine);
    preflight::ports(engine, stack, units, &planned, &observed).await?;
    preflight::disk(context, engine);
    let breaks = moves.iter().filter(|step| !options.told && !step.breaks.is_empty());
    let breaks = breaks.flat_map(upgrade::Move::lines);
    for line in planned.lines().into_iter().chain(breaks) {
        context.printer.line(format!("  {line}"));
    }
    let labels = std::collections::BTreeMap::from([(labels::STACK.to_owned(), stack.name.clone())]);
    if planned.network {
        engine.create_network(&stack.network(), &labels).await?;
    }
    if planned.engine_network {
        engine.create_internal_network(&stack.engine_network(), &labels).await?;
    }
    let work = transaction::Work {
        context,
        engine,
        lock,
        project,
        units,
        secrets,
        observed: &observed,
        plan: &planned,
    };
    let seen = (&observed, &planned);
    let mut record = record::Record::new(engine, lock, history, project, units, seen, options)?;
    work.run(options, &mut record).await?;
    made_sure(&planned).await?;
    let own_image = self_image_reference(stack)?;
    let ((), (), containers) = try_join3(
        record.end(Outcome::Proven, None),
        async {
            // The change is made, whatever becomes of this.
            if let Err(error) = preflight::forget_old_self_images(engine, &own_image).await {
                let text = format!("an image of an earlier mcpmon stays: {error}");
                context.printer.mark(Mark::Note, text);
            }
            Ok(())
        },
        async { Ok(engine.containers(&stack.name).await?) },
    )
    .await?;
    context.printer.mark(Mark::Good, summary(stack, &planned, &observed, start.elapsed()));
    urls(context, &containers, stack);
    Ok(Some(Exit::Done))
}

fn summary(stack: &Stack, planned: &Plan, observed: &Observed, took: Duration) -> String {
    let count =
        |wanted: &[Action]| planned.units.iter().filter(|u| wanted.contains(&u.action)).count();
    let parts = [
        (count(&[Action::Create]), "created"),
        (count(&[Action::Recreate]), "made anew"),
        (count(&[Action::Start]), "started"),
        (count(&[Action::Restart]), "restarted"),
        (count(&[Action::Reload]), "reloaded"),
        (count(&[Action::Update]), "updated without a reload"),
        (
            planned.remove.iter().filter(|name| observed.containers.contains_key(*name)).count(),
            "removed",
        ),
        (count(&[Action::None]), "unchanged"),
    ];
    let words: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    format!("{}: {}; ready and proven in {:.1} s", stack.name, words.join(", "), took.as_secs_f64())
}

/// Where people find what they came for.
fn urls(context: &Context, containers: &[Container], stack: &Stack) {
    for name in ["grafana", "agent", "kibana", "prometheus", "alertmanager"] {
        let Some(part) = stack.components.get(name) else { continue };
        let container = containers.iter().find(|c| c.name == stack.container(name));
        if let Some(port) = container.and_then(|c| c.published(part.spec.port)) {
            let tls = part.spec.access.as_ref().is_some_and(|access| access.ca.is_some());
            let scheme = if tls { "https" } else { "http" };
            let at = format!("{scheme}://{}:{}", port.host_ip, port.host_port);
            context.printer.line(format!("  {name:<13} {at}"));
        }
    }
}
