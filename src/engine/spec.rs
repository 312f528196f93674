//! The container we want, in our own words.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::labels;
use crate::hex::hex;

/// A container as it should be. Unless [`privileged`](Self::privileged), it always gets no capabilities but those of
/// [`cap_add`](Self::cap_add), and no new privileges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent switch of the engine")]
pub struct ContainerSpec {
    /// Name, unique on the engine.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Replaces the image's entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// Replaces the image's command; empty keeps it.
    pub command: Vec<String>,
    /// Environment, on top of the image's. Secrets do not belong here: it is shown by `docker inspect`.
    pub env: BTreeMap<String, String>,
    /// `uid[:gid]`; `None` keeps the image's user.
    pub user: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Network it is created with.
    pub network: NetworkMode,
    /// More networks it joins before it starts, by name.
    pub also_networks: Vec<String>,
    /// More names in the DNS of a network of `also_networks`, by that network. Left out where there are none, as for `sysctls`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Additional lines of `/etc/hosts`, as `name:address`; the address `host-gateway` is the engine's host.
    pub extra_hosts: Vec<String>,
    /// Ports published on the host.
    pub ports: Vec<Publish>,
    /// Volumes, directories and tmpfs.
    pub mounts: Vec<Mount>,
    /// Whether its root file system is read-only.
    pub read_only_rootfs: bool,
    /// Capabilities it keeps, without the `CAP_` prefix.
    pub cap_add: Vec<String>,
    /// Kernel parameters of its own network, by name. Left out where there are none: the hash of such a container is the same
    /// whether its mcpmon knows them or not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    /// Additional groups, by number or name.
    pub group_add: Vec<String>,
    /// Whether it sees the host's processes.
    pub pid_host: bool,
    /// Whether it may do everything; this lifts every other restriction.
    pub privileged: bool,
    /// Memory limit in bytes.
    pub memory_bytes: Option<i64>,
    /// CPU limit in billionths of a CPU.
    pub nano_cpus: Option<i64>,
    /// Limit of processes and threads.
    pub pids_limit: Option<i64>,
    /// Seconds between the stop signal and the kill.
    pub stop_timeout_seconds: Option<i64>,
    /// What happens when its process ends.
    pub restart: RestartPolicy,
    /// How much of its output the engine keeps.
    pub log_rotation: LogRotation,
    /// Where the engine sends its output; with none it only keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_to: Option<LogTo>,
    /// Whether the image's health check is switched off. mcpmon asks for readiness itself, and a check that runs in the container costs
    /// a process each time.
    pub healthcheck_disabled: bool,
}

impl ContainerSpec {
    /// The names of all networks that it is to be in.
    pub fn networks(&self) -> impl Iterator<Item = &str> {
        let named = match &self.network {
            NetworkMode::Named { name, .. } => Some(name),
            NetworkMode::Host | NetworkMode::None => None,
        };
        named.into_iter().chain(&self.also_networks).map(String::as_str)
    }

    /// A hardened container that runs the image as it is.
    pub fn new(name: impl Into<String>, image: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            image: image.into(),
            entrypoint: None,
            command: Vec::new(),
            env: BTreeMap::new(),
            user: None,
            labels: BTreeMap::new(),
            network: NetworkMode::None,
            also_networks: Vec::new(),
            aliases: BTreeMap::new(),
            extra_hosts: Vec::new(),
            ports: Vec::new(),
            mounts: Vec::new(),
            read_only_rootfs: true,
            cap_add: Vec::new(),
            sysctls: BTreeMap::new(),
            group_add: Vec::new(),
            pid_host: false,
            privileged: false,
            memory_bytes: None,
            nano_cpus: None,
            pids_limit: Some(1024),
            stop_timeout_seconds: None,
            restart: RestartPolicy::UnlessStopped,
            log_rotation: LogRotation::default(),
            log_to: None,
            healthcheck_disabled: true,
        }
    }

    /// SHA-256 of the specification in hexadecimal: two containers with the same hash need not be told apart.
    ///
    /// Labels that mcpmon keeps its books in (spec hash, configuration hash, generation) do not count: they change without a reason
    /// to create the container again.
    pub fn spec_hash(&self) -> String {
        let mut counted = self.clone();
        for label in [labels::SPEC_HASH, labels::CONFIG_HASH, labels::GENERATION] {
            counted.labels.remove(label);
        }
        // Plain fields, strings as map keys: this cannot fail, and an empty text would only cost a needless re-creation.
        let json = serde_json::to_vec(&counted).unwrap_or_default();
        hex(&Sha256::digest(&json))
    }
}

/// How a container reaches others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkMode {
    /// A network of its own kind, with the names others find it by besides its own.
    Named {
        /// Name of the network.
        name: String,
        /// More names in the network's DNS.
        aliases: Vec<String>,
    },
    /// The host's own network: no isolation, nothing to publish.
    Host,
    /// None at all.
    None,
}

/// A port published on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publish {
    /// Address on the host, such as `127.0.0.1`.
    pub address: String,
    /// Port on the host; `None` lets the engine choose a free one.
    pub host_port: Option<u16>,
    /// TCP port in the container.
    pub container_port: u16,
}

/// Something mounted in the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Absolute path in the container.
    pub target: String,
    /// Whether the container cannot write to it.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MountSource {
    /// A volume; the engine creates it with these labels when it does not exist. An empty one is filled with what the image has at the
    /// target, owner included: this is how a data directory comes to belong to the image's user.
    Volume {
        /// Name of the volume.
        name: String,
        /// Labels it gets when it is created.
        labels: BTreeMap<String, String>,
    },
    /// A path of the engine's host, which must exist.
    Bind {
        /// Path on the host.
        path: String,
        /// Whether file systems mounted on the host later show up too (`rslave`); the node exporter wants it for `/`.
        /// The engine refuses it where the path is on a private mount, as in a container that runs an engine.
        follow_host_mounts: bool,
    },
    /// Memory, gone when the container stops.
    Tmpfs {
        /// Limit in bytes; `None` is half of the host's memory.
        size_bytes: Option<u64>,
        /// Permission bits of its top directory.
        mode: u32,
    },
}

/// What happens when the process of a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// It is started again, also after a reboot, unless the user stopped it.
    UnlessStopped,
    /// Nothing.
    No,
}

/// How much of a container's output the engine keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogRotation {
    /// Size at which a new file is begun, such as `10m`.
    pub max_size: String,
    /// Number of files.
    pub max_file: u32,
}

/// A Fluentd that the engine sends a container's output to. The engine keeps a copy, which is what
/// `docker logs` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogTo {
    /// `host:port`, as the engine reaches it.
    pub address: String,
    /// Labels of the container that go with each line.
    pub labels: Vec<String>,
}

impl Default for LogRotation {
    fn default() -> Self {
        Self { max_size: "10m".to_owned(), max_file: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_changes_with_the_container_and_not_with_the_books() {
        let spec = ContainerSpec::new("a", "image:1");
        let mut booked = spec.clone();
        booked.labels.insert(labels::SPEC_HASH.into(), spec.spec_hash());
        booked.labels.insert(labels::GENERATION.into(), "7".into());
        assert_eq!(booked.spec_hash(), spec.spec_hash());
        booked.labels.insert("team".into(), "a".into());
        assert_ne!(booked.spec_hash(), spec.spec_hash());
        let other_image = ContainerSpec { image: "image:2".into(), ..spec.clone() };
        assert_ne!(other_image.spec_hash(), spec.spec_hash());
    }
}
