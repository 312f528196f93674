//! Changes to what the engine holds.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use bollard::models::{
    EndpointSettings, NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptions, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StopContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::Stream;

use super::convert::unordered;
use super::{ContainerSpec, Endpoint, EngineError, Reader};

/// A connection that can change things, and read all that a [`Reader`] can.
#[derive(Clone)]
pub struct Engine {
    reader: Reader,
}

impl Deref for Engine {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl From<Reader> for Engine {
    fn from(reader: Reader) -> Self {
        Self { reader }
    }
}

impl Engine {
    /// Connects; see [`Reader::connect`].
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, EngineError> {
        Reader::connect(endpoint).await.map(Self::from)
    }

    /// The part that cannot change anything.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Creates a bridge network. The engine allows two of the same name: look first.
    pub async fn create_network(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), EngineError> {
        self.create_bridge(name, labels, false).await
    }

    /// As [`create_network`](Self::create_network), and nothing leads out of it.
    pub async fn create_internal_network(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), EngineError> {
        self.create_bridge(name, labels, true).await
    }

    async fn create_bridge(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        internal: bool,
    ) -> Result<(), EngineError> {
        let request = NetworkCreateRequest {
            internal: Some(internal),
            name: name.to_owned(),
            driver: Some("bridge".to_owned()),
            labels: Some(unordered(labels)),
            ..NetworkCreateRequest::default()
        };
        let created = self.client().create_network(request).await;
        created
            .map(drop)
            .map_err(|error| EngineError::from_client(error, format!("create network {name}")))
    }

    /// Removes a network; one that does not exist is removed already.
    pub async fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        gone(self.client().remove_network(name).await, || format!("remove network {name}"))
    }

    /// Creates a volume; one of the same name is left as it is, labels included.
    pub async fn create_volume(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), EngineError> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            driver: Some("local".to_owned()),
            labels: Some(unordered(labels)),
            ..VolumeCreateRequest::default()
        };
        let created = self.client().create_volume(request).await;
        created
            .map(drop)
            .map_err(|error| EngineError::from_client(error, format!("create volume {name}")))
    }

    /// Removes a volume and its data; one that does not exist is removed already. A conflict says which container still uses it.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        gone(self.client().remove_volume(name, None::<RemoveVolumeOptions>).await, || {
            format!("remove volume {name}")
        })
    }

    /// Creates a container, joins it to its networks, and gives its identifier. The image and the networks must be there; nothing is
    /// left behind when it fails.
    pub async fn create_container(&self, spec: &ContainerSpec) -> Result<String, EngineError> {
        self.require_networks(spec).await?;
        let options = CreateContainerOptionsBuilder::new().name(&spec.name).build();
        let created = self.client().create_container(Some(options), spec.to_bollard()).await;
        let during = || format!("create container {}", spec.name);
        let id = created.map_err(|error| EngineError::from_client(error, during()))?.id;
        for network in &spec.also_networks {
            if let Err(error) = self.connect_network(network, &id, spec).await {
                self.remove_container(&id, true).await?;
                return Err(error);
            }
        }
        Ok(id)
    }

    /// Engines notice a network that does not exist only when the container starts.
    async fn require_networks(&self, spec: &ContainerSpec) -> Result<(), EngineError> {
        for network in spec.networks() {
            if self.network(network).await?.is_none() {
                let during = format!("create container {}", spec.name);
                let message = format!("network {network} does not exist");
                return Err(EngineError::NotFound { during, message });
            }
        }
        Ok(())
    }

    async fn connect_network(
        &self,
        network: &str,
        id: &str,
        spec: &ContainerSpec,
    ) -> Result<(), EngineError> {
        let aliases = spec.aliases.get(network).cloned();
        let endpoint = aliases.map(|aliases| EndpointSettings {
            aliases: Some(aliases),
            ..EndpointSettings::default()
        });
        let request = NetworkConnectRequest { container: id.to_owned(), endpoint_config: endpoint };
        let connected = self.client().connect_network(network, request).await;
        connected.map_err(|error| {
            EngineError::from_client(
                error,
                format!("connect container {} to network {network}", spec.name),
            )
        })
    }

    /// Starts a container; one that runs is left alone.
    pub async fn start(&self, container: &str) -> Result<(), EngineError> {
        let started = self.client().start_container(container, None).await;
        started.map_err(|error| {
            EngineError::from_client(error, format!("start container {container}"))
        })
    }

    /// Stops a container: its stop signal, and a kill after `timeout`. One that does not run is left alone.
    pub async fn stop(&self, container: &str, timeout: Duration) -> Result<(), EngineError> {
        let options = StopContainerOptionsBuilder::new().t(seconds(timeout)).build();
        let client = self.patient_client(timeout);
        let stopped = client.stop_container(container, Some(options)).await;
        stopped
            .map_err(|error| EngineError::from_client(error, format!("stop container {container}")))
    }

    /// Stops a container as [`stop`](Self::stop) does, and starts it.
    pub async fn restart(&self, container: &str, timeout: Duration) -> Result<(), EngineError> {
        let options = RestartContainerOptionsBuilder::new().t(seconds(timeout)).build();
        let client = self.patient_client(timeout);
        let restarted = client.restart_container(container, Some(options)).await;
        restarted.map_err(|error| {
            EngineError::from_client(error, format!("restart container {container}"))
        })
    }

    /// Sends a signal (`SIGHUP`) to a container's first process.
    pub async fn kill(&self, container: &str, signal: &str) -> Result<(), EngineError> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let killed = self.client().kill_container(container, Some(options)).await;
        killed.map_err(|error| {
            EngineError::from_client(error, format!("send {signal} to container {container}"))
        })
    }

    /// Removes a container and its anonymous volumes; with `force` also one that runs. One that does not exist is removed already.
    pub async fn remove_container(&self, container: &str, force: bool) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new().v(true).force(force).build();
        gone(self.client().remove_container(container, Some(options)).await, || {
            format!("remove container {container}")
        })
    }

    /// Gives a container another name.
    pub async fn rename(&self, container: &str, name: &str) -> Result<(), EngineError> {
        let options = RenameContainerOptionsBuilder::new().name(name).build();
        let renamed = self.client().rename_container(container, options).await;
        renamed.map_err(|error| {
            EngineError::from_client(error, format!("rename container {container} to {name}"))
        })
    }

    /// Unpacks a tar archive ([`Packing`](super::Packing)) in an existing directory of a
    /// container, running or not. Owners and modes are those of the archive.
    pub async fn upload(
        &self,
        container: &str,
        directory: &str,
        tar: Vec<u8>,
    ) -> Result<(), EngineError> {
        let options = UploadToContainerOptionsBuilder::new().path(directory).build();
        let body = bollard::body_full(tar.into());
        let uploaded = self.client().upload_to_container(container, Some(options), body).await;
        uploaded.map_err(|error| not_uploaded(error, container, directory))
    }

    /// As [`upload`](Self::upload), of an archive that comes bit by bit.
    pub(super) async fn upload_streaming(
        &self,
        container: &str,
        directory: &str,
        tar: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Result<(), EngineError> {
        let options = UploadToContainerOptionsBuilder::new().path(directory).build();
        let body = bollard::body_stream(tar);
        let uploaded = self.client().upload_to_container(container, Some(options), body).await;
        uploaded.map_err(|error| not_uploaded(error, container, directory))
    }

    /// A client that waits longer than the engine itself is asked to.
    fn patient_client(&self, engine_waits: Duration) -> bollard::Docker {
        self.client().clone().with_timeout(engine_waits + Duration::from_secs(30))
    }
}

fn not_uploaded(error: bollard::errors::Error, container: &str, directory: &str) -> EngineError {
    EngineError::from_client(error, format!("upload files to {directory} of container {container}"))
}

/// Success also when there was nothing to remove.
pub(super) fn gone(
    answer: Result<(), bollard::errors::Error>,
    during: impl Fn() -> String,
) -> Result<(), EngineError> {
    match answer.map_err(|error| EngineError::from_client(error, during())) {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

fn seconds(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_secs()).unwrap_or(i32::MAX)
}
