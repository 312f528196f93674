//! Bringing a stack to what is wanted: the only module that changes anything.
//!
//! ```text
//! plan → lock → preflight → candidate → validate → swap → effect → ready → prove → remember
//!                                 │                                         │
//!                            rejected: nothing touched             undo: the previous files and containers, proven
//! ```

mod blame;
mod change;
mod files;
mod preflight;
mod remember;
pub mod setup;
mod teardown;
mod transaction;
mod validate;

use std::time::{Duration, Instant};

use futures_util::future::try_join3;

pub use teardown::{destroy, down};
pub use validate::validate_all;

use crate::commands::{Context, Project};
use crate::engine::{Container, Engine, Holder, Lock, LockError, LockVolume, image_self, labels};
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::plan::{self, Action, Observed, Plan, Unit};
use crate::stack::{Secrets, Stack};

/// What `up` and `reload` are told beside the manifest.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When images are pulled.
    pub pull: Pull,
    /// How long everything may take to become ready.
    pub timeout: Duration,
    /// Refuse to bring up a stack of which nothing runs.
    pub only_running: bool,
}

/// When images are pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Pull {
    /// Those that the engine does not have.
    #[default]
    Missing,
    /// All of them, to get what a tag names now.
    Always,
    /// None.
    Never,
}

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
    options: Options,
) -> anyhow::Result<Exit> {
    let engine = context.engine().await?;
    let stack = &project.stack;
    let units = plan::wanted(stack, &project.bundle, secrets, &self_image_reference(stack)?);
    preflight::certificates(stack, &units)?;
    if options.only_running {
        // Something has changed, most likely: the look at it is taken once, under the lock.
        let containers = engine.containers(&stack.name).await?;
        if !containers.iter().any(|container| container.component().is_some()) {
            let message =
                format!("nothing of the stack `{}` runs; `mcpmon up` brings it up", stack.name);
            return Err(Stop::new(Exit::Failed, message).into());
        }
    } else {
        let observed = plan::observe(engine.reader(), &stack.name, &units, None).await?;
        if plan::plan(&observed, &units).is_empty() && options.pull != Pull::Always {
            return unchanged(context, &engine, project, &units, secrets, options).await;
        }
    }
    let lock = acquire(context, &engine, stack, &units).await?;
    let outcome = under_lock(context, &engine, &lock, project, &units, secrets, options).await;
    context.hold(None);
    let released = lock.release(&engine).await;
    let outcome = outcome?;
    released?;
    match outcome {
        Some(exit) => Ok(exit),
        None => unchanged(context, &engine, project, &units, secrets, options).await,
    }
}

/// Nothing differs: still everything must be ready, and for `reload` proven.
async fn unchanged(
    context: &Context,
    engine: &Engine,
    project: &Project,
    units: &[Unit],
    secrets: &Secrets,
    options: Options,
) -> anyhow::Result<Exit> {
    let asked: Vec<&Unit> = units.iter().filter(|unit| unit.ready.is_some()).collect();
    transaction::settled(context, engine, &project.stack, &asked, secrets, options.timeout).await?;
    if options.only_running {
        prove_or_repair(context, engine, project, units, secrets, options).await?;
        context
            .printer
            .mark(Mark::Good, "nothing to change; what runs is what the manifest says, proven");
    } else {
        context.printer.mark(Mark::Good, "nothing to change; everything is ready");
    }
    urls(context, &engine.containers(&project.stack.name).await?, &project.stack);
    Ok(Exit::Done)
}

/// The files are right; a program that loaded something else is made to read them again.
async fn prove_or_repair(
    context: &Context,
    engine: &Engine,
    project: &Project,
    units: &[Unit],
    secrets: &Secrets,
    options: Options,
) -> anyhow::Result<()> {
    let all: Vec<&Unit> = units.iter().collect();
    let Err(findings) = transaction::prove(engine, &project.stack, &all, secrets).await else {
        return Ok(());
    };
    context.printer.mark(Mark::Note, transaction::not_proven(&findings));
    let lock = acquire(context, engine, &project.stack, units).await?;
    let wrong = units.iter().filter(|unit| findings.iter().any(|(name, _)| *name == unit.name));
    let repaired = async {
        for unit in wrong {
            context.printer.line(format!("  {} reads its files again", unit.name));
            change::read_again(engine, &project.stack, unit, secrets).await?;
        }
        transaction::settled(context, engine, &project.stack, &all, secrets, options.timeout)
            .await?;
        let proven = transaction::prove(engine, &project.stack, &all, secrets).await;
        proven
            .map_err(|findings| Stop::new(Exit::Failed, transaction::not_proven(&findings)).into())
    }
    .await;
    context.hold(None);
    lock.release(engine).await?;
    repaired
}

async fn acquire(
    context: &Context,
    engine: &Engine,
    stack: &Stack,
    units: &[Unit],
) -> anyhow::Result<Lock> {
    let label = |component: Option<&str>| {
        let mut all =
            std::collections::BTreeMap::from([(labels::STACK.to_owned(), stack.name.clone())]);
        all.extend(component.map(|c| (labels::COMPONENT.to_owned(), c.to_owned())));
        all
    };
    let mut volumes: Vec<LockVolume> = units
        .iter()
        .filter(|unit| !unit.files.is_empty())
        .map(|unit| LockVolume {
            target: format!("{}/{}", plan::VOLUMES, unit.name),
            name: plan::config_volume(&stack.name, &unit.name),
            labels: label(Some(&unit.name)),
        })
        .collect();
    volumes.push(LockVolume {
        target: remember::STATE.to_owned(),
        name: plan::state_volume(&stack.name),
        labels: label(None),
    });
    context.hold(Some((engine.clone(), stack.name.clone())));
    let lock = Lock::acquire(engine, &stack.name, &Holder::current("mcpmon"), &volumes).await;
    let lock = lock.map_err(not_locked)?;
    if let Some(holder) = lock.taken_over_from() {
        context
            .printer
            .mark(Mark::Note, format!("took over the lock of a run that died: {holder}"));
    }
    Ok(lock)
}

fn not_locked(error: LockError) -> anyhow::Error {
    match error {
        LockError::Engine(error) => error.into(),
        held @ LockError::Held { .. } => Stop::new(Exit::Failed, held.to_string()).into(),
    }
}

/// Makes the change; nothing when there is none to make.
async fn under_lock(
    context: &Context,
    engine: &Engine,
    lock: &Lock,
    project: &Project,
    units: &[Unit],
    secrets: &Secrets,
    options: Options,
) -> anyhow::Result<Option<Exit>> {
    let stack = &project.stack;
    let start = Instant::now();
    engine.remove_left_behind(&stack.name).await?;
    let observe = || plan::observe(engine.reader(), &stack.name, units, Some(lock.container()));
    let mut observed = observe().await?;
    preflight::names(&observed)?;
    if preflight::images(context, engine, project, units, &observed, options.pull).await? {
        // What a tag names may be another image now.
        observed = observe().await?;
    }
    let planned = plan::plan(&observed, units);
    if planned.is_empty() {
        return Ok(None);
    }
    preflight::ports(engine, stack, units, &planned, &observed).await?;
    preflight::disk(context, engine);
    for line in planned.lines() {
        context.printer.line(format!("  {line}"));
    }
    if planned.network {
        let labels =
            std::collections::BTreeMap::from([(labels::STACK.to_owned(), stack.name.clone())]);
        engine.create_network(&stack.network(), &labels).await?;
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
    let (done, kept) = futures_util::join!(work.run(options.timeout), remember::kept(engine, lock));
    done?;
    let own_image = self_image_reference(stack)?;
    let ((), (), containers) = try_join3(
        remember::write(engine, lock, project, units, &planned, kept?),
        async { Ok(preflight::forget_old_self_images(engine, &own_image).await?) },
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
    for name in ["grafana", "kibana", "prometheus", "alertmanager"] {
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
