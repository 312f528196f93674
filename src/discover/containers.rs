//! Running containers that serve MCP and that the manifest does not have.

use indexmap::IndexMap;

use crate::engine::{Container, Reader, Status};
use crate::exit::Stop;
use crate::integrate::{Seen, look};
use crate::manifest::Document;
use crate::render::rules::Dialect;

/// What became of a container.
#[derive(Debug)]
pub enum Looked {
    /// It serves MCP.
    Serves(Box<Seen>),
    /// It is not proposed, for this reason.
    Not(String, String),
}

/// Looks at the running containers, or at those that are named.
///
/// # Errors
/// When the engine does not answer, or one that is named is not there.
pub async fn look_at(
    reader: &Reader,
    document: &Document,
    dialects: &IndexMap<String, Dialect>,
    named: &[String],
) -> anyhow::Result<Vec<Looked>> {
    let mut names = if named.is_empty() { reader.running().await? } else { named.to_vec() };
    names.sort();
    let mut looked = Vec::new();
    for name in names {
        let about = reader.container(&name).await?;
        let left_out = about.as_ref().and_then(|about| left_out(about, document));
        if let Some(reason) = left_out {
            looked.push(Looked::Not(name, reason));
            continue;
        }
        match look(reader, document, dialects, &name).await {
            Ok(seen) if seen.mcp.is_some() => looked.push(Looked::Serves(Box::new(seen))),
            Ok(seen) => looked.push(Looked::Not(name, silent(&seen))),
            Err(error) if about.is_some() && error.is::<Stop>() => {
                let text = error.to_string();
                let words: Vec<&str> = text.split_whitespace().collect();
                looked.push(Looked::Not(name, words.join(" ")));
            }
            // One that nobody named may well have gone in the meantime.
            Err(_) if about.is_none() && named.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(looked)
}

/// Why a container is not asked at all.
fn left_out(about: &Container, document: &Document) -> Option<String> {
    if let Some(stack) = about.stack() {
        return Some(format!("part of the stack {stack}"));
    }
    if about.state.status != Status::Running {
        return Some("does not run".to_owned());
    }
    let services = &document.manifest.services;
    let same = services.iter().find(|(_, service)| {
        let host = |url: &crate::manifest::Url| url.host() == about.name;
        service.container.as_ref().is_some_and(|name| name.as_str() == about.name)
            || service.addresses().any(|(_, url, _)| host(url))
    });
    same.map(|(name, _)| format!("in the manifest already, as `{name}`"))
}

fn silent(seen: &Seen) -> String {
    let ports: Vec<String> = seen.tried.iter().map(ToString::to_string).collect();
    format!("speaks no MCP at port {}", ports.join(", "))
}
