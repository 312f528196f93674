//! The engine, and the host that it runs on.

use std::path::Path;

use jiff::Timestamp;

use super::{Finding, Patient};
use crate::manifest::Duration;

/// Room below which a stack stops within hours.
const LEAST_FREE: u64 = 256 << 20;
/// Room below which it is worth a word.
const LITTLE_FREE: u64 = 2 << 30;
/// Inodes below which it is worth a word.
const FEW_INODES: u64 = 20_000;
/// Clocks that differ by more make alerts and logs lie.
const SKEW_SECONDS: i64 = 5;
/// What one sample takes on Prometheus' disk, by its own documentation: 1 to 2 bytes.
const SAMPLE_BYTES: f64 = 2.0;
/// Series that a target gives, where nothing better is known.
const SERIES_PER_TARGET: f64 = 1000.0;

pub fn look(patient: &Patient<'_>) -> Vec<Finding> {
    let mut found = vec![engine(patient)];
    found.extend(confinement(patient));
    found.push(clock(patient));
    found.push(memory(patient));
    found.extend(disk(patient));
    found
}

fn engine(patient: &Patient<'_>) -> Finding {
    let facts = patient.reader.facts();
    let (major, minor) = facts.api_version;
    let kind = if facts.rootless { ", rootless" } else { "" };
    Finding::fine(
        "engine",
        format!(
            "Docker {} (API {major}.{minor}, {}/{}, cgroup {}, {}{kind}) at {} ({})",
            facts.engine_version,
            facts.os,
            facts.arch,
            facts.cgroup_version,
            facts.storage_driver,
            patient.endpoint.address,
            patient.endpoint.chosen_by
        ),
    )
}

/// What the way in which containers are confined takes away.
fn confinement(patient: &Patient<'_>) -> Vec<Finding> {
    let (facts, stack) = (patient.reader.facts(), &patient.project.stack);
    let mut found = Vec::new();
    if facts.rootless && facts.cgroup_version == "1" {
        found.push(
            Finding::warning(
                "limits",
                "limits of memory and processes have no effect",
                vec!["the engine runs without root on cgroup version 1".to_owned()],
            )
            .why("one program that grows takes the host with it")
            .mend("boot the host with systemd.unified_cgroup_hierarchy=1"),
        );
    }
    let host_eyes: Vec<&str> =
        ["node-exporter", "cadvisor"].into_iter().filter(|kind| stack.has(kind)).collect();
    if facts.rootless && !host_eyes.is_empty() {
        found.push(
            Finding::warning(
                "rootless",
                "the host is seen in part",
                vec![format!("{} run in the user's namespace", host_eyes.join(", "))],
            )
            .why("figures of other users' processes and containers are missing")
            .mend(
                "run the stack on an engine with root, or take the component out: enabled: false",
            ),
        );
    }
    let mounts = patient.project.bundle.processes.iter();
    let bound: Vec<&str> =
        mounts.filter(|(_, p)| !p.host_mounts.is_empty()).map(|(name, _)| name.as_str()).collect();
    if facts.selinux && !bound.is_empty() {
        found.push(
            Finding::warning(
                "selinux",
                "SELinux confines containers",
                vec![format!("{} read paths of the host", bound.join(", "))],
            )
            .why("it may deny them what the file's mode allows")
            .mend("ausearch -m avc -ts recent"),
        );
    }
    if facts.storage_driver == "overlayfs" && stack.has("cadvisor") {
        found.push(
            Finding::warning(
                "storage",
                "the engine keeps its images in containerd",
                vec!["cAdvisor before 0.54.1 sees no containers there".to_owned()],
            )
            .why("panels of containers stay empty")
            .mend("components: {cadvisor: {version: v0.60.6}} or newer in the manifest"),
        );
    }
    found
}

fn clock(patient: &Patient<'_>) -> Finding {
    let facts = patient.reader.facts();
    let Ok(theirs) = facts.system_time.parse::<Timestamp>() else {
        return Finding::fine("clock", "the engine does not tell its time");
    };
    let skew = theirs.duration_since(facts.asked_at).as_secs();
    if skew.abs() <= SKEW_SECONDS {
        return Finding::fine("clock", "the clocks of the engine's host and this one agree");
    }
    Finding::warning(
        "clock",
        "clocks differ",
        vec![format!(
            "the engine's host is {} s {} of this one",
            skew.abs(),
            if skew > 0 { "ahead" } else { "behind" }
        )],
    )
    .why("times of logs and alerts are off, and certificates may not be valid yet")
    .mend("timedatectl set-ntp true")
}

fn memory(patient: &Patient<'_>) -> Finding {
    let limits: i64 = patient.units.iter().filter_map(|unit| unit.spec.memory_bytes).sum();
    let limits = u64::try_from(limits).unwrap_or_default();
    let there = patient.reader.facts().memory_bytes;
    let evidence = format!("limits of {} MiB, {} MiB there", limits >> 20, there >> 20);
    if there == 0 || limits <= there {
        return Finding::fine("memory", format!("memory: {evidence}"));
    }
    Finding::warning(
        "memory",
        "all limits together are more than the host's memory",
        vec![evidence],
    )
    .why("when all grow at once the kernel ends one of them")
    .mend("components: {NAME: {resources: {memory: …}}} in the manifest")
}

fn disk(patient: &Patient<'_>) -> Vec<Finding> {
    let root = &patient.reader.facts().docker_root_dir;
    let Ok(facts) = rustix::fs::statvfs(Path::new(root)) else {
        return vec![Finding::fine(
            "disk",
            format!("{root} is on another host, or not ours to read: not looked at"),
        )];
    };
    let free = facts.f_bavail.saturating_mul(facts.f_frsize);
    let need = metrics_bytes(patient);
    let evidence = vec![
        format!("{} MiB are free on the disk of {root}", free >> 20),
        format!(
            "metrics grow to about {} MiB within their retention, where a target has {SERIES_PER_TARGET} series",
            need >> 20
        ),
    ];
    let mut found = vec![if free < LEAST_FREE {
        Finding::problem("disk", "the disk is nearly full", evidence)
            .why("Prometheus and Loki stop when they cannot write")
            .mend("docker system df -v")
    } else if free < LITTLE_FREE || free < need {
        Finding::warning("disk", "the disk may not hold what is to be kept", evidence)
            .why("Prometheus and Loki stop when they cannot write")
            .mend("components: {prometheus: {retention_size: 5GB}} in the manifest, or a shorter `retention`")
    } else {
        Finding::fine("disk", format!("{} MiB are free on the disk of {root}", free >> 20))
    }];
    if facts.f_files > 0 && facts.f_favail < FEW_INODES {
        found.push(
            Finding::warning(
                "inodes",
                "the disk has few inodes left",
                vec![format!("{} of {} are free", facts.f_favail, facts.f_files)],
            )
            .why("no file can be made, whatever room there is")
            .mend(format!("du --inodes -xd2 {root} | sort -n | tail")),
        );
    }
    found
}

/// What metrics grow to: targets × series × samples within the retention, at most the limit.
fn metrics_bytes(patient: &Patient<'_>) -> u64 {
    let stack = &patient.project.stack;
    let Some(prometheus) = stack.components.get("prometheus") else { return 0 };
    let text = |key: &str| prometheus.settings.get(key).and_then(|value| value.as_str());
    let retention = text("retention").and_then(|text| Duration::parse(text).ok());
    let seconds = retention.map_or(0.0, Duration::seconds);
    let targets: usize = stack.jobs.iter().map(|job| job.targets.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let targets = (targets + stack.components.len()) as f64;
    let interval = stack.scrape.interval_seconds.max(1.0);
    let bytes = targets * SERIES_PER_TARGET * seconds / interval * SAMPLE_BYTES;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate above zero"
    )]
    let bytes = bytes as u64;
    let limit = text("retention_size").and_then(|t| crate::manifest::ByteSize::parse(t).ok());
    limit.map_or(bytes, |limit| bytes.min(limit.bytes()))
}
