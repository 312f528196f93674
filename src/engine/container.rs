//! A container as the engine describes it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, EndpointSettings,
    MountPoint as ApiMountPoint, PortMap,
};

use super::Hardening;

/// A container in any state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Full identifier.
    pub id: String,
    /// Name, without the leading slash.
    pub name: String,
    /// Image reference as configured (`prom/prometheus:v3.13.5`).
    pub image: String,
    /// Identifier of the image it was created from (`sha256:…`); differs from the reference's current one after a pull.
    pub image_id: String,
    /// Labels, those of the image included.
    pub labels: BTreeMap<String, String>,
    /// What it is doing.
    pub state: State,
    /// Ports as they are published now; empty unless it runs.
    pub ports: Vec<PublishedPort>,
    /// Where it stands in its networks, by their names.
    pub networks: BTreeMap<String, Joined>,
    /// TCP ports that its image or its creator names, published or not.
    pub exposed: BTreeSet<u16>,
    /// What its health check last said (`healthy`, `unhealthy` …), if it has one.
    pub health: Option<String>,
    /// Volumes and directories it has mounted, by target.
    pub mounts: Vec<MountPoint>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Entrypoint, from the image or the container.
    pub entrypoint: Vec<String>,
    /// Command, from the image or the container.
    pub command: Vec<String>,
    /// What it may do to its host.
    pub hardening: Hardening,
}

impl Container {
    /// The stack it belongs to, by label.
    pub fn stack(&self) -> Option<&str> {
        self.labels.get(super::labels::STACK).map(String::as_str)
    }

    /// The component it runs, by label.
    pub fn component(&self) -> Option<&str> {
        self.labels.get(super::labels::COMPONENT).map(String::as_str)
    }

    /// Where a TCP port of the container is published on the host.
    pub fn published(&self, container_port: u16) -> Option<&PublishedPort> {
        self.ports
            .iter()
            .find(|port| port.container_port == container_port && port.protocol == "tcp")
    }
}

/// What a container is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Its status.
    pub status: Status,
    /// Exit code of the last run; 0 before the first.
    pub exit_code: i64,
    /// Whether the last run was ended for using too much memory.
    pub oom_killed: bool,
    /// Why it could not be started; empty when it could.
    pub error: String,
    /// RFC 3339; `0001-01-01T00:00:00Z` when it never ran.
    pub started_at: String,
    /// RFC 3339; `0001-01-01T00:00:00Z` when it never ended.
    pub finished_at: String,
    /// How often the engine restarted it by its restart policy.
    pub restart_count: i64,
}

/// Status of a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the engine's own words")]
pub enum Status {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    Stopping,
    /// The engine said nothing, or something newer than this list.
    #[default]
    Unknown,
}

impl Status {
    /// Whether it has a process, or gets one again by itself.
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Restarting | Self::Paused | Self::Stopping)
    }
}

/// A container's place in a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// Identifier of the network; empty before the container's first start. Another network may have its name by now.
    pub network: String,
    /// IP address; empty unless the container runs.
    pub address: String,
}

impl From<EndpointSettings> for Joined {
    fn from(at: EndpointSettings) -> Self {
        Self {
            network: at.network_id.unwrap_or_default(),
            address: at.ip_address.unwrap_or_default(),
        }
    }
}

/// A port of a container as it is published on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// Port inside the container.
    pub container_port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Address on the host; `0.0.0.0` and `::` are all of them.
    pub host_ip: String,
    /// Port on the host.
    pub host_port: u16,
}

/// A volume or directory mounted in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPoint {
    /// `volume`, `bind` or `tmpfs`.
    pub kind: String,
    /// Name of the volume; path on the host of a bind mount.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// Whether the container cannot write to it.
    pub read_only: bool,
}

impl From<ContainerInspectResponse> for Container {
    fn from(inspect: ContainerInspectResponse) -> Self {
        let config = inspect.config.unwrap_or_default();
        let network = inspect.network_settings.unwrap_or_default();
        let networks = network.networks.unwrap_or_default().into_iter();
        let mut mounts: Vec<MountPoint> =
            inspect.mounts.unwrap_or_default().into_iter().map(MountPoint::from).collect();
        mounts.sort_by(|a, b| a.target.cmp(&b.target));
        let state = inspect.state.unwrap_or_default();
        let health = state.health.as_ref().and_then(|health| health.status);
        let exposed = config.exposed_ports.unwrap_or_default();
        let exposed = exposed.iter().filter_map(|port| port.strip_suffix("/tcp")?.parse().ok());
        Self {
            id: inspect.id.unwrap_or_default(),
            name: inspect.name.unwrap_or_default().trim_start_matches('/').to_owned(),
            image: config.image.unwrap_or_default(),
            image_id: inspect.image.unwrap_or_default(),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            exposed: exposed.collect(),
            health: health.map(|status| status.to_string()).filter(|status| status != "none"),
            state: State::new(state, inspect.restart_count.unwrap_or_default()),
            ports: published(network.ports.unwrap_or_default()),
            networks: networks.map(|(name, at)| (name, Joined::from(at))).collect(),
            mounts,
            env: config
                .env
                .unwrap_or_default()
                .iter()
                .filter_map(|line| line.split_once('='))
                .map(owned)
                .collect(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            command: config.cmd.unwrap_or_default(),
            hardening: Hardening::new(
                inspect.host_config.unwrap_or_default(),
                config.user.unwrap_or_default(),
            ),
        }
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

impl State {
    fn new(state: ContainerState, restart_count: i64) -> Self {
        Self {
            status: state.status.map_or(Status::Unknown, Status::from),
            exit_code: state.exit_code.unwrap_or_default(),
            oom_killed: state.oom_killed.unwrap_or_default(),
            error: state.error.unwrap_or_default(),
            started_at: state.started_at.unwrap_or_default(),
            finished_at: state.finished_at.unwrap_or_default(),
            restart_count,
        }
    }
}

impl From<ContainerStateStatusEnum> for Status {
    fn from(status: ContainerStateStatusEnum) -> Self {
        match status {
            ContainerStateStatusEnum::CREATED => Self::Created,
            ContainerStateStatusEnum::RUNNING => Self::Running,
            ContainerStateStatusEnum::PAUSED => Self::Paused,
            ContainerStateStatusEnum::RESTARTING => Self::Restarting,
            ContainerStateStatusEnum::REMOVING => Self::Removing,
            ContainerStateStatusEnum::EXITED => Self::Exited,
            ContainerStateStatusEnum::DEAD => Self::Dead,
            ContainerStateStatusEnum::STOPPING => Self::Stopping,
            ContainerStateStatusEnum::EMPTY => Self::Unknown,
        }
    }
}

/// Ports by number, so that the order is the same each time.
fn published(ports: PortMap) -> Vec<PublishedPort> {
    let mut published = Vec::new();
    for (inside, bindings) in ports {
        let (container_port, protocol) = inside.split_once('/').unwrap_or((&inside, "tcp"));
        for binding in bindings.unwrap_or_default() {
            let host_port = binding.host_port.and_then(|port| port.parse().ok());
            if let (Ok(container_port), Some(host_port)) = (container_port.parse(), host_port) {
                let host_ip = binding.host_ip.unwrap_or_default();
                published.push(PublishedPort {
                    container_port,
                    protocol: protocol.to_owned(),
                    host_ip,
                    host_port,
                });
            }
        }
    }
    published.sort_by(|a, b| {
        (a.container_port, a.host_port, &a.host_ip).cmp(&(
            b.container_port,
            b.host_port,
            &b.host_ip,
        ))
    });
    published
}

impl From<ApiMountPoint> for MountPoint {
    fn from(mount: ApiMountPoint) -> Self {
        Self {
            kind: mount.typ.unwrap_or_default(),
            source: mount.name.filter(|name| !name.is_empty()).or(mount.source).unwrap_or_default(),
            target: mount.destination.unwrap_or_default(),
            read_only: !mount.rw.unwrap_or(true),
        }
    }
}

/// A map of the engine in a stable order.
pub(super) fn sorted(map: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    map.unwrap_or_default().into_iter().collect()
}
