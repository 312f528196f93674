//! What `docker update` can change of a container that is there.

use crate::engine::{Container, ContainerSpec, RestartPolicy};

/// In what a container is no longer as it was made, in words. A limit that the engine does not keep
/// (without the cgroup for it) is not taken for one that somebody removed.
pub fn by_hand(spec: &ContainerSpec, container: &Container) -> Vec<String> {
    let there = &container.hardening;
    let mut found = Vec::new();
    let limits = [
        ("memory", there.memory_bytes, spec.memory_bytes),
        ("cpus", there.nano_cpus, spec.nano_cpus),
        ("pids", there.pids_limit, spec.pids_limit),
    ];
    for (name, is, wanted) in limits {
        let wanted = wanted.unwrap_or_default();
        if is > 0 && is != wanted {
            found.push(format!("{name} {}, not {}", shown(name, is), shown(name, wanted)));
        }
    }
    let policy = match spec.restart {
        RestartPolicy::No => "no",
        RestartPolicy::UnlessStopped => "unless-stopped",
    };
    if !there.restart_policy.is_empty() && there.restart_policy != policy {
        found.push(format!("restart {}, not {policy}", there.restart_policy));
    }
    found
}

fn shown(name: &str, value: i64) -> String {
    match (name, value) {
        (_, 0) => "without a limit".to_owned(),
        ("memory", bytes) => format!("{} MiB", bytes >> 20),
        #[expect(clippy::cast_precision_loss, reason = "billionths of a CPU")]
        ("cpus", nano) => format!("{}", nano as f64 / 1e9),
        (_, count) => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        assert_eq!(shown("memory", 64 << 20), "64 MiB");
        assert_eq!(shown("cpus", 1_500_000_000), "1.5");
        assert_eq!(shown("pids", 0), "without a limit");
    }
}
