//! Taking a stack down.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::locked;
use crate::commands::Context;
use crate::engine::{Container, Engine, EngineError, Network, labels};
use crate::exit::{Exit, Stop};
use crate::history::place;
use crate::output::Mark;

/// Longest time that a container may take to stop when its image says nothing.
const STOP: Duration = Duration::from_mins(1);

/// What was taken away.
struct Removed {
    containers: usize,
    /// What keeps networks from being removed, and what to do about it.
    kept: Vec<String>,
}

/// Removes containers and network; volumes stay.
pub async fn down(
    context: &Context,
    engine: &Engine,
    stack: &str,
    wait: Option<Duration>,
) -> anyhow::Result<Exit> {
    let lock = locked::take(context, engine, stack, &[], ("mcpmon down", wait)).await?;
    let removed = remove(context, engine, stack).await;
    context.hold(None);
    lock.release(engine).await?;
    let Removed { containers, kept } = removed?;
    let text = if containers == 0 {
        format!("nothing of {stack} was running; its data is untouched")
    } else {
        format!("{stack} is down: {containers} containers removed, all data kept")
    };
    context.printer.mark(Mark::Good, text);
    unless_kept(&kept)
}

/// Removes everything, data included.
pub async fn destroy(
    context: &Context,
    engine: &Engine,
    stack: &str,
    wait: Option<Duration>,
) -> anyhow::Result<Exit> {
    let lock = locked::take(context, engine, stack, &[], ("mcpmon destroy", wait)).await?;
    let removed = async {
        let removed = remove(context, engine, stack).await?;
        let volumes = volumes(engine, stack).await?;
        Ok::<_, EngineError>((removed, volumes))
    }
    .await;
    context.hold(None);
    lock.release(engine).await?;
    let (Removed { containers, kept }, volumes) = removed?;
    context.printer.mark(
        Mark::Good,
        format!("{stack} is gone: {containers} containers and {volumes} volumes removed"),
    );
    unless_kept(&kept)
}

/// Done, unless a network stays behind.
fn unless_kept(kept: &[String]) -> anyhow::Result<Exit> {
    if kept.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Stop::new(Exit::Failed, kept.join("\n")).into())
}

async fn remove(context: &Context, engine: &Engine, stack: &str) -> Result<Removed, EngineError> {
    engine.remove_left_behind(stack).await?;
    let containers = engine.containers(stack).await?;
    let step = context.printer.step(format!("stopping {} containers", containers.len()));
    let mut stages: BTreeMap<usize, Vec<&Container>> = BTreeMap::new();
    for container in &containers {
        let stage = container.labels.get(labels::STAGE).and_then(|stage| stage.parse().ok());
        stages.entry(stage.unwrap_or(0)).or_default().push(container);
    }
    // A collector whose Loki is gone first would hold on to its last lines until it is killed.
    for stage in stages.values().rev() {
        try_join_all(stage.iter().map(|container| async {
            engine.stop(&container.id, STOP).await?;
            engine.remove_container(&container.id, false).await
        }))
        .await?;
    }
    drop(step);
    place::remove(engine, stack).await?;
    let mut kept = Vec::new();
    for network in engine.networks(stack).await? {
        if let Err(error) = engine.remove_network(&network.id).await {
            kept.extend(still_used(engine, &network, error).await?);
        }
    }
    Ok(Removed { containers: containers.len(), kept })
}

/// Why a network cannot be removed, and what to do about it; nothing when it is gone meanwhile.
async fn still_used(
    engine: &Engine,
    network: &Network,
    error: EngineError,
) -> Result<Option<String>, EngineError> {
    let name = &network.name;
    let Some(now) = engine.network(&network.id).await? else { return Ok(None) };
    if now.attached.is_empty() {
        // 403 is its answer to "has active endpoints". Seen with Docker 20.10 on a machine with a load of 15.
        if !matches!(error, EngineError::Api { status: 403, .. }) {
            return Err(error);
        }
        return Ok(Some(format!(
            "the network {name} stays: {error}\nno container is attached to it: the engine itself has lost count; restart it, then `docker network rm {name}`"
        )));
    }
    let disconnect: Vec<String> = now
        .attached
        .iter()
        .map(|container| format!("  docker network disconnect {name} {container}"))
        .collect();
    Ok(Some(format!(
        "the network {name} stays: containers that are not of this stack are attached to it\n{}\n  docker network rm {name}",
        disconnect.join("\n")
    )))
}

/// Removes every volume of a stack.
pub async fn volumes(engine: &Engine, stack: &str) -> Result<usize, EngineError> {
    let volumes = engine.volumes(stack).await?;
    for volume in &volumes {
        engine.remove_volume(&volume.name).await?;
    }
    Ok(volumes.len())
}
