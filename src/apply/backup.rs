//! Copies of data volumes: at any time, and before something opens them that may change them for good.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tokio::fs;

use super::unfinished::Unfinished;
use super::volumes::{self, Data};
use super::{locked, transaction, units};
use crate::backup::{self, Backup, Kept};
use crate::check::Begun;
use crate::commands::{Context, Project};
use crate::engine::{Engine, Reader, Status};
use crate::exit::{Exit, Stop};
use crate::history::{History, place};
use crate::output::Mark;
use crate::plan::Unit;
use crate::stack::{Component, Secrets, Stack};
use crate::upgrade;

/// A component and those of its data volumes that are there.
pub type Source<'a> = (&'a Component, Vec<Data>);

/// What becomes of a component that was stopped to be copied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is started again, whatever came of the copy.
    Start,
    /// It stays so, unless the copy fails.
    Stay,
}

/// Copies the data volumes of these components to a folder, one tar each, and `backup.json` when all
/// of them are there. A component stands still while it is copied, so that the copy is whole. Those that
/// ran and were started again are named.
///
/// # Errors
/// A copy that is there already, before anything is stopped; a disk that is full.
pub async fn backup(
    context: &Context,
    engine: &Engine,
    stack: &Stack,
    names: &[&str],
    dir: &Path,
    (command, wait): (&'static str, Option<Duration>),
) -> anyhow::Result<Vec<String>> {
    let sources = sources(engine.reader(), stack, names).await?;
    if sources.is_empty() {
        let message = format!("no data of {} is there: nothing to copy", names.join(", "));
        return Err(Stop::new(Exit::Failed, message).into());
    }
    require_free(&sources, dir)?;
    let lock = locked::take(context, engine, &stack.name, &[], (command, wait)).await?;
    let copied = async {
        engine.remove_left_behind(&stack.name).await?;
        copy(context, engine, stack, &sources, dir, Then::Start).await
    }
    .await;
    context.hold(None);
    lock.release(engine).await?;
    copied.map(|(_, stopped)| stopped)
}

/// As [`backup()`], and waits until what was stopped is ready again.
///
/// # Errors
/// As [`backup()`]; what is not ready. The copy is whole then.
pub async fn backup_now(
    context: &Context,
    engine: &Engine,
    project: &Project,
    (names, dir): (&[&str], &Path),
    how: (&'static str, Option<Duration>),
    timeout: Duration,
) -> anyhow::Result<Exit> {
    let stack = &project.stack;
    let stopped = backup(context, engine, stack, names, dir, how).await?;
    let text = format!("the copy is in {}; `mcpmon restore` takes it from there", dir.display());
    context.printer.mark(Mark::Good, text);
    let units = units::wanted(engine, project, &Secrets::default(), &BTreeMap::new()).await?;
    let units: Vec<&Unit> = units.iter().filter(|unit| stopped.contains(&unit.name)).collect();
    transaction::ready(context, engine, &units, &Begun::new(), timeout).await?;
    Ok(Exit::Done)
}

/// Those of these components that have data.
pub async fn sources<'a>(
    reader: &Reader,
    stack: &'a Stack,
    names: &[&str],
) -> anyhow::Result<Vec<Source<'a>>> {
    let mut found = Vec::new();
    for part in names.iter().filter_map(|name| stack.components.get(*name)) {
        let there = volumes::there(reader, stack, part).await?;
        if !there.is_empty() {
            found.push((part, there));
        }
    }
    Ok(found)
}

/// Refuses a folder that holds a copy.
pub fn require_free(sources: &[Source<'_>], dir: &Path) -> anyhow::Result<()> {
    let tars = sources.iter().flat_map(|(_, there)| there.iter().map(|data| tar(dir, data)));
    match std::iter::once(dir.join(backup::FILE)).chain(tars).find(|file| file.exists()) {
        None => Ok(()),
        Some(file) => {
            let message = format!(
                "{} is there already; nothing was stopped\nname another folder, or move it away",
                file.display()
            );
            Err(Stop::new(Exit::Usage, message).into())
        }
    }
}

fn tar(dir: &Path, data: &Data) -> PathBuf {
    dir.join(format!("{}.tar", data.name))
}

/// Makes a copy while the lock is held: what is in it, and which components ran.
pub async fn copy(
    context: &Context,
    engine: &Engine,
    stack: &Stack,
    sources: &[Source<'_>],
    dir: &Path,
    then: Then,
) -> anyhow::Result<(Backup, Vec<String>)> {
    // Whoever had the lock before may have made one.
    require_free(sources, dir)?;
    let images = images(engine, stack).await?;
    let mut unfinished = Unfinished::new(dir).await?;
    let mut backup = Backup::new(&stack.name);
    let mut stopped = Vec::new();
    let copied = async {
        for source in sources {
            let (part, container) = (source.0, stack.container(&source.0.name));
            let ran = halt(context, engine, stack, part).await?;
            let image = images.get(&part.name);
            let kept = save(context, engine, stack, source, image, &mut unfinished).await;
            if ran {
                stopped.push(part.name.clone());
            }
            if ran && then == Then::Start {
                engine.start(&container).await?;
                context.goes_on(&container);
            }
            backup.files.extend(kept?);
        }
        backup.write(dir).await
    }
    .await;
    if let Err(error) = copied {
        for name in stopped.iter().filter(|_| then == Then::Stay) {
            let container = stack.container(name);
            if let Err(error) = engine.start(&container).await {
                context.printer.mark(Mark::Bad, format!("{container} stays stopped: {error}"));
            }
        }
        return Err(error);
    }
    unfinished.finished();
    Ok((backup, stopped))
}

/// Stops a component, and says whether it ran.
pub async fn halt(
    context: &Context,
    engine: &Engine,
    stack: &Stack,
    part: &Component,
) -> anyhow::Result<bool> {
    let container = stack.container(&part.name);
    let there = engine.container(&container).await?;
    let status = there.map_or(Status::Unknown, |there| there.state.status);
    if !status.is_alive() {
        return Ok(false);
    }
    context.halts(&container);
    let timeout = Duration::from_secs(u64::from(part.spec.stop_timeout));
    if let Err(error) = engine.stop(&container, timeout).await {
        // It may have stopped all the same.
        engine.start(&container).await?;
        context.goes_on(&container);
        return Err(error.into());
    }
    Ok(true)
}

/// The image that wrote each component's data last.
async fn images(engine: &Engine, stack: &Stack) -> anyhow::Result<BTreeMap<String, String>> {
    let read = async |container: &str| Ok(History::read(engine, container).await?);
    let history = place::with(engine, &stack.name, read).await?.unwrap_or_default();
    let containers = engine.containers(&stack.name).await?.into_iter();
    let containers = containers.map(|container| (container.name.clone(), container)).collect();
    Ok(upgrade::images(stack, &containers, &upgrade::running::before(&history)))
}

async fn save(
    context: &Context,
    engine: &Engine,
    stack: &Stack,
    (part, there): &Source<'_>,
    image: Option<&String>,
    unfinished: &mut Unfinished,
) -> anyhow::Result<Vec<Kept>> {
    let mounts = there.iter().map(|data| data.mount(stack, part, true)).collect();
    volumes::through(engine, stack, mounts, async |container| {
        let mut all = Vec::new();
        for data in there {
            let path = tar(&unfinished.dir, data);
            let (name, at, shown) = (&part.name, &data.directory, path.display());
            let step = context.printer.step(format!("copying {at} of {name} to {shown}"));
            let partial = unfinished.add(path.with_extension("tar.partial"));
            let saved = async {
                let mut file = backup::create(&partial).await?;
                let saved = engine.save(container, at, &mut file).await?;
                file.sync_all().await?;
                fs::rename(&partial, unfinished.add(path.clone())).await?;
                anyhow::Ok(saved)
            };
            let saved = saved.await.with_context(|| format!("cannot write {shown}"))?;
            let size = saved.bytes.div_ceil(1 << 20);
            step.end(Mark::Good, format!("kept {at} of {name} in {shown}: {size} MiB"));
            let version = image.and_then(|image| part.spec.version_of(image));
            all.push(Kept {
                file: format!("{}.tar", data.name),
                component: name.clone(),
                volume: data.key.clone(),
                directory: at.clone(),
                image: image.cloned(),
                version: version.map(|version| version.to_string()),
                bytes: saved.bytes,
                sha256: saved.sha256,
            });
        }
        Ok(all)
    })
    .await
}
