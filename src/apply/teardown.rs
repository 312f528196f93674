//! Taking a stack down.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::locked;
use crate::commands::Context;
use crate::engine::{Container, Engine, EngineError, labels};
use crate::exit::Exit;
use crate::history::place;
use crate::output::Mark;

/// Longest time that a container may take to stop when its image says nothing.
const STOP: Duration = Duration::from_mins(1);

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
    let count = removed?;
    let text = if count == 0 {
        format!("nothing of {stack} was running; its data is untouched")
    } else {
        format!("{stack} is down: {count} containers removed, all data kept")
    };
    context.printer.mark(Mark::Good, text);
    Ok(Exit::Done)
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
        let containers = remove(context, engine, stack).await?;
        let volumes = volumes(engine, stack).await?;
        Ok::<_, EngineError>((containers, volumes))
    }
    .await;
    context.hold(None);
    lock.release(engine).await?;
    let (containers, volumes) = removed?;
    context.printer.mark(
        Mark::Good,
        format!("{stack} is gone: {containers} containers and {volumes} volumes removed"),
    );
    Ok(Exit::Done)
}

async fn remove(context: &Context, engine: &Engine, stack: &str) -> Result<usize, EngineError> {
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
    for network in engine.networks(stack).await? {
        engine.remove_network(&network.id).await?;
    }
    Ok(containers.len())
}

/// Removes every volume of a stack.
pub async fn volumes(engine: &Engine, stack: &str) -> Result<usize, EngineError> {
    let volumes = engine.volumes(stack).await?;
    for volume in &volumes {
        engine.remove_volume(&volume.name).await?;
    }
    Ok(volumes.len())
}
