//! Configurations of MCP clients: Claude Code, Claude Desktop, Cursor, VS Code and those that took over their format.

use serde_json::Value as Json;

use super::server::{Input, Inputs, Leave, Server};
use super::{Found, Names, format};
use crate::integrate::Entry;
use crate::yaml::{Entry as Keyed, Node, Value};

/// Reads every server of every list.
pub fn read(found: &mut Found, names: &mut Names, root: &Node, lists: &[(&Node, &Node)]) {
    for (servers, home) in lists {
        let mut inputs = questions(root);
        inputs.extend(questions(home));
        for (about, keyed) in servers.as_map().into_iter().flatten() {
            let name = names.free(about);
            match Server::read(&name, about, &inputs, &keyed.node) {
                Ok(server) => add(found, names, server, keyed),
                Err(Leave(span, text)) => found.left_out(span.or(Some(keyed.key)), about, text),
            }
        }
    }
}

/// Adds a server that was read, unless it is there already or would be no service.
pub(super) fn add(found: &mut Found, names: &mut Names, server: Server<'_>, keyed: &Keyed) {
    let mcp = Json::Object(server.mcp);
    if let Some(same) = found.entries.iter().find(|entry| reached_alike(entry, &mcp)) {
        let text = format!("it is `{}` already", same.name);
        found.left_out(Some(keyed.key), server.about, text);
        return;
    }
    let short =
        mcp.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("url").cloned());
    let mut fields = Vec::new();
    fields.extend(server.description.map(|text| ("description", Json::from(text))));
    fields.push(("mcp", short.unwrap_or(mcp)));
    let entry = Entry { name: server.name.clone(), fields, network: None };
    if let Some(mistake) = format::mistake(&entry) {
        found.left_out(Some(keyed.key), server.about, mistake);
        return;
    }
    if entry.name.as_str() != server.about {
        found.note(Some(keyed.key), server.about, format!("is called `{}`", entry.name));
    }
    for (span, text) in server.notes {
        found.note(span, server.about, text);
    }
    for secret in server.secrets {
        // One answer may go to several servers.
        if !found.secrets.iter().any(|other| other.file == secret.file) {
            found.secrets.push(secret);
        }
    }
    names.take(&entry.name);
    found.entries.push(entry);
}

/// Whether two servers have the same address, or are the same program told the same.
fn reached_alike(entry: &Entry, mcp: &Json) -> bool {
    let other = entry.json();
    let Some(other) = other.get("mcp") else { return false };
    let url =
        |value: &Json| value.as_str().or_else(|| value.get("url")?.as_str()).map(str::to_owned);
    let keys = |value: &Json| {
        value.get("env").and_then(Json::as_object).map(|env| {
            env.iter()
                // Where a secret is looked for depends on the service's name.
                .map(|(key, value)| (key.clone(), value.as_str().map(str::to_owned)))
                .collect::<std::collections::BTreeMap<_, _>>()
        })
    };
    match url(mcp) {
        Some(address) => url(other).as_ref() == Some(&address),
        None => {
            other.get("command").is_some()
                && other.get("command") == mcp.get("command")
                && keys(other) == keys(mcp)
        }
    }
}

/// What an editor asks its user.
fn questions(home: &Node) -> Inputs {
    let Some(Node { value: Value::List(list), .. }) = home.get("inputs") else {
        return Inputs::new();
    };
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let question = |node: &Node| {
        let password =
            matches!(node.get("password").map(|node| &node.value), Some(Value::Bool(true)));
        Some((text(node, "id")?, Input { password, default: text(node, "default") }))
    };
    list.iter().filter_map(question).collect()
}
