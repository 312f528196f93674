//! Looks at a running container: the engine is asked, and its ports; nothing is changed.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use indexmap::IndexMap;

use crate::diagnostic::suggest;
use crate::engine::{Container, Reader, Status};
use crate::exit::{Exit, Stop};
use crate::manifest::Document;
use crate::mcp::{self, Heard};
use crate::metrics::{Exposition, fetch, place, speech};
use crate::render::rules::Dialect;

/// Where metrics are usually served.
const PATHS: [&str; 2] = ["/metrics", "/health/metrics"];
/// Ports that are tried where a container names none.
const USUAL: [u16; 6] = [8000, 8080, 9090, 3000, 7001, 9091];
/// Variables that name a port.
const PORT_VARIABLES: [&str; 4] = ["PROMETHEUS_PORT", "METRICS_PORT", "PORT", "MCP_PORT"];
/// Ports of programs that speak no HTTP, and would complain in their logs.
const SILENT: [u16; 12] = [22, 25, 53, 1883, 2181, 3306, 5432, 5672, 6379, 9092, 11211, 27017];
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
    /// Where it serves MCP.
    pub mcp: Option<Served>,
    /// Ports that were tried.
    pub tried: Vec<u16>,
    /// What the engine says about it.
    pub about: Container,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// An MCP server that was found.
#[derive(Clone, Debug)]
pub struct Served {
    /// The port.
    pub port: u16,
    /// What it said.
    pub heard: Heard,
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
    let host =
        if network.is_some() { about.name.clone() } else { "host.docker.internal".to_owned() };
    let mcp = mcp(&about, &tried, &host).await;
    if metrics.is_none() {
        let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
        notes.push(format!("no metrics at {} of port {}", PATHS.join(" or "), tried.join(", ")));
    }
    Ok(Seen {
        container: about.name.clone(),
        suggested: about.labels.get(COMPOSE_SERVICE).unwrap_or(&about.name).clone(),
        host,
        network,
        metrics,
        mcp,
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
    let ports = ports.iter().filter(|port| !SILENT.contains(port));
    let places = ports.flat_map(|port| PATHS.map(|path| (*port, path)));
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

/// The first port that shakes hands.
async fn mcp(about: &Container, ports: &[u16], host: &str) -> Option<Served> {
    let ports = ports.iter().copied().filter(|port| !SILENT.contains(port));
    let asked = ports.map(async |port| {
        let base = url::Url::parse(&place::address(about, port)?).ok()?;
        Some(Served { port, heard: mcp::find(&base, &format!("{host}:{port}")).await? })
    });
    join_all(asked).await.into_iter().flatten().next()
}
