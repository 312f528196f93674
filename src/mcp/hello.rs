//! What a server says of itself when a conversation begins.

use serde_json::Value as Json;

use super::era::Era;
use super::fault::Fault;
use super::message::{self, LEGACY, MODERN};
use super::report::{Reason, Server};
use super::text::{NAME, clean};

/// Versions and capabilities of a server that are looked at.
const MAX_NAMES: usize = 50;

/// Who a server is and what it offers.
#[derive(Debug)]
pub(super) struct Hello {
    /// The version that is spoken from now on.
    pub version: String,
    pub server: Option<Server>,
    pub capabilities: Vec<String>,
}

impl Hello {
    /// The answer to the first question of an era.
    pub fn read(era: Era, said: &Json) -> Result<Self, Fault> {
        let (version, server) = match era {
            Era::Modern => {
                (modern(said)?, said.pointer("/_meta/io.modelcontextprotocol~1serverInfo"))
            }
            Era::Legacy => (legacy(said)?, said.get("serverInfo")),
        };
        let text = |server: &Json, name: &str| {
            clean(server.get(name).and_then(Json::as_str).unwrap_or_default(), NAME)
        };
        let server = server
            .map(|server| Server { name: text(server, "name"), version: text(server, "version") });
        let offered = said.get("capabilities").and_then(Json::as_object).into_iter().flatten();
        let offered = offered.filter(|(_, value)| !matches!(value, Json::Null | Json::Bool(false)));
        let mut capabilities: Vec<String> =
            offered.take(MAX_NAMES).map(|(name, _)| clean(name, NAME)).collect();
        capabilities.sort();
        Ok(Self { version: version.to_owned(), server, capabilities })
    }
}

fn modern(said: &Json) -> Result<&'static str, Fault> {
    let Some(supported) = said.get("supportedVersions").and_then(Json::as_array) else {
        let message = "an answer without `supportedVersions`";
        return Err(Fault::new(Reason::UnsupportedVersion, message));
    };
    let supported = supported.iter().filter_map(Json::as_str).take(MAX_NAMES);
    let supported: Vec<String> = supported.map(|version| clean(version, NAME)).collect();
    let known = MODERN.iter().find(|known| supported.iter().any(|version| version == *known));
    known.copied().ok_or_else(|| no_version(&supported))
}

fn legacy(said: &Json) -> Result<&'static str, Fault> {
    let version = said.get("protocolVersion").and_then(Json::as_str).unwrap_or_default();
    let known = LEGACY.iter().find(|known| **known == version);
    known.copied().ok_or_else(|| no_version(&[clean(version, NAME)]))
}

fn no_version(theirs: &[String]) -> Fault {
    let message = format!("no common version: the server has `{}`", theirs.join(", "));
    let is_modern_only = message::names_no_legacy(theirs);
    Fault { is_modern_only, ..Fault::new(Reason::UnsupportedVersion, message) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_agreed_on() {
        let modern = |versions: &[&str]| {
            Hello::read(Era::Modern, &json!({"supportedVersions": versions}))
                .map(|hello| hello.version)
                .map_err(|fault| (fault.message, fault.is_modern_only))
        };
        assert_eq!(modern(&["2031-01-01", "2026-07-28"]).unwrap(), "2026-07-28");
        let none = "no common version: the server has";
        assert_eq!(modern(&["2031-01-01"]), Err((format!("{none} `2031-01-01`"), true)));
        let both = modern(&["2031-01-01", "2025-06-18"]);
        assert_eq!(both, Err((format!("{none} `2031-01-01, 2025-06-18`"), false)));

        let legacy = |version: &str| {
            Hello::read(Era::Legacy, &json!({"protocolVersion": version}))
                .map(|hello| hello.version)
        };
        assert_eq!(legacy("2024-11-05").unwrap(), "2024-11-05");
        assert_eq!(legacy("2026-07-28").unwrap_err().reason, Reason::UnsupportedVersion);
    }

    #[test]
    fn what_is_offered_is_named() {
        let said = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}, "logging": null, "tasks": false, "prompts": {"listChanged": true}},
            "serverInfo": {"name": "a\nb"},
        });
        let hello = Hello::read(Era::Legacy, &said).unwrap();
        assert_eq!(hello.capabilities, ["prompts", "tools"]);
        let server = hello.server.unwrap();
        assert_eq!((server.name.as_str(), server.version.as_str()), ("a b", ""));
    }
}
