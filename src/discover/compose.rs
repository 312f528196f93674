//! Docker Compose files: services that serve MCP.

use serde_json::Value as Json;

use super::catalog::listed;
use super::reference;
use super::server::scalar;
use super::{Found, Names, format};
use crate::integrate::Entry;
use crate::yaml::{Entry as Keyed, Node, Value};

/// Variables that name a port.
const PORTS: [&str; 6] =
    ["MCP_PORT", "FASTMCP_PORT", "FASTMCP_SERVER_PORT", "MCP_SERVER_PORT", "SERVER_PORT", "PORT"];
/// Variables that name a way to speak.
const TRANSPORTS: [&str; 4] =
    ["MCP_TRANSPORT", "FASTMCP_TRANSPORT", "MCP_SERVER_TRANSPORT", "TRANSPORT"];
/// Variables that name a path.
const PATHS: [&str; 4] =
    ["MCP_PATH", "FASTMCP_STREAMABLE_HTTP_PATH", "FASTMCP_SSE_PATH", "MCP_ENDPOINT"];

/// Reads the services that say that they speak MCP.
pub fn read(found: &mut Found, names: &mut Names, root: &Node, folder: &str) {
    let project = project(root, folder);
    let mut others = Vec::new();
    let mut first = None;
    for (about, keyed) in root.get("services").and_then(Node::as_map).into_iter().flatten() {
        let service = Service { about, node: &keyed.node };
        if !service.says_mcp() {
            first = first.or(Some(keyed.key));
            others.push(about.as_str());
            continue;
        }
        match service.entry(names, root, &project) {
            Ok((entry, notes)) => {
                if let Some(mistake) = format::mistake(&entry) {
                    found.left_out(Some(keyed.key), about, mistake);
                    continue;
                }
                if entry.name.as_str() != about {
                    found.note(Some(keyed.key), about, format!("is called `{}`", entry.name));
                }
                for note in notes {
                    found.note(Some(keyed.key), about, note);
                }
                names.take(&entry.name);
                found.entries.push(entry);
            }
            Err(text) => found.left_out(Some(keyed.key), about, text),
        }
    }
    if !others.is_empty() {
        let text = "nothing there says that MCP is spoken; `mcpmon integrate CONTAINER` asks one that runs";
        found.left_out(first, &listed(&others), text);
    }
    for key in ["include", "extends"] {
        if let Some(Keyed { key: span, .. }) = root.as_map().and_then(|map| map.get(key)) {
            found.left_out(
                Some(*span),
                key,
                "other files are not followed; name them with `--from` too",
            );
        }
    }
}

/// The project's name, as Compose finds it.
fn project(root: &Node, folder: &str) -> String {
    let name = root.get("name").and_then(Node::as_str).map(defaults);
    let name = name.unwrap_or_else(|| folder.to_owned()).to_lowercase();
    let kept = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    kept.collect::<String>().trim_start_matches(['-', '_']).to_owned()
}

/// A text with the defaults of its references; one without a default stays as it is.
fn defaults(text: &str) -> String {
    reference::with_defaults(text).map_or_else(|_| text.to_owned(), |(text, _)| text)
}

struct Service<'a> {
    about: &'a str,
    node: &'a Node,
}

impl Service<'_> {
    fn entry(
        &self,
        names: &Names,
        root: &Node,
        project: &str,
    ) -> Result<(Entry, Vec<String>), String> {
        let mut notes = Vec::new();
        if self.node.get("profiles").is_some() {
            return Err("it has `profiles`, so it does not always run".to_owned());
        }
        let none = |node: Option<&Node>| node.and_then(scalar).is_some_and(|text| text == "0");
        let deploy = self.node.get("deploy").and_then(|deploy| deploy.get("replicas"));
        if none(self.node.get("scale")) || none(deploy) {
            return Err("no replica of it runs".to_owned());
        }
        let transport = self.variable(&TRANSPORTS).or_else(|| self.flag(&["--transport", "-t"]));
        let transport = transport.unwrap_or_default().to_lowercase();
        if transport == "stdio" {
            return Err("it speaks on its standard input and output, where nobody else can ask it; let it serve HTTP".to_owned());
        }
        let port = self.port(&mut notes).ok_or(
            "it names no port (`ports`, `expose`, `PORT`): it speaks on its standard input and output, or the image knows; write `mcp: http://NAME:PORT/mcp` yourself",
        )?;
        let (host, network) = self.host(root, project, &mut notes)?;
        let container = self.container(project);
        let url = format!("http://{host}:{port}{}", self.path(&transport));
        let mcp = if transport == "sse" {
            serde_json::json!({"url": url, "protocol": "sse"})
        } else {
            Json::from(url)
        };
        let fields = vec![("mcp", mcp), ("container", container.into())];
        Ok((Entry { name: names.free(self.about), fields, network }, notes))
    }

    /// Whether its name, image, command, environment or labels say so.
    fn says_mcp(&self) -> bool {
        let says = |text: &str| {
            let text = text.to_lowercase();
            text.split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word.starts_with("mcp") || word.ends_with("mcp"))
        };
        let text = |key: &str| self.node.get(key).and_then(Node::as_str).is_some_and(says);
        text("image")
            || text("container_name")
            || says(self.about)
            || ["command", "entrypoint"].iter().any(|key| self.words(key).iter().any(|w| says(w)))
            || ["environment", "labels"]
                .iter()
                .any(|key| self.pairs(key).iter().any(|(k, _)| says(k)))
    }

    /// `command` or `entrypoint`, word by word.
    fn words(&self, key: &str) -> Vec<String> {
        match self.node.get(key).map(|node| &node.value) {
            Some(Value::String(line)) => line.split_whitespace().map(defaults).collect(),
            Some(Value::List(list)) => {
                list.iter().filter_map(scalar).map(|w| defaults(&w)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A map, or a list of `key=value`.
    fn pairs(&self, key: &str) -> Vec<(String, String)> {
        match self.node.get(key).map(|node| &node.value) {
            Some(Value::Map(map)) => map
                .iter()
                .map(|(key, entry)| (key.clone(), scalar(&entry.node).unwrap_or_default()))
                .collect(),
            Some(Value::List(list)) => list
                .iter()
                .filter_map(Node::as_str)
                .map(|line| line.split_once('=').unwrap_or((line, "")))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn variable(&self, known: &[&str]) -> Option<String> {
        let pairs = self.pairs("environment");
        known.iter().find_map(|name| {
            let (_, value) = pairs.iter().find(|(key, _)| key == name)?;
            Some(defaults(value)).filter(|value| !value.is_empty() && !reference::refers(value))
        })
    }

    /// The value of a flag of its command.
    fn flag(&self, known: &[&str]) -> Option<String> {
        let words = [self.words("entrypoint"), self.words("command")].concat();
        words.iter().enumerate().find_map(|(at, word)| {
            let (flag, value) = word.split_once('=').unwrap_or((word, ""));
            if !known.contains(&flag) {
                return None;
            }
            let value =
                if value.is_empty() { words.get(at + 1)?.clone() } else { value.to_owned() };
            (!reference::refers(&value)).then_some(value)
        })
    }

    /// The port inside the container.
    fn port(&self, notes: &mut Vec<String>) -> Option<u16> {
        let told = self.variable(&PORTS).or_else(|| self.flag(&["--port", "-p", "--http-port"]));
        if let Some(port) = told.and_then(|text| text.parse().ok()).filter(|port| *port > 0) {
            return Some(port);
        }
        let mut ports: Vec<u16> = Vec::new();
        for key in ["ports", "expose"] {
            let Some(Node { value: Value::List(list), .. }) = self.node.get(key) else { continue };
            ports.extend(list.iter().filter_map(inside));
        }
        if let [first, _, ..] = ports.as_slice() {
            let all: Vec<String> = ports.iter().map(ToString::to_string).collect();
            notes.push(format!("it has the ports {}; {first} is taken", all.join(", ")));
        }
        ports.first().copied()
    }

    fn path(&self, transport: &str) -> String {
        let told =
            self.variable(&PATHS).or_else(|| self.flag(&["--path", "--endpoint", "--http-path"]));
        match told {
            Some(path) if path.starts_with('/') => path,
            _ if transport == "sse" => "/sse".to_owned(),
            _ => "/mcp".to_owned(),
        }
    }

    fn container(&self, project: &str) -> String {
        let told = self.node.get("container_name").and_then(Node::as_str).map(defaults);
        told.unwrap_or_else(|| format!("{project}-{}-1", self.about))
    }

    /// The name under which the stack reaches it, and the network that has the name.
    fn host(
        &self,
        root: &Node,
        project: &str,
        notes: &mut Vec<String>,
    ) -> Result<(String, Option<String>), String> {
        let mode = self.node.get("network_mode").and_then(Node::as_str).unwrap_or_default();
        if mode == "host" {
            return Ok(("host.docker.internal".to_owned(), None));
        }
        if !mode.is_empty() && mode != "bridge" {
            return Err(format!("`network_mode: {mode}` leaves it no name of its own"));
        }
        if mode == "bridge" {
            return Err(
                "it is in the network `bridge`, in which containers have no names; give it another"
                    .to_owned(),
            );
        }
        let names: Vec<String> = match self.node.get("networks").map(|node| &node.value) {
            Some(Value::Map(map)) => map.keys().cloned().collect(),
            Some(Value::List(list)) => list.iter().filter_map(scalar).collect(),
            _ => vec!["default".to_owned()],
        };
        let first = names.first().cloned().unwrap_or_else(|| "default".to_owned());
        if names.len() > 1 {
            notes.push(format!("it is in the networks {}; {first} is taken", names.join(", ")));
        }
        let declared = root.get("networks").and_then(|networks| networks.get(&first));
        let external = declared
            .and_then(|network| network.get("external"))
            .is_some_and(|external| !matches!(external.value, Value::Bool(false) | Value::Null));
        let network = match declared.and_then(|network| network.get("name")).and_then(Node::as_str)
        {
            Some(name) => defaults(name),
            None if external => first,
            None => format!("{project}_{first}"),
        };
        Ok((self.container(project), Some(network)))
    }
}

/// The port inside the container of `"127.0.0.1:8000:80/tcp"`, `80` or `{target: 80}`.
fn inside(node: &Node) -> Option<u16> {
    if let Some(target) = node.get("target") {
        return scalar(target)?.parse().ok();
    }
    let text = defaults(&scalar(node)?);
    let (text, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    let port = text.rsplit(':').next()?;
    if protocol == "tcp" { port.parse().ok() } else { None }
}
