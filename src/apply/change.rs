//! The single steps of a change, each with the step that undoes it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use futures_util::stream::FuturesUnordered;

use super::files::{self, Swap, Uploads};
use super::setup;
use super::transaction::{self, Work};
use super::validate::{self, Where};
use crate::check::{self, Begun};
use crate::engine::Engine;
use crate::exit::{Exit, Stop};
use crate::plan::{Action, FileChange, Unit};
use crate::stack::{Secrets, Stack};

/// How one step is undone.
pub enum Undo<'a> {
    /// Start a container that was stopped because nothing wants it; removed when all went well.
    Unwanted(String),
    /// Put files back and make that take effect.
    Files { unit: &'a Unit, action: Action, before: Uploads, changes: Vec<FileChange> },
    /// Remove a container that was made.
    Created(&'a Unit),
    /// Remove a container that was made and bring back the one before it.
    Recreated(&'a Unit),
    /// Stop a container that was started.
    Started(&'a Unit),
}

/// The name under which a container waits until its successor is proven.
fn previous(unit: &Unit) -> String {
    format!("{}-previous", unit.spec.name)
}

fn stop_timeout(unit: &Unit) -> Duration {
    Duration::from_secs(
        unit.spec.stop_timeout_seconds.and_then(|s| u64::try_from(s).ok()).unwrap_or(10),
    )
}

/// Stops what nothing wants any more, so that its ports are free.
pub async fn stop_unwanted<'a>(work: &Work<'a>, undo: &mut Vec<Undo<'a>>) -> anyhow::Result<()> {
    for name in &work.plan.remove {
        undo.push(Undo::Unwanted(name.clone()));
        work.engine.stop(name, Duration::from_secs(10)).await?;
    }
    Ok(())
}

/// Writes `notes` down, and brings every changed file to `live/`. Candidates of `staged` are needed no more.
pub async fn bring_files<'a>(
    work: &Work<'a>,
    notes: &[(String, Vec<u8>)],
    staged: &[&Unit],
    undo: &mut Vec<Undo<'a>>,
) -> anyhow::Result<()> {
    let mut swaps = Vec::new();
    for (planned, unit) in work.changing() {
        let files = files::wanted(unit);
        if planned.action == Action::Create {
            if !files.is_empty() {
                swaps.push(Swap { unit, files, changes: None });
            }
        } else if !planned.files.is_empty() {
            let before =
                work.observed.live.get(&unit.name).map(files::previous).unwrap_or_default();
            let changes = planned.files.clone();
            undo.push(Undo::Files {
                unit,
                action: planned.action,
                before,
                changes: changes.clone(),
            });
            swaps.push(Swap { unit, files, changes: Some(changes) });
        }
    }
    files::bring(work.engine, work.lock, notes, &swaps, staged).await?;
    Ok(())
}

/// Makes units read what is in `live/` now: first those that keep running, then the others, each as soon as those have begun that
/// it comes after. Tells when those began that were made.
pub async fn take_effect<'a>(work: &Work<'a>, undo: &mut Vec<Undo<'a>>) -> anyhow::Result<Begun> {
    let (running, mut left): (Vec<_>, Vec<_>) =
        work.changing().partition(|(planned, _)| planned.action < Action::Restart);
    try_join_all(running.iter().map(|(planned, unit)| one(work, planned.action, unit))).await?;
    let mut pending: BTreeSet<&str> = left.iter().map(|(_, unit)| unit.name.as_str()).collect();
    let mut going = FuturesUnordered::new();
    let mut made = Begun::new();
    loop {
        let (mut now, later): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|(_, unit)| !unit.after.iter().any(|name| pending.contains(name.as_str())));
        left = later;
        // Those that come after each other begin together.
        if now.is_empty() && going.is_empty() {
            now = std::mem::take(&mut left);
        }
        for (planned, unit) in now {
            match planned.action {
                Action::Create => undo.push(Undo::Created(unit)),
                Action::Recreate => undo.push(Undo::Recreated(unit)),
                Action::Start => undo.push(Undo::Started(unit)),
                Action::None | Action::Update | Action::Reload | Action::Restart => {}
            }
            going.push(async move { (unit, one(work, planned.action, unit).await) });
        }
        let Some((unit, begun)) = going.next().await else { return Ok(made) };
        pending.remove(unit.name.as_str());
        made.extend(begun?.map(|at| (unit.name.clone(), at)));
    }
}

/// One unit; says when its container began, if it was made.
async fn one(work: &Work<'_>, action: Action, unit: &Unit) -> anyhow::Result<Option<Instant>> {
    let (engine, name) = (work.engine, &unit.spec.name);
    match action {
        Action::None | Action::Update => {}
        Action::Reload => {
            let subject =
                check::subject(engine.reader(), unit, &work.project.stack, work.secrets).await?;
            check::reload(&subject).await.map_err(|said| {
                Stop::new(Exit::Failed, format!("{} refused to reload: {said}", unit.name))
            })?;
        }
        Action::Restart => engine.restart(name, stop_timeout(unit)).await?,
        Action::Start => engine.start(name).await?,
        Action::Recreate => {
            // The one before waits under another name until this one is proven.
            engine.stop(name, stop_timeout(unit)).await?;
            engine.remove_container(&previous(unit), true).await?;
            engine.rename(name, &previous(unit)).await?;
            return create(engine, unit).await.map(Some);
        }
        Action::Create => return create(engine, unit).await.map(Some),
    }
    Ok(None)
}

/// Has a program read the files that are in its volume.
pub async fn read_again(
    engine: &Engine,
    stack: &Stack,
    unit: &Unit,
    secrets: &Secrets,
) -> anyhow::Result<()> {
    if unit.reload.is_some() {
        let subject = check::subject(engine.reader(), unit, stack, secrets).await?;
        if check::reload(&subject).await.is_ok() {
            return Ok(());
        }
    }
    engine.restart(&unit.spec.name, stop_timeout(unit)).await?;
    Ok(())
}

/// Makes a unit's container, and says when it began.
async fn create(engine: &Engine, unit: &Unit) -> anyhow::Result<Instant> {
    let id = engine.create_container(&unit.spec).await?;
    engine.start(&id).await?;
    Ok(Instant::now())
}

/// Has containers that were just made check their own files: at first there was none to ask.
pub async fn check_created(work: &Work<'_>) -> anyhow::Result<()> {
    let created = work.changing().filter(|(planned, _)| planned.action == Action::Create);
    let stack = &work.project.stack.name;
    let found = try_join_all(created.map(|(planned, unit)| {
        validate::validate(work.engine, stack, unit, &planned.files, "live", Where::Running)
    }))
    .await?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    validate::rejected(work.project, &found, Exit::Failed, "the containers stay for you to look at")
        .map_or(Ok(()), Err)
}

/// All went well: what waited to come back is removed.
pub async fn settle(work: &Work<'_>, undo: &[Undo<'_>]) -> anyhow::Result<()> {
    try_join_all(undo.iter().map(|step| async move {
        match step {
            Undo::Unwanted(name) => work.engine.remove_container(name, true).await,
            Undo::Recreated(unit) => work.engine.remove_container(&previous(unit), true).await,
            Undo::Files { .. } | Undo::Created(_) | Undo::Started(_) => Ok(()),
        }
    }))
    .await?;
    Ok(())
}

/// Undoes steps, last first, and proves that what runs then is what ran before.
pub async fn undo(work: &Work<'_>, steps: Vec<Undo<'_>>, timeout: Duration) -> anyhow::Result<()> {
    let engine = work.engine;
    // What did not run stands still again, and nobody asks it anything.
    let ran = |unit: &Unit| work.observed.is_alive(&unit.spec.name);
    let mut back: Vec<Unit> = Vec::new();
    let mut secrets = work.secrets.clone();
    // Files first: a container that comes back reads them when it starts.
    let mut swaps = Vec::new();
    for step in &steps {
        if let Undo::Files { unit, before, changes, .. } = step {
            let changes = Some(files::reverse(changes));
            swaps.push(Swap { unit, files: before.clone(), changes });
            let unit = unit.having(before.iter().map(|(p, f)| (p, f.content.clone(), f.mode)));
            // What a program is asked with is what it was given then.
            let secret = unit.files.iter().filter(|(_, file)| file.secret);
            secrets = secrets.with(&unit.name, secret.map(|(path, file)| (path, &file.content)));
            back.push(unit);
        }
    }
    files::bring(engine, work.lock, &[], &swaps, &[]).await?;
    back.retain(|unit| ran(unit));
    // What comes back with the files that it had is asked as well.
    for step in &steps {
        if let Undo::Recreated(unit) = step
            && ran(unit)
            && back.iter().all(|known| known.name != unit.name)
        {
            let had = work.observed.live.get(&unit.name).map(files::previous).unwrap_or_default();
            back.push(unit.having(had.iter().map(|(p, f)| (p, f.content.clone(), f.mode))));
        }
    }
    for step in steps.iter().rev() {
        match step {
            Undo::Unwanted(name) if work.observed.is_alive(name) => engine.start(name).await?,
            Undo::Unwanted(_) => {}
            Undo::Created(unit) => engine.remove_container(&unit.spec.name, true).await?,
            Undo::Started(unit) => engine.stop(&unit.spec.name, stop_timeout(unit)).await?,
            Undo::Recreated(unit) => {
                // Unless the one before was not even renamed yet.
                if engine.container(&previous(unit)).await?.is_some() {
                    engine.remove_container(&unit.spec.name, true).await?;
                    engine.rename(&previous(unit), &unit.spec.name).await?;
                }
                if ran(unit) {
                    engine.start(&unit.spec.name).await?;
                }
            }
            Undo::Files { unit, action, .. } => match action {
                Action::Reload => {
                    read_again(engine, &work.project.stack, unit, &secrets).await?;
                }
                Action::Restart => engine.restart(&unit.spec.name, stop_timeout(unit)).await?,
                _ => {}
            },
        }
    }
    let units: Vec<&Unit> = back.iter().collect();
    let deadline = Instant::now() + timeout;
    check::wait_ready(engine.reader(), &units, &Begun::new(), deadline, &|_, _| {}).await.map_err(
        |late| {
            let texts: Vec<String> = late.iter().map(ToString::to_string).collect();
            anyhow::anyhow!(texts.join("\n"))
        },
    )?;
    // What a program was given through its API comes back as well.
    let setups: Vec<Unit> = work
        .units
        .iter()
        .filter(|unit| !unit.setup.is_empty() && ran(unit))
        .map(|unit| back.iter().find(|before| before.name == unit.name).unwrap_or(unit).clone())
        .collect();
    let setups: Vec<&Unit> = setups.iter().collect();
    setup::run(engine, &work.project.stack, &setups, &secrets, timeout).await?;
    transaction::prove(engine, &work.project.stack, &units, &secrets)
        .await
        .map_err(|findings| anyhow::anyhow!(transaction::not_proven(&findings)))
}
