//! Stack + bundle + secrets → the containers and files that there should be.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::catalog::{Access, Effect, Proof, Ready, Reload, Step, Validator};
use crate::engine::labels;
use crate::engine::{ContainerSpec, LogTo, Mount, MountSource, NetworkMode, Publish};
use crate::manifest::{Collector, SentryBy};
use crate::redact::COVER;
use crate::render::{Bundle, Process};
use crate::stack::{AGENT, Component, ENGINE, Limits, RunService, Secrets, Stack};

/// Where a component's configuration volume is mounted.
const MOUNT: &str = "/etc/mcpmon";

/// The one variable that may hold a secret, where the manifest asks for it by name.
const SENTRY_ENV: &str = "SENTRY_DSN";

/// One container that there should be.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The component's or service's name.
    pub name: String,
    /// The container.
    pub spec: ContainerSpec,
    /// Whether it is a component of the stack rather than a service.
    pub is_component: bool,
    /// Path under `live/` → file.
    pub files: BTreeMap<String, WantedFile>,
    /// What makes a change of a secret take effect.
    pub secrets: Effect,
    /// Owner of the files.
    pub owner: (u64, u64),
    /// The port in the container that answers HTTP, of components.
    pub port: Option<u16>,
    /// How mcpmon logs in to it, rendered.
    pub access: Option<Access>,
    /// How to see that it is ready.
    pub ready: Option<Ready>,
    /// What it must hold, given to it through its API.
    pub setup: Vec<Step>,
    /// How it takes a changed file.
    pub reload: Option<Reload>,
    /// How to see that what it loaded is what was rendered.
    pub proof: Option<Proof>,
    /// Commands that check a candidate.
    pub validators: Vec<Validator>,
    /// Containers that start before it.
    pub after: Vec<String>,
}

impl Unit {
    /// The container as it may be shown and kept: values of secrets are covered.
    pub fn shown_container(&self) -> Json {
        let mut spec = self.spec.clone();
        spec.labels.remove(labels::SPEC_HASH);
        for (name, value) in &mut spec.env {
            if name == SENTRY_ENV {
                COVER.clone_into(value);
            }
        }
        // Plain fields with strings as keys: this cannot fail.
        serde_json::to_value(&spec).unwrap_or_default()
    }

    /// The same with the files that are there: path, content and mode of each.
    #[must_use]
    pub fn having<'a>(&self, files: impl Iterator<Item = (&'a String, Vec<u8>, u32)>) -> Self {
        let mut unit = self.clone();
        unit.files = files
            .map(|(path, content, mode)| {
                let effect = self.files.get(path).map_or(Effect::Reload, |file| file.effect);
                // What only its owner may read is a secret.
                let secret = mode & 0o044 == 0;
                (path.clone(), WantedFile { content, effect, secret })
            })
            .collect();
        unit
    }

    /// Has its container made of another image than the one that the stack names.
    pub fn pin(&mut self, image: &str) {
        image.clone_into(&mut self.spec.image);
        stamp(&mut self.spec);
    }
}

/// A file in a configuration volume.
#[derive(Clone, PartialEq, Eq)]
pub struct WantedFile {
    /// Its content.
    pub content: Vec<u8>,
    /// What makes a change of it take effect.
    pub effect: Effect,
    /// Whether it holds a secret: never shown, readable by its owner alone.
    pub secret: bool,
}

impl std::fmt::Debug for WantedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bytes>", self.content.len())
    }
}

impl WantedFile {
    /// Permission bits.
    pub const fn mode(&self) -> u32 {
        if self.secret { 0o400 } else { 0o444 }
    }
}

/// Name of the volume with a component's configuration.
pub fn config_volume(stack: &str, component: &str) -> String {
    format!("{stack}-{component}-config")
}

/// Name of a component's data volume.
pub fn data_volume(stack: &str, component: &str, volume: &str) -> String {
    format!("{stack}-{component}-{volume}")
}

/// Name of the volume with what mcpmon remembers about the stack.
pub fn state_volume(stack: &str) -> String {
    format!("{stack}-mcpmon-state")
}

/// Name of the container that the volumes of a stack are read through; it is never started.
pub fn state_container(stack: &str) -> String {
    format!("{stack}-mcpmon-state")
}

/// Everything that there should be, in start order. `self_image` is mcpmon's own image, for
/// services and components that name none.
pub fn wanted(stack: &Stack, bundle: &Bundle, secrets: &Secrets, self_image: &str) -> Vec<Unit> {
    let services = stack.runs.iter().map(|run| service(stack, run, secrets, self_image));
    let components = stack.components.values();
    let components = components.map(|part| component(stack, part, bundle, secrets, self_image));
    let mut units: Vec<Unit> = services.chain(components).collect();
    let stages = stages(&units);
    ship_logs(stack, &mut units);
    for (unit, stage) in units.iter_mut().zip(stages) {
        unit.spec.labels.insert(labels::STAGE.to_owned(), stage.to_string());
        stamp(&mut unit.spec);
    }
    units
}

/// Components whose lines are not shipped: each line about a failure to ship would be one more.
pub const UNSHIPPED: [&str; 3] = ["fluentd", "logstash", "elasticsearch"];

/// With Fluentd the engine sends what containers write, so that nothing must see its files.
fn ship_logs(stack: &Stack, units: &mut [Unit]) {
    let Some(fluentd) = stack.components.get(Collector::Fluentd.component()) else { return };
    if stack.collector != Collector::Fluentd {
        return;
    }
    let Some((_, port, _)) = fluentd.extra_ports().next() else { return };
    let host = match fluentd.host_address.as_str() {
        "0.0.0.0" | "::" => "127.0.0.1",
        host => host,
    };
    let to = LogTo {
        address: format!("{host}:{port}"),
        labels: [labels::STACK, labels::COMPONENT, labels::SERVICE, labels::GROUP]
            .map(str::to_owned)
            .to_vec(),
    };
    for unit in units.iter_mut().filter(|unit| !UNSHIPPED.contains(&unit.name.as_str())) {
        unit.spec.log_to = Some(to.clone());
    }
}

/// How many others must start before each unit, one after the other.
fn stages(units: &[Unit]) -> Vec<usize> {
    let mut stages: BTreeMap<&str, usize> = BTreeMap::new();
    for unit in units {
        // Units stand in start order, so what a unit waits for is known already.
        let after = unit.after.iter().filter_map(|name| stages.get(name.as_str())).max();
        stages.insert(&unit.name, after.map_or(0, |stage| stage + 1));
    }
    units.iter().map(|unit| stages.get(unit.name.as_str()).copied().unwrap_or(0)).collect()
}

fn labels(stack: &Stack, component: Option<&str>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([(labels::STACK.to_owned(), stack.name.clone())]);
    if let Some(component) = component {
        all.insert(labels::COMPONENT.to_owned(), component.to_owned());
    }
    all
}

fn component(
    stack: &Stack,
    part: &Component,
    bundle: &Bundle,
    secrets: &Secrets,
    self_image: &str,
) -> Unit {
    let process = bundle.processes.get(&part.name).cloned().unwrap_or_default();
    let mut files: BTreeMap<String, WantedFile> = BTreeMap::new();
    for (path, file) in bundle.components.get(&part.name).into_iter().flatten() {
        let content = file.text.clone().into_bytes();
        files.insert(path.clone(), WantedFile { content, effect: file.effect, secret: false });
    }
    let effect = part.spec.secrets;
    for (path, value) in secrets.of(&part.name) {
        files.insert(path.to_owned(), WantedFile { content: value.to_vec(), effect, secret: true });
    }
    Unit {
        name: part.name.clone(),
        spec: container(stack, part, &process, !files.is_empty(), self_image),
        is_component: true,
        files,
        secrets: effect,
        owner: owner(&part.spec.user),
        port: Some(part.spec.port),
        access: process.access.clone(),
        ready: Some(part.spec.ready.clone()),
        setup: needed(stack, &part.spec.setup),
        reload: part.spec.reload.clone(),
        proof: part.spec.proof.clone(),
        validators: part.spec.validators.clone(),
        after: part.spec.after.clone(),
    }
}

/// Without what only components need that are no part of the stack.
fn needed(stack: &Stack, setup: &[Step]) -> Vec<Step> {
    let is_part = |name: &String| stack.components.contains_key(name);
    setup.iter().filter(|step| step.with.as_ref().is_none_or(is_part)).cloned().collect()
}

fn container(
    stack: &Stack,
    part: &Component,
    process: &Process,
    configured: bool,
    self_image: &str,
) -> ContainerSpec {
    let spec = &part.spec;
    let image = part.image.as_deref().unwrap_or(self_image);
    let mut container = ContainerSpec::new(stack.container(&part.name), image);
    container.entrypoint.clone_from(&spec.entrypoint);
    container.command.clone_from(&process.command);
    container.env.clone_from(&process.env);
    container.user = Some(spec.user.clone());
    container.labels = labels(stack, Some(&part.name));
    container.network =
        NetworkMode::Named { name: stack.network(), aliases: vec![part.name.clone()] };
    container.also_networks.clone_from(&stack.networks);
    if stack.on_engine_network(part) {
        container.also_networks.push(stack.engine_network());
        if part.name == AGENT {
            container.aliases.insert(stack.engine_network(), vec![ENGINE.to_owned()]);
        }
    }
    container.extra_hosts.clone_from(&spec.extra_hosts);
    container.ports = vec![Publish {
        address: part.host_address.clone(),
        host_port: part.host_port,
        container_port: spec.port,
    }];
    container.ports.extend(part.extra_ports().map(|(_, host_port, container_port)| Publish {
        address: part.host_address.clone(),
        host_port: Some(host_port),
        container_port,
    }));
    let syslog = stack.logs.publish.as_ref().filter(|_| part.name == stack.collector.component());
    container.ports.extend(syslog.map(|port| Publish {
        address: port.address.clone(),
        host_port: Some(port.host_port),
        container_port: port.container_port,
    }));
    if configured {
        container.mounts.push(configuration(stack, &part.name));
    }
    for (name, target) in &spec.volumes {
        container.mounts.push(Mount {
            source: MountSource::Volume {
                name: data_volume(&stack.name, &part.name, name),
                labels: labels(stack, Some(&part.name)),
            },
            target: target.clone(),
            read_only: false,
        });
    }
    for (source, target) in &process.host_mounts {
        container.mounts.push(Mount {
            source: MountSource::Bind { path: source.clone(), follow_host_mounts: false },
            target: target.clone(),
            read_only: true,
        });
    }
    for (target, size) in &spec.tmpfs {
        container.mounts.push(Mount {
            source: MountSource::Tmpfs { size_bytes: tmpfs_bytes(size), mode: 0o1777 },
            target: target.clone(),
            read_only: false,
        });
    }
    container.read_only_rootfs = spec.exceptions.writable_rootfs.is_none();
    container.cap_add =
        spec.exceptions.capabilities.keys().chain(&process.capabilities).cloned().collect();
    container.sysctls =
        spec.sysctls.iter().map(|(name, sysctl)| (name.clone(), sysctl.value.clone())).collect();
    limit(&mut container, &part.resources);
    container.stop_timeout_seconds = Some(i64::from(spec.stop_timeout));
    container
}

/// The volume with a unit's files, for its container to read.
fn configuration(stack: &Stack, name: &str) -> Mount {
    Mount {
        source: MountSource::Volume {
            name: config_volume(&stack.name, name),
            labels: labels(stack, Some(name)),
        },
        target: MOUNT.to_owned(),
        read_only: true,
    }
}

fn service(stack: &Stack, run: &RunService, secrets: &Secrets, self_image: &str) -> Unit {
    let image = run.image.as_deref().unwrap_or(self_image);
    let mut spec = ContainerSpec::new(stack.container(&run.name), image);
    spec.command.clone_from(&run.command);
    spec.env.clone_from(&run.env);
    let mut files = BTreeMap::new();
    for (path, value) in secrets.of(&run.name) {
        if run.sentry == Some(SentryBy::Environment) {
            // What was chosen by name: the engine shows it to everyone who may ask it.
            let value = String::from_utf8_lossy(value).into_owned();
            spec.env.entry(SENTRY_ENV.to_owned()).or_insert(value);
        } else {
            let file =
                WantedFile { content: value.to_vec(), effect: Effect::Restart, secret: true };
            files.insert(path.to_owned(), file);
            spec.mounts.push(configuration(stack, &run.name));
        }
    }
    spec.user.clone_from(&run.user);
    spec.labels = labels(stack, None);
    spec.labels.insert(labels::SERVICE.to_owned(), run.name.clone());
    let group = stack.services.iter().find(|s| s.name == run.name).map(|s| s.group.clone());
    spec.labels.extend(group.map(|group| (labels::GROUP.to_owned(), group)));
    spec.network = NetworkMode::Named { name: stack.network(), aliases: vec![run.name.clone()] };
    spec.also_networks.clone_from(&stack.networks);
    spec.ports = run
        .ports
        .iter()
        .map(|(host, container)| Publish {
            address: "127.0.0.1".to_owned(),
            host_port: Some(*host),
            container_port: *container,
        })
        .collect();
    if !run.writable {
        spec.mounts.push(Mount {
            source: MountSource::Tmpfs { size_bytes: Some(64 << 20), mode: 0o1777 },
            target: "/tmp".to_owned(),
            read_only: false,
        });
    }
    spec.read_only_rootfs = !run.writable;
    limit(&mut spec, &run.resources);
    Unit {
        name: run.name.clone(),
        spec,
        is_component: false,
        files,
        secrets: Effect::Restart,
        owner: run.user.as_deref().map_or((0, 0), owner),
        port: None,
        access: None,
        ready: None,
        setup: Vec::new(),
        reload: None,
        proof: None,
        validators: Vec::new(),
        after: Vec::new(),
    }
}

fn limit(container: &mut ContainerSpec, limits: &Limits) {
    container.memory_bytes = i64::try_from(limits.memory).ok();
    #[allow(clippy::cast_possible_truncation)] // Cores times 10⁹ fits into 63 bits.
    let nano = limits.cpus.map(|cpus| (cpus * 1e9) as i64);
    container.nano_cpus = nano;
    container.pids_limit = Some(limits.pids);
}

/// Puts the specification's hash on the container, to see later whether it must be made anew.
fn stamp(spec: &mut ContainerSpec) {
    let hash = spec.spec_hash();
    spec.labels.insert(labels::SPEC_HASH.to_owned(), hash);
}

/// `uid:gid` in numbers; the group is the user's number where none is given.
fn owner(user: &str) -> (u64, u64) {
    let (uid, gid) = user.split_once(':').unwrap_or((user, user));
    (uid.parse().unwrap_or(0), gid.parse().unwrap_or(0))
}

/// `64m` in bytes.
fn tmpfs_bytes(size: &str) -> Option<u64> {
    let (number, factor) = match size.strip_suffix('m') {
        Some(number) => (number, 1 << 20),
        None => (size, 1),
    };
    number.parse::<u64>().ok().map(|n| n * factor)
}
