//! Questions to the engine. Every request made here is a GET; `plan` and the checks hold this type and so cannot change anything.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::Docker;
use bollard::models::ContainerSummary;
use bollard::models::ImageSummary;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};
use futures_util::future::try_join_all;

use super::error::{REQUEST_TIMEOUT, causes};
use super::facts;
use super::{Container, Endpoint, EngineError, Facts, Image, Network, Volume, labels};

/// A daemon that runs answers at once; one on a host that is gone would otherwise cost the whole request timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that can only read.
#[derive(Clone)]
pub struct Reader {
    client: Docker,
    facts: Facts,
}

/// A port of the host that a running container publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publishing {
    /// Name of the container.
    pub container: String,
    /// Stack it belongs to, if it is one of ours.
    pub stack: Option<String>,
    /// Address on the host; `0.0.0.0` and `::` are all of them.
    pub host_ip: String,
    /// Port on the host.
    pub host_port: u16,
}

impl Reader {
    /// Connects, and learns what the engine is. Refuses an engine older than API 1.41 (Docker 20.10).
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, EngineError> {
        let unreachable = |cause: String| {
            let help = advice(&cause, &endpoint.address);
            EngineError::Unreachable {
                endpoint: format!("{} ({})", endpoint.address, endpoint.chosen_by),
                cause,
                help,
            }
        };
        let client = Docker::connect_with_host(&endpoint.address)
            .map_err(|error| unreachable(causes(&error)))?;
        let client = client.with_timeout(CONNECT_TIMEOUT);
        let (version, info) = tokio::try_join!(client.version(), client.info())
            .map_err(|error| unreachable(causes(&error)))?;
        let facts = Facts::new(version, info);
        if facts.api_version < facts::OLDEST_API {
            let (major, minor) = facts.api_version;
            return Err(EngineError::Unreachable {
                endpoint: endpoint.address.clone(),
                cause: format!(
                    "it speaks API {major}.{minor} (Docker {}), older than 1.41",
                    facts.engine_version
                ),
                help: "upgrade Docker to 20.10 or newer".to_owned(),
            });
        }
        Ok(Self { client: client.with_timeout(REQUEST_TIMEOUT), facts })
    }

    /// What the engine said about itself when the connection was made.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// All containers of a stack, in any state, by name.
    pub async fn containers(&self, stack: &str) -> Result<Vec<Container>, EngineError> {
        self.containers_labelled(&format!("{}={stack}", labels::STACK)).await
    }

    /// Whether there is a container of a stack's components, in any state.
    pub async fn has_component(&self, stack: &str) -> Result<bool, EngineError> {
        let summaries = self.list(Some(&format!("{}={stack}", labels::STACK)), true).await?;
        let mut labels = summaries.into_iter().filter_map(|summary| summary.labels);
        Ok(labels.any(|labels| labels.contains_key(labels::COMPONENT)))
    }

    /// All containers with a label (`key` or `key=value`), in any state, by name.
    pub async fn containers_labelled(&self, label: &str) -> Result<Vec<Container>, EngineError> {
        let summaries = self.list(Some(label), true).await?;
        let ids = summaries.into_iter().filter_map(|summary| summary.id);
        let inspected =
            try_join_all(ids.map(|id| async move { self.container(&id).await })).await?;
        // One that vanished between the two questions is simply not there.
        let mut containers: Vec<Container> = inspected.into_iter().flatten().collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    /// A container by name or identifier.
    pub async fn container(&self, name: &str) -> Result<Option<Container>, EngineError> {
        let inspected = self.client.inspect_container(name, None).await;
        Ok(existing(inspected, || format!("inspect container {name}"))?.map(Container::from))
    }

    /// Names of all running containers.
    pub async fn running(&self) -> Result<Vec<String>, EngineError> {
        let running = self.list(None, false).await?.into_iter();
        let names = running.filter_map(|summary| summary.names?.into_iter().next());
        Ok(names.map(|name| name.trim_start_matches('/').to_owned()).collect())
    }

    /// Every port of the host that a running container publishes, whoever it belongs to.
    pub async fn containers_publishing(&self) -> Result<Vec<Publishing>, EngineError> {
        let mut publishing = Vec::new();
        for summary in self.list(None, false).await? {
            let name = summary.names.unwrap_or_default().into_iter().next().unwrap_or_default();
            let stack = summary.labels.unwrap_or_default().remove(labels::STACK);
            for port in summary.ports.unwrap_or_default() {
                if let Some(host_port) = port.public_port {
                    let container = name.trim_start_matches('/').to_owned();
                    let host_ip = port.ip.unwrap_or_default();
                    publishing.push(Publishing {
                        container,
                        stack: stack.clone(),
                        host_ip,
                        host_port,
                    });
                }
            }
        }
        Ok(publishing)
    }

    async fn list(
        &self,
        label: Option<&str>,
        all: bool,
    ) -> Result<Vec<ContainerSummary>, EngineError> {
        let options = ListContainersOptionsBuilder::new().all(all);
        let options = match label {
            Some(label) => options.filters(&HashMap::from([("label", vec![label])])),
            None => options,
        };
        let listed = self.client.list_containers(Some(options.build())).await;
        listed.map_err(|error| EngineError::from_client(error, "list containers"))
    }

    /// The volumes of a stack, by name.
    pub async fn volumes(&self, stack: &str) -> Result<Vec<Volume>, EngineError> {
        let label = format!("{}={stack}", labels::STACK);
        let options = ListVolumesOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![label.as_str()])]))
            .build();
        let listed = self.client.list_volumes(Some(options)).await;
        let listed = listed.map_err(|error| EngineError::from_client(error, "list volumes"))?;
        let mut volumes: Vec<Volume> =
            listed.volumes.unwrap_or_default().into_iter().map(Volume::from).collect();
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(volumes)
    }

    /// Every stack that has a volume here, and how many containers each has.
    pub async fn stacks(&self) -> Result<BTreeMap<String, usize>, EngineError> {
        let options = ListVolumesOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![labels::STACK])]))
            .build();
        let listed = self.client.list_volumes(Some(options)).await;
        let listed = listed.map_err(|error| EngineError::from_client(error, "list volumes"))?;
        let mut stacks = BTreeMap::new();
        for mut volume in listed.volumes.unwrap_or_default() {
            stacks.extend(volume.labels.remove(labels::STACK).map(|stack| (stack, 0)));
        }
        for summary in self.list(Some(labels::STACK), true).await? {
            let stack = summary.labels.unwrap_or_default().remove(labels::STACK);
            stacks.extend(stack.as_ref().and_then(|s| Some((s.clone(), stacks.get(s)? + 1))));
        }
        Ok(stacks)
    }

    /// A volume by name.
    pub async fn volume(&self, name: &str) -> Result<Option<Volume>, EngineError> {
        let inspected = self.client.inspect_volume(name).await;
        Ok(existing(inspected, || format!("inspect volume {name}"))?.map(Volume::from))
    }

    /// The networks of a stack, by name.
    pub async fn networks(&self, stack: &str) -> Result<Vec<Network>, EngineError> {
        let label = format!("{}={stack}", labels::STACK);
        let options = ListNetworksOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![label.as_str()])]))
            .build();
        let listed = self.client.list_networks(Some(options)).await;
        let listed = listed.map_err(|error| EngineError::from_client(error, "list networks"))?;
        let mut networks: Vec<Network> = listed.into_iter().map(Network::from).collect();
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(networks)
    }

    /// A network by name or identifier.
    pub async fn network(&self, name: &str) -> Result<Option<Network>, EngineError> {
        let inspected = self.client.inspect_network(name, None).await;
        Ok(existing(inspected, || format!("inspect network {name}"))?.map(Network::from))
    }

    /// An image that the engine already has, by reference or identifier.
    pub async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let inspected = self.client.inspect_image(reference).await;
        Ok(existing(inspected, || format!("inspect image {reference}"))?.map(Image::from))
    }

    /// References of the images that carry a label, each with when it was made, in Unix time. An image
    /// whose reference went to another one has its identifier alone.
    pub async fn images_labelled(&self, label: &str) -> Result<Vec<(String, i64)>, EngineError> {
        let options = bollard::query_parameters::ListImagesOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![label])]))
            .build();
        let found = self.client.list_images(Some(options)).await;
        let found = found.map_err(|error| {
            EngineError::from_client(error, format!("list images with {label}"))
        })?;
        let tags = |image: ImageSummary| {
            let created = image.created;
            // Engines before 24 call it so; later ones name nothing.
            let mut tags: Vec<String> =
                image.repo_tags.into_iter().filter(|tag| tag != "<none>:<none>").collect();
            if tags.is_empty() {
                tags.push(image.id);
            }
            tags.into_iter().map(move |tag| (tag, created))
        };
        Ok(found.into_iter().flat_map(tags).collect())
    }

    pub(super) fn client(&self) -> &Docker {
        &self.client
    }
}

/// The answer, or `None` when the engine says that there is no such thing.
fn existing<T>(
    answer: Result<T, bollard::errors::Error>,
    during: impl Fn() -> String,
) -> Result<Option<T>, EngineError> {
    match answer.map_err(|error| EngineError::from_client(error, during())) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What to do about an engine that cannot be reached.
fn advice(cause: &str, address: &str) -> String {
    let cause = cause.to_lowercase();
    if cause.contains("permission denied") {
        "your user may not use the socket: add it to the docker group (sudo usermod -aG docker $USER, then log in again), or use rootless Docker".to_owned()
    } else if cause.contains("socket not found") || cause.contains("no such file") {
        "is Docker running? Start it (sudo systemctl start docker, or Docker Desktop), or set DOCKER_HOST to where it listens".to_owned()
    } else if address.starts_with("unix://") {
        "is Docker running? `docker version` asks the same question".to_owned()
    } else {
        "is that the right address, and does the engine listen there? `docker version` asks the same question".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_fits_the_cause() {
        assert!(
            advice("client error: Permission denied (os error 13)", "unix:///s")
                .contains("docker group")
        );
        assert!(advice("Socket not found: /s", "unix:///s").contains("is Docker running"));
        assert!(advice("Connection refused", "tcp://h:1").contains("right address"));
    }
}
