//! The container that the state volume is read through.
//!
//! A volume can be read only through a container that has it mounted. So there is one that is never
//! started: whoever plans or looks back asks it with GET requests alone.

use std::collections::BTreeMap;

use super::store::STATE;
use crate::engine::lock::{self, EMPTY_IMAGE};
use crate::engine::{
    ContainerSpec, Engine, EngineError, Mount, MountSource, Reader, RestartPolicy, labels,
};
use crate::plan;

/// Name of the container.
pub fn name(stack: &str) -> String {
    format!("{stack}-mcpmon-state")
}

/// The container's identifier, if it is there and ours.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn find(reader: &Reader, stack: &str) -> Result<Option<String>, EngineError> {
    let there = reader.container(&name(stack)).await?;
    let ours = there.filter(|c| c.labels.get(labels::STATE).map(String::as_str) == Some(stack));
    Ok(ours.map(|container| container.id))
}

/// Makes the container, unless it is there or its name is somebody else's: then each look back
/// makes one of its own.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn ensure(engine: &Engine, stack: &str) -> Result<(), EngineError> {
    if engine.container(&name(stack)).await?.is_some() {
        return Ok(());
    }
    match make(engine, stack, name(stack)).await {
        Err(error) if error.is_conflict() => Ok(()),
        made => made.map(drop),
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
    let name = format!("{}-{}", name(stack), std::process::id());
    let container = make(engine, stack, name).await?;
    let seen = look(&container).await;
    engine.remove_container(&container, true).await?;
    seen.map(Some)
}

async fn make(engine: &Engine, stack: &str, name: String) -> Result<String, EngineError> {
    lock::ensure_empty_image(engine).await?;
    let volume = BTreeMap::from([(labels::STACK.to_owned(), stack.to_owned())]);
    let mut spec = ContainerSpec::new(name, EMPTY_IMAGE);
    spec.command = vec!["never-started".to_owned()]; // the engine wants one
    spec.restart = RestartPolicy::No;
    spec.read_only_rootfs = false; // the mount point is made in it
    spec.labels.insert(labels::STATE.to_owned(), stack.to_owned());
    spec.mounts = vec![Mount {
        source: MountSource::Volume { name: plan::state_volume(stack), labels: volume },
        target: STATE.to_owned(),
        read_only: true,
    }];
    engine.create_container(&spec).await
}
