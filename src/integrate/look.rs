//! Looks at a running container: the engine is asked, and its ports; nothing is changed.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use indexmap::IndexMap;

use crate::diagnostic::suggest;
use crate::engine::{Container, Reader, Status};
use crate::exit::{Exit, Stop};
use crate::manifest::Document;
use crate::metrics::{Exposition, fetch, place, speech};
use crate::render::rules::Dialect;

/// Where metrics are usually served.
const PATHS: [&str; 2] = ["/metrics", "/health/metrics"];
/// Ports that are tried where a container names none.
const USUAL: [u16; 6] = [8000, 8080, 9090, 3000, 7001, 9091];
/// Variables that name a port.
const PORT_VARIABLES: [&str; 4] = ["PROMETHEUS_PORT", "METRICS_PORT", "PORT", "MCP_PORT"];
/// Networks in which containers have no names.
const NAMELESS: [&str; 3] = ["bridge", "host", "none"];
/// Labels that Docker Compose puts on what it runs.
const COMPOSE_SERVICE: &str = "com.docker.compose.service";

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The container's name.
    pub container: String,
    /// What the service may be called.
    pub suggested: String,
    /// The name or address under which the stack reaches it.
    pub host: String,
    /// The network that has this name.
    pub network: Option<String>,
    /// Where it serves metrics.
    pub metrics: Option<Metrics>,
    /// A port that seems to serve MCP.
    pub mcp_port: Option<u16>,
    /// Ports that were tried.
    pub tried: Vec<u16>,
    /// What the engine says about it.
    pub about: Container,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// Metrics that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// The port.
    pub port: u16,
    /// The path.
    pub path: String,
    /// How many series there are.
    pub series: usize,
    /// The dialect, if it is a known one.
    pub dialect: Option<String>,
}

/// Looks at a container.
///
/// # Errors
/// When it is not there, does not run, is the stack's own, or cannot be reached by name.
pub async fn look(
    reader: &Reader,
    document: &Document,
    dialects: &IndexMap<String, Dialect>,
    name: &str,
) -> anyhow::Result<Seen> {
    let about = find(reader, name).await?;
    let stack = &document.manifest.name;
    if about.stack() == Some(stack.as_str()) {
        let message = format!("{} is part of the stack {stack} already", about.name);
        return Err(Stop::new(Exit::Usage, message).into());
    }
    let mut notes = Vec::new();
    if let Some(other) = about.stack() {
        notes.push(format!("it belongs to the stack {other} of mcpmon"));
    }
    if let Some(health) = about.health.as_deref().filter(|health| *health != "healthy") {
        notes.push(format!("its own health check says {health}"));
    }
    let network = network(document, &about, &mut notes)?;
    let tried = ports(&about);
    let metrics = metrics(&about, dialects, &tried).await;
    let mcp_port = mcp_port(&about, &tried, metrics.as_ref().map(|metrics| metrics.port)).await;
    if metrics.is_none() {
        let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
        notes.push(format!("no metrics at {} of port {}", PATHS.join(" or "), tried.join(", ")));
    }
    let host =
        if network.is_some() { about.name.clone() } else { "host.docker.internal".to_owned() };
    Ok(Seen {
        container: about.name.clone(),
        suggested: about.labels.get(COMPOSE_SERVICE).unwrap_or(&about.name).clone(),
        host,
        network,
        metrics,
        mcp_port,
        tried,
        about,
        notes,
    })
}

async fn find(reader: &Reader, name: &str) -> anyhow::Result<Container> {
    let Some(container) = reader.container(name).await? else {
        let running = reader.running().await?;
        let help = suggest(name, running.iter().map(String::as_str));
        return Err(
            Stop::new(Exit::Failed, format!("there is no container `{name}`; {help}")).into()
        );
    };
    if container.state.status != Status::Running {
        let message = format!("{0} does not run; `docker start {0}` starts it", container.name);
        return Err(Stop::new(Exit::Failed, message).into());
    }
    Ok(container)
}

/// The network through which the stack will reach it.
fn network(
    document: &Document,
    about: &Container,
    notes: &mut Vec<String>,
) -> Result<Option<String>, Stop> {
    if about.networks.contains_key("host") {
        return Ok(None);
    }
    let listed: Vec<String> = document.manifest.networks.iter().map(ToString::to_string).collect();
    let own = format!("{}-", document.manifest.name);
    let named: Vec<&String> =
        about.networks.keys().filter(|name| !NAMELESS.contains(&name.as_str())).collect();
    if let Some(name) = named.iter().find(|name| listed.contains(name)) {
        return Ok(Some((*name).clone()));
    }
    match named.as_slice() {
        [] => {
            let network = listed.first().cloned().unwrap_or_else(|| format!("{own}services"));
            let create = if listed.is_empty() {
                format!("  docker network create {network}\n")
            } else {
                String::new()
            };
            let name = &about.name;
            Err(Stop::new(
                Exit::Failed,
                format!(
                    "{name} is in no network in which containers have names; let it join one, then run this again:\n{create}  docker network connect {network} {name}"
                ),
            ))
        }
        [only] => Ok(Some((*only).clone())),
        [first, ..] => {
            let all: Vec<&str> = named.iter().map(|name| name.as_str()).collect();
            notes.push(format!("it is in the networks {}; {first} is taken", all.join(", ")));
            Ok(Some((*first).clone()))
        }
    }
}

/// Ports worth trying: those that it names, else the usual ones.
fn ports(about: &Container) -> Vec<u16> {
    let variables = PORT_VARIABLES.iter().filter_map(|name| about.env.get(*name)?.parse().ok());
    let published = about.ports.iter().filter(|port| port.protocol == "tcp");
    let mut all: BTreeSet<u16> = variables.collect();
    all.extend(published.map(|port| port.container_port));
    all.extend(&about.exposed);
    if all.is_empty() { USUAL.to_vec() } else { all.into_iter().collect() }
}

/// The first place that serves metrics in a known dialect, else the first that serves any.
async fn metrics(
    about: &Container,
    dialects: &IndexMap<String, Dialect>,
    ports: &[u16],
) -> Option<Metrics> {
    let places = ports.iter().flat_map(|port| PATHS.map(|path| (*port, path)));
    let asked = places.map(async |(port, path)| {
        let text = fetch(&format!("{}{path}", place::address(about, port)?), None).await.ok()?;
        let served = Exposition::read(&text);
        if served.samples.is_empty() {
            return None;
        }
        let heard = speech::hear(dialects, &served).into_iter().find(|heard| heard.detected);
        Some(Metrics {
            port,
            path: path.to_owned(),
            series: served.samples.len(),
            dialect: heard.map(|heard| heard.dialect),
        })
    });
    let found: Vec<Metrics> = join_all(asked).await.into_iter().flatten().collect();
    found.iter().find(|metrics| metrics.dialect.is_some()).or(found.first()).cloned()
}

/// A port at which `/mcp` is known: it takes POST, so a GET is refused, but not as unknown.
async fn mcp_port(about: &Container, ports: &[u16], metrics: Option<u16>) -> Option<u16> {
    let asked = ports.iter().map(async |port| {
        let url = format!("{}/mcp", place::address(about, *port)?);
        let answer = crate::check::http::Http::default().get(&url, None).await.ok()?;
        matches!(answer.status, 200..=299 | 400 | 401 | 403 | 405 | 406 | 415).then_some(*port)
    });
    let found: Vec<u16> = join_all(asked).await.into_iter().flatten().collect();
    // A server of metrics alone may answer any path.
    found.iter().copied().find(|port| Some(*port) != metrics).or(found.first().copied())
}
