//! Docker MCP catalogs: `registry:` with a server per key.

use super::clients::add;
use super::server::{Inputs, Leave, Server};
use super::{Found, Names};
use crate::yaml::Node;

/// Reads the servers of a catalog that have an address.
pub fn read(found: &mut Found, names: &mut Names, root: &Node) {
    let inputs = Inputs::new();
    let mut started = Vec::new();
    let mut first = None;
    for (about, keyed) in root.get("registry").and_then(Node::as_map).into_iter().flatten() {
        let node = &keyed.node;
        let Some(remote) = node.get("remote").filter(|remote| remote.as_map().is_some()) else {
            first = first.or(Some(keyed.key));
            started.push(about.as_str());
            continue;
        };
        let name = names.free(about);
        match Server::read(&name, about, &inputs, remote) {
            Ok(mut server) => {
                let text = ["title", "description"].iter().find_map(|key| node.get(key)?.as_str());
                server.described(text.unwrap_or_default());
                if node.get("oauth").is_some() && !server.mcp.contains_key("auth") {
                    server.accept_challenge(keyed.key);
                }
                add(found, names, server, keyed);
            }
            Err(Leave(span, text)) => found.left_out(span.or(Some(keyed.key)), about, text),
        }
    }
    if !started.is_empty() {
        let text = "the gateway starts a container for each call, so there is nothing to ask between two; monitor the gateway itself, with its address as `mcp`";
        found.left_out(first, &listed(&started), text);
    }
}

/// Names in one line, however many there are.
pub(super) fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
