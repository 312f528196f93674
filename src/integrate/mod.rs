//! A running container → an entry under `services:`, and what the container needs to be monitored well.
//!
//! * [`look()`] asks the engine and the container's ports; changes nothing
//! * [`Entry`] what is to be written, [`block`] as text
//! * [`insert`] puts the entry into the manifest's text, where everything else stays as it is
//! * [`environment`] what the container should be told, and the block of an env file that says it
//! * [`change`] a file's text before and after; [`place`] which files those are

pub mod block;
pub mod change;
pub mod environment;
pub mod insert;
pub mod look;
pub mod place;

pub use change::Change;
pub use look::{Seen, Served, look};

use serde_json::Value as Json;

use crate::manifest::{Document, Name};
use crate::mcp::Heard;
use crate::mcp::target::Protocol;

/// The entry that a container gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The service's name.
    pub name: Name,
    /// Keys and values, in the order of the manifest's documentation.
    pub fields: Vec<(&'static str, Json)>,
    /// The network under whose names it is reached; none on the host's own network.
    pub network: Option<String>,
}

/// How an entry stands to what the manifest says already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not there.
    New,
    /// It is there; what differs is told.
    There(Name, Vec<String>),
    /// Another service has the name.
    Taken,
}

impl Entry {
    /// What is to be written about a container.
    pub fn new(seen: &Seen, name: Option<Name>, group: Option<&Name>) -> Self {
        let name = name.unwrap_or_else(|| Name::from_any(&seen.suggested));
        let mut fields = Vec::new();
        fields.extend(group.map(|group| ("group", group.to_string().into())));
        let at = |port: u16, path: &str| format!("http://{}:{port}{path}", seen.host);
        let served = seen.mcp.as_ref();
        fields
            .extend(served.map(|mcp| ("mcp", written(&at(mcp.port, mcp.heard.path), &mcp.heard))));
        if let Some(metrics) = &seen.metrics {
            fields.push(("metrics", at(metrics.port, &metrics.path).into()));
            fields.extend(metrics.dialect.clone().map(|dialect| ("dialect", dialect.into())));
        }
        fields.push(("container", seen.container.clone().into()));
        Self { name, fields, network: seen.network.clone() }
    }

    /// What stands under its name.
    pub fn json(&self) -> Json {
        let fields = self.fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        Json::Object(fields.collect())
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| *key == name)?.1.as_str()
    }

    /// How it stands to the manifest.
    pub fn standing(&self, document: &Document) -> Standing {
        let container = self.field("container").unwrap_or_default();
        let services = &document.manifest.services;
        let same = services.iter().find(|(_, service)| {
            let metrics = service.metrics.as_ref().map(|endpoint| endpoint.url.to_string());
            service.container.as_ref().is_some_and(|name| name.to_string() == container)
                || metrics.is_some() && metrics.as_deref() == self.field("metrics")
        });
        let Some((name, service)) = same else {
            return if services.contains_key(&self.name) { Standing::Taken } else { Standing::New };
        };
        let metrics = service.metrics.as_ref().map(|endpoint| endpoint.url.to_string());
        let written = [
            ("metrics", metrics),
            ("dialect", service.dialect.clone().or(document.manifest.defaults.dialect.clone())),
            ("container", service.container.as_ref().map(ToString::to_string)),
        ];
        let differs = written.into_iter().filter_map(|(key, has)| {
            let found = self.field(key)?;
            let has = has.unwrap_or_else(|| "nothing".to_owned());
            (has != found).then(|| format!("`{key}` is {has}, and {found} was found"))
        });
        Standing::There(name.clone(), differs.collect())
    }
}

/// A server that was found, as the manifest's `mcp`.
pub fn written(url: &str, heard: &Heard) -> Json {
    let mut map = serde_json::Map::new();
    map.insert("url".to_owned(), url.into());
    if let Some(host) = &heard.host_header {
        map.insert("host_header".to_owned(), host.as_str().into());
    }
    if heard.protocol == Protocol::Sse {
        map.insert("protocol".to_owned(), "sse".into());
    }
    if heard.report.challenge.is_some() {
        map.insert("accept_auth_challenge".to_owned(), true.into());
    }
    if map.len() == 1 { url.into() } else { map.into() }
}
