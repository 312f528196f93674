//! Nothing goes back over a boundary that its data does not allow.

use std::collections::BTreeMap;

use super::{Move, images, moves, running, wanted};
use crate::commands::Project;
use crate::engine::{Container, EngineError, Reader};
use crate::exit::{Exit, Stop};
use crate::history::{History, ImageUsed};
use crate::plan::{self, Unit};
use crate::stack::{Component, Stack};

/// Every change of a version, with what its data says to it. `pinned` are images that take the
/// place of those that the stack names.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn guard(
    reader: &Reader,
    project: &Project,
    units: &[Unit],
    (containers, history): (&BTreeMap<String, Container>, &History),
    pinned: &BTreeMap<String, ImageUsed>,
) -> Result<Vec<Move>, EngineError> {
    let stack = &project.stack;
    let before = running::before(history);
    let mut found = moves(stack, &images(stack, containers, &before), &wanted(units, pinned));
    for step in found.iter_mut().filter(|step| step.refused.is_some()) {
        let Some(part) = stack.components.get(&step.name) else { continue };
        let volumes = with_data(reader, stack, part).await?;
        step.refused = match step.refused.take() {
            Some(reason) if !volumes.is_empty() => {
                Some(refusal(project, part, step, &volumes, &reason))
            }
            _ => None,
        };
    }
    Ok(found)
}

/// The component's data volumes that are there.
async fn with_data(
    reader: &Reader,
    stack: &Stack,
    part: &Component,
) -> Result<Vec<String>, EngineError> {
    let mut found = Vec::new();
    for volume in part.spec.volumes.keys() {
        let name = plan::data_volume(&stack.name, &part.name, volume);
        found.extend(reader.volume(&name).await?.map(|volume| volume.name));
    }
    Ok(found)
}

fn refusal(
    project: &Project,
    part: &Component,
    step: &Move,
    volumes: &[String],
    reason: &str,
) -> String {
    let document = &project.document;
    let said = document.root.get("components").and_then(|all| all.get(&part.key)?.get("version"));
    let keep = match said {
        Some(node) => {
            format!("write `version: {}` at {}", step.from, document.sources.place(node.span))
        }
        None => format!("write `components: {{{}: {{version: {}}}}}`", part.key, step.from),
    };
    format!(
        "{} cannot go back from {} to {}: {reason}\n  to go on with what runs: {keep}\n  to begin without data: `mcpmon down`, `docker volume rm {}`, `mcpmon up`; `mcpmon restore` brings a copy that {} made there then (docs/upgrade.md)",
        step.name,
        step.from,
        step.to,
        volumes.join(" "),
        step.to,
    )
}

/// Refuses what data does not allow.
///
/// # Errors
/// Each component that cannot go back, why, and what to do.
pub fn require(found: &[Move]) -> anyhow::Result<()> {
    let refused: Vec<&str> = found.iter().filter_map(|step| step.refused.as_deref()).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let message = format!("{}\nnothing was touched", refused.join("\n"));
    Err(Stop::new(Exit::Rejected, message).into())
}
