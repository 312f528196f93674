//! Whether each program may write to its own data.

use futures_util::future::try_join_all;

use super::{Finding, Patient};
use crate::engine::{EngineError, MountSource};

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, EngineError> {
    let mut asked = Vec::new();
    for unit in patient.units.iter().filter(|unit| unit.is_component) {
        if !patient.observed.containers.contains_key(&unit.spec.name) {
            continue;
        }
        for mount in unit.spec.mounts.iter().filter(|mount| !mount.read_only) {
            if let MountSource::Volume { name, .. } = &mount.source {
                asked.push((unit, name, &mount.target));
            }
        }
    }
    let owners = asked
        .iter()
        .map(|(unit, _, target)| async { patient.reader.owner_of(&unit.spec.name, target).await });
    let owners = try_join_all(owners).await?;
    let mut found = Vec::new();
    let mut fine = 0;
    for ((unit, volume, target), owner) in asked.iter().zip(owners) {
        let Some(owner) = owner else { continue };
        let (uid, gid) = unit.owner;
        let others = owner.mode & 0o002 != 0;
        let group = owner.gid == gid && owner.mode & 0o020 != 0;
        if uid == 0 || owner.uid == uid || group || others {
            fine += 1;
            continue;
        }
        found.push(
            Finding::problem(
                "owner",
                format!("{} may not write to its data", unit.name),
                vec![format!(
                    "{target} (volume {volume}) belongs to {}:{} with mode {:o}; it runs as {uid}:{gid}",
                    owner.uid, owner.gid, owner.mode
                )],
            )
            .why("it cannot start, or loses what it should keep")
            .mend(format!(
                "docker run --rm -v {volume}:/v debian:stable-slim chown -R {uid}:{gid} /v"
            )),
        );
    }
    if found.is_empty() && fine > 0 {
        found
            .push(Finding::fine("owner", format!("{fine} data volumes belong to who writes them")));
    }
    Ok(found)
}
