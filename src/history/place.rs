//! The container that a stack's volumes are read through.
//!
//! A volume can be read only through a container that has it mounted. So there is one that is never
//! started: whoever plans or looks back asks it with GET requests alone.

use std::collections::BTreeMap;

use super::store::STATE;
use crate::engine::lock;
use crate::engine::{Engine, EngineError, LockVolume, MountPoint, Reader, labels};
use crate::plan::{self, Unit};

/// Every volume that mcpmon itself reads and writes: the configuration of these units, and what it remembers.
pub fn volumes(stack: &str, units: &[Unit]) -> Vec<LockVolume> {
    let labels = |component: Option<&str>| {
        let mut all = BTreeMap::from([(labels::STACK.to_owned(), stack.to_owned())]);
        all.extend(component.map(|c| (labels::COMPONENT.to_owned(), c.to_owned())));
        all
    };
    let configured = units.iter().filter(|unit| !unit.files.is_empty());
    let mut volumes: Vec<LockVolume> = configured
        .map(|unit| LockVolume {
            target: format!("{}/{}", plan::VOLUMES, unit.name),
            name: plan::config_volume(stack, &unit.name),
            labels: labels(Some(&unit.name)),
        })
        .collect();
    volumes.push(LockVolume {
        target: STATE.to_owned(),
        name: plan::state_volume(stack),
        labels: labels(None),
    });
    volumes
}

/// The container's identifier, if it is there and ours.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn find(reader: &Reader, stack: &str) -> Result<Option<String>, EngineError> {
    let there = reader.container(&plan::state_container(stack)).await?;
    let ours = there.filter(|c| c.labels.get(labels::STATE).map(String::as_str) == Some(stack));
    Ok(ours.map(|container| container.id))
}

/// Makes the container with these volumes, unless it is there or its name is somebody else's: then
/// each look back makes one of its own. One that lacks a volume is made anew. Its identifier, if it is ours.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn ensure(
    engine: &Engine,
    stack: &str,
    volumes: &[LockVolume],
) -> Result<Option<String>, EngineError> {
    let name = plan::state_container(stack);
    if let Some(there) = engine.container(&name).await? {
        let has = |volume: &LockVolume| {
            let is = |m: &MountPoint| m.source == volume.name && m.target == volume.target;
            there.mounts.iter().any(is)
        };
        let ours = there.labels.get(labels::STATE).map(String::as_str) == Some(stack);
        if !ours || volumes.iter().all(has) {
            return Ok(ours.then_some(there.id));
        }
        engine.remove_container(&there.id, true).await?;
    }
    match make(engine, stack, name, volumes).await {
        Err(error) if error.is_conflict() => Ok(None),
        made => made.map(Some),
    }
}

/// Removes the container, so that the volume may go.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn remove(engine: &Engine, stack: &str) -> Result<(), EngineError> {
    match find(engine, stack).await? {
        Some(id) => engine.remove_container(&id, true).await,
        None => Ok(()),
    }
}

/// Does something with a container that has the state volume mounted; `None` where nothing was
/// ever applied. After `down` there is no such container, and one is made for as long as it takes.
///
/// # Errors
/// When the engine cannot be asked, or what `look` says.
pub async fn with<T>(
    engine: &Engine,
    stack: &str,
    look: impl AsyncFnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    if let Some(container) = find(engine, stack).await? {
        return look(&container).await.map(Some);
    }
    if engine.volume(&plan::state_volume(stack)).await?.is_none() {
        return Ok(None);
    }
    let name = format!("{}-{}", plan::state_container(stack), std::process::id());
    let container = make(engine, stack, name, &volumes(stack, &[])).await?;
    let seen = look(&container).await;
    engine.remove_container(&container, true).await?;
    seen.map(Some)
}

async fn make(
    engine: &Engine,
    stack: &str,
    name: String,
    volumes: &[LockVolume],
) -> Result<String, EngineError> {
    lock::ensure_empty_image(engine).await?;
    let mounts = volumes.iter().map(|volume| volume.mount(true)).collect();
    let mut spec = lock::never_started(name, mounts);
    spec.labels.insert(labels::STATE.to_owned(), stack.to_owned());
    engine.create_container(&spec).await
}
