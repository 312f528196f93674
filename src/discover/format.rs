//! Which format a file has, by what stands in it.

use super::{Found, Names, catalog, clients, compose, text};
use crate::diagnostic::Diagnostic;
use crate::integrate::Entry;
use crate::manifest::{McpServer, ProbeDefaults, Service};
use crate::yaml::{self, Node, Span};

/// Where clients keep their servers.
const SERVERS: [&[&str]; 5] = [
    &["mcpServers"],
    &["servers"],
    &["mcp", "servers"],
    &["mcp.servers"],
    &["customizations", "vscode", "mcp", "servers"],
];

/// Reads one file: its name, the name of the folder that it stands in, and its text. What it holds is added to what was
/// found before.
///
/// # Errors
/// A text that is neither JSON nor YAML, or none of the formats.
pub fn read(
    found: &mut Found,
    names: &mut Names,
    file: &str,
    folder: &str,
    content: &str,
) -> Result<(), Diagnostic> {
    let source = found.sources.add(file, content);
    let root = text::parse(source, content).map_err(|problem| {
        let place = found.sources.place(problem.span);
        let told = Diagnostic::general(format!("{place}: {}", problem.message));
        match problem.help {
            Some(help) => told.help(help),
            None => told,
        }
    })?;
    let before = (found.entries.len(), found.notes.len());
    if root.get("registry").and_then(Node::as_map).is_some() {
        catalog::read(found, names, &root);
    } else if let Some(lists) = lists(&root) {
        clients::read(found, names, &root, &lists);
    } else if is_manifest(&root) {
        return Err(Diagnostic::general(format!("{file} is a manifest of mcpmon already"))
            .help(format!("`extends: {file}` takes it over, `-f {file}` uses it")));
    } else if root.get("services").and_then(Node::as_map).is_some() {
        compose::read(found, names, &root, folder);
    } else {
        return Err(unknown(file, &root));
    }
    if before == (found.entries.len(), found.notes.len()) {
        found.left_out(Some(Span { source, start: 0, end: 0 }), file, "no server stands in it");
    }
    Ok(())
}

/// Every map of servers, with the map that it stands in.
fn lists(root: &Node) -> Option<Vec<(&Node, &Node)>> {
    let mut lists = in_one(root);
    // Claude Code keeps those of each project in one file.
    for project in root.get("projects").and_then(Node::as_map).into_iter().flatten() {
        lists.extend(in_one(&project.1.node));
    }
    (!lists.is_empty()).then_some(lists)
}

fn in_one(node: &Node) -> Vec<(&Node, &Node)> {
    let at = |path: &&[&str]| {
        let (last, above) = path.split_last()?;
        let home = above.iter().try_fold(node, |node, key| node.get(key))?;
        let servers = home.get(last)?;
        servers.as_map().map(|_| (servers, home))
    };
    SERVERS.iter().filter_map(at).collect()
}

fn is_manifest(root: &Node) -> bool {
    let services = root.get("services").and_then(Node::as_map);
    let watched = services.is_some_and(|services| {
        services
            .values()
            .any(|entry| ["mcp", "metrics"].iter().any(|k| entry.node.get(k).is_some()))
    });
    watched || ["extends", "components"].iter().any(|key| root.get(key).is_some())
}

fn unknown(file: &str, root: &Node) -> Diagnostic {
    let has = match root.as_map() {
        Some(map) if !map.is_empty() => {
            let keys: Vec<String> = map.keys().take(5).map(|key| format!("`{key}`")).collect();
            format!("it has {}", keys.join(", "))
        }
        Some(_) => "it is empty".to_owned(),
        None => "it is no map".to_owned(),
    };
    Diagnostic::general(format!("{file} is none of the formats that are read: {has}")).help(
        "a client's configuration has `mcpServers` or `servers`, a Compose file `services`, a Docker MCP catalog `registry`",
    )
}

/// What keeps an entry from being a service of a manifest, in one line. None, where it is one.
pub(super) fn mistake(entry: &Entry) -> Option<String> {
    let text = entry.json().to_string();
    let node = match yaml::parse(0, &text) {
        Ok(node) => node,
        Err(problem) => return Some(problem.message),
    };
    let service: Service = match yaml::from_node(&node) {
        Ok(service) => service,
        Err(error) => return Some(error.message),
    };
    let mcp: Option<&McpServer> = service.mcp.as_ref().map(|mcp| &mcp.0);
    let mistakes = mcp.map(|mcp| mcp.mistakes(&ProbeDefaults::default())).unwrap_or_default();
    mistakes.into_iter().next().map(|mistake| mistake.message)
}
