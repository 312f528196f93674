//! What earlier runs and stacks left.

use std::collections::BTreeSet;

use super::{Finding, Fix, Patient};
use crate::engine::holder::Liveness;
use crate::engine::{Holder, Lock, MountSource, labels};
use crate::history::{History, place};

pub async fn look(patient: &Patient<'_>) -> anyhow::Result<Vec<Finding>> {
    let mut found = lock(patient).await?;
    found.extend(interrupted(patient).await?);
    found.extend(containers(patient).await?);
    found.extend(volumes(patient).await?);
    Ok(found)
}

/// Who holds the lock, and whether that process still runs.
async fn lock(patient: &Patient<'_>) -> anyhow::Result<Vec<Finding>> {
    let stack = &patient.project.stack.name;
    let Some(holder) = Lock::holder(patient.reader, stack).await? else {
        return Ok(vec![Finding::fine("lock", "nobody is changing the stack")]);
    };
    let name = Lock::container_name(stack);
    let evidence = vec![holder.to_string()];
    let finding = match holder.liveness(&Holder::current("mcpmon doctor")) {
        Liveness::Alive => Finding::fine("lock", format!("the stack is being changed: {holder}")),
        Liveness::Dead => {
            let finding =
                Finding::warning("lock", "whoever changed the stack last has died", evidence)
                    .why("the next change takes the lock over, and says so")
                    .mend(format!("docker rm {name}"));
            match patient.reader.container(&name).await? {
                Some(container) => finding.fix(Fix::RemoveContainer(container.id)),
                None => finding,
            }
        }
        Liveness::Unknown => Finding::warning(
            "lock",
            "somebody elsewhere holds the lock",
            evidence,
        )
        .why("nobody else can change the stack; whether that process runs cannot be seen from here")
        .mend(format!("once you are sure that it does not: docker rm {name}")),
    };
    Ok(vec![finding])
}

/// A change of which nobody has said what became of it.
async fn interrupted(patient: &Patient<'_>) -> anyhow::Result<Vec<Finding>> {
    let stack = &patient.project.stack.name;
    let Some(container) = place::find(patient.reader, stack).await? else { return Ok(Vec::new()) };
    let history = History::read(patient.reader, &container).await?;
    let held = Lock::holder(patient.reader, stack).await?.is_some();
    let Some(open) = history.open().filter(|_| !held) else { return Ok(Vec::new()) };
    let evidence = format!(
        "generation {}: `{}` of {}, begun {}: {}",
        open.number,
        open.command,
        open.by,
        open.began,
        open.summary()
    );
    Ok(vec![
        Finding::problem("interrupted", "a change was interrupted", vec![evidence])
            .why("half of it may be in effect")
            .mend("mcpmon up goes on from there, mcpmon rollback goes back"),
    ])
}

/// Containers of the stack that nothing wants, and checks that nobody waits for.
async fn containers(patient: &Patient<'_>) -> anyhow::Result<Vec<Finding>> {
    let stack = &patient.project.stack.name;
    let once = patient.reader.containers_labelled(labels::ONCE).await?;
    let held = Lock::holder(patient.reader, stack).await?.is_some();
    let mut found = Vec::new();
    for container in once.iter().filter(|c| c.stack() == Some(stack) && !held) {
        found.push(
            Finding::warning("left-check", "a check was left behind", vec![container.name.clone()])
                .why("it does nothing any more; the next change removes it")
                .mend(format!("docker rm -f {}", container.name))
                .fix(Fix::RemoveContainer(container.id.clone())),
        );
    }
    Ok(found)
}

/// Data that no component has any more, and volumes of stacks of which nothing runs.
async fn volumes(patient: &Patient<'_>) -> anyhow::Result<Vec<Finding>> {
    let stack = &patient.project.stack.name;
    let used: BTreeSet<&str> = patient
        .units
        .iter()
        .flat_map(|unit| &unit.spec.mounts)
        .filter_map(|mount| match &mount.source {
            MountSource::Volume { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let state = crate::plan::state_volume(stack);
    let all = patient.reader.volumes(stack).await?;
    let unused: Vec<String> = all
        .into_iter()
        .map(|volume| volume.name)
        .filter(|name| !used.contains(name.as_str()) && *name != state)
        .collect();
    let mut found = Vec::new();
    if !unused.is_empty() {
        let mend = format!("docker volume rm {}", unused.join(" "));
        found.push(
            Finding::warning("left-volumes", "volumes of components that are gone", unused)
                .why("they keep data and secrets that nothing reads; once they are gone no rollback finds them")
                .mend(mend),
        );
    }
    let others = patient.reader.stacks().await?;
    let idle: Vec<String> = others
        .into_iter()
        .filter(|(name, containers)| name != stack && *containers == 0)
        .map(|(name, _)| name)
        .collect();
    if !idle.is_empty() {
        let mend =
            idle.iter().map(|name| format!("docker volume ls -f label={}={name}", labels::STACK));
        let mend = mend.collect::<Vec<_>>().join("; ");
        found.push(
            Finding::warning("left-stacks", "stacks of which only data is left", idle)
                .why("their volumes take room; they may be somebody's who means to bring them up again")
                .mend(mend),
        );
    }
    Ok(found)
}
