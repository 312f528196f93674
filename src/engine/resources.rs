//! Volumes, networks and images as the engine describes them.

use std::collections::BTreeMap;

use bollard::models::{ImageInspect, Network as ApiNetwork, NetworkInspect, Volume as ApiVolume};

use super::container::sorted;

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Name.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Driver; `local` is a directory on the engine's host.
    pub driver: String,
    /// RFC 3339.
    pub created_at: String,
    /// What the driver was told when it was made, such as where a `local` one really is.
    pub options: BTreeMap<String, String>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Identifier.
    pub id: String,
    /// Name; unlike a container's it need not be unique.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Driver (`bridge`, `overlay` …).
    pub driver: String,
    /// Names of the containers that are attached, where the network itself was asked for; else none.
    pub attached: Vec<String>,
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Identifier (`sha256:…`).
    pub id: String,
    /// `repository@sha256:…`; empty for an image that never met a registry.
    pub repo_digests: Vec<String>,
    /// User its process runs as; empty is root.
    pub user: String,
    /// Entrypoint.
    pub entrypoint: Vec<String>,
    /// Command.
    pub cmd: Vec<String>,
    /// Architecture in Go's words (`amd64`, `arm64`).
    pub architecture: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Size in bytes.
    pub size: u64,
    /// Paths that become anonymous volumes unless something is mounted there.
    pub volumes: Vec<String>,
}

impl From<ApiVolume> for Volume {
    fn from(volume: ApiVolume) -> Self {
        Self {
            name: volume.name,
            labels: sorted(Some(volume.labels)),
            driver: volume.driver,
            created_at: volume.created_at.unwrap_or_default(),
            options: sorted(Some(volume.options)),
        }
    }
}

impl From<ApiNetwork> for Network {
    fn from(network: ApiNetwork) -> Self {
        Self {
            id: network.id.unwrap_or_default(),
            name: network.name.unwrap_or_default(),
            labels: sorted(network.labels),
            driver: network.driver.unwrap_or_default(),
            attached: Vec::new(),
        }
    }
}

impl From<NetworkInspect> for Network {
    fn from(network: NetworkInspect) -> Self {
        let attached = network.containers.unwrap_or_default().into_values();
        let mut attached: Vec<String> = attached.filter_map(|container| container.name).collect();
        attached.sort_unstable();
        Self {
            id: network.id.unwrap_or_default(),
            name: network.name.unwrap_or_default(),
            labels: sorted(network.labels),
            driver: network.driver.unwrap_or_default(),
            attached,
        }
    }
}

impl From<ImageInspect> for Image {
    fn from(image: ImageInspect) -> Self {
        let config = image.config.unwrap_or_default();
        Self {
            id: image.id.unwrap_or_default(),
            repo_digests: image.repo_digests.unwrap_or_default(),
            user: config.user.unwrap_or_default(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            architecture: image.architecture.unwrap_or_default(),
            labels: sorted(config.labels),
            size: image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
            volumes: config.volumes.unwrap_or_default(),
        }
    }
}
