//! Data volumes, read and written through a container that is never started: it needs no program that
//! runs, and what is copied is what stands on the disk.

use std::collections::BTreeMap;

use crate::engine::lock;
use crate::engine::{Engine, EngineError, Mount, MountSource, Reader, labels};
use crate::exit::{Exit, Stop};
use crate::plan;
use crate::stack::{Component, Stack};

/// A data volume of a component.
#[derive(Clone, Debug)]
pub struct Data {
    /// Its name among those of the component.
    pub key: String,
    /// Its name on the engine.
    pub name: String,
    /// Where it is mounted.
    pub directory: String,
}

impl Data {
    /// As a container has it.
    pub fn mount(&self, stack: &Stack, part: &Component, read_only: bool) -> Mount {
        let source = MountSource::Volume { name: self.name.clone(), labels: owner(stack, part) };
        Mount { source, target: self.directory.clone(), read_only }
    }
}

/// The component's data volumes that are there.
pub async fn there(
    reader: &Reader,
    stack: &Stack,
    part: &Component,
) -> Result<Vec<Data>, EngineError> {
    let mut found = Vec::new();
    for (key, directory) in &part.spec.volumes {
        let name = plan::data_volume(&stack.name, &part.name, key);
        if reader.volume(&name).await?.is_some() {
            found.push(Data { key: key.clone(), name, directory: directory.clone() });
        }
    }
    Ok(found)
}

/// Refuses a volume that cannot be made anew as it is.
///
/// # Errors
/// One of somebody else's, and one with settings of its own.
pub async fn require_ours(reader: &Reader, stack: &Stack, name: &str) -> anyhow::Result<()> {
    let Some(volume) = reader.volume(name).await? else { return Ok(()) };
    let ours = volume.labels.get(labels::STACK) == Some(&stack.name);
    let why = if !ours {
        "it does not carry this stack's label"
    } else if volume.driver != "local" || !volume.options.is_empty() {
        "it was made with a driver or options of its own"
    } else {
        return Ok(());
    };
    let message = format!(
        "the volume {name} would have to be made anew, and {why}: unpack the tar into it by hand while the stack is down\nnothing was touched"
    );
    Err(Stop::new(Exit::Rejected, message).into())
}

/// Makes a volume anew, with nothing in it. No container may have it.
pub async fn renew(
    engine: &Engine,
    stack: &Stack,
    part: &Component,
    name: &str,
) -> Result<(), EngineError> {
    engine.remove_volume(name).await?;
    engine.create_volume(name, &owner(stack, part)).await
}

/// Does something with a container that has these mounted. Call it only while holding the stack's lock.
pub async fn through<T>(
    engine: &Engine,
    stack: &Stack,
    mounts: Vec<Mount>,
    work: impl AsyncFnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    lock::ensure_empty_image(engine).await?;
    let mut spec = lock::never_started(format!("{}-mcpmon-copy", stack.name), mounts);
    spec.labels.insert(labels::STACK.to_owned(), stack.name.clone());
    // Where this process dies, the next one that holds the lock removes it.
    spec.labels.insert(labels::ONCE.to_owned(), "true".to_owned());
    let container = engine.create_container(&spec).await?;
    let done = work(&container).await;
    let removed = engine.remove_container(&container, true).await;
    let done = done?; // the first failure says more than the second
    removed?;
    Ok(done)
}

fn owner(stack: &Stack, part: &Component) -> BTreeMap<String, String> {
    [(labels::STACK, &stack.name), (labels::COMPONENT, &part.name)]
        .map(|(label, value)| (label.to_owned(), value.clone()))
        .into()
}
