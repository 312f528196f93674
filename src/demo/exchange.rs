//! One request and its answer, as the metrics and the log see it.
use std::time::Duration;

use serde::Deserialize;

use super::tools;

/// JSON-RPC's code for a failure inside the server.
pub const INTERNAL_ERROR: i64 = -32603;

/// What stands for a value that is none of the known ones, so that strangers cannot make up label values.
pub const OTHER: &str = "_OTHER";

/// The MCP methods that are told apart.
pub const METHODS: [&str; 6] = [
    "initialize",
    "notifications/initialized",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
];

/// The protocol versions that are told apart: the last with `initialize`, and the one without it.
pub const VERSIONS: [&str; 2] = [LEGACY, MODERN];
/// The last protocol version with an `initialize` handshake.
pub const LEGACY: &str = "2025-11-25";
/// The protocol version whose requests stand alone.
pub const MODERN: &str = "2026-07-28";

/// The routes that are measured, with the HTTP method each is for.
pub const ROUTES: [(&str, &str); 6] = [
    ("/mcp", "POST"),
    ("/stream", "GET"),
    ("/healthz", "GET"),
    ("/health/live", "GET"),
    ("/health/ready", "GET"),
    ("/", "GET"),
];

/// The statuses that a route may answer with: what is in order, refused, or wrong.
pub fn statuses(route: &str) -> &'static [&'static str] {
    match route {
        // A notification is accepted with 202.
        "/mcp" => &["200", "202", "400", "401", "429", "500"],
        "/stream" => &["200", "401"],
        "/health/ready" => &["200", "503"],
        _ => &["200"],
    }
}

/// Where metrics are served.
pub const EXPOSITION: [&str; 2] = ["/metrics", "/health/metrics"];

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// One of [`ROUTES`], or nothing where there is no such route.
    pub route: Option<&'static str>,
    /// The HTTP method.
    pub http_method: &'static str,
}

impl Arrival {
    /// Sorts a request in. Scrapes and the control of the demonstration are no traffic: they have no arrival.
    pub fn of(http_method: &str, path: &str) -> Option<Self> {
        if EXPOSITION.contains(&path) || path.starts_with("/control/") {
            return None;
        }
        let route = ROUTES.iter().map(|(route, _)| *route).find(|route| *route == path);
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        Some(Self { route, http_method: one_of(&methods, http_method).unwrap_or(OTHER) })
    }

    /// Whether it is for the MCP endpoint.
    pub fn is_mcp(&self) -> bool {
        self.route == Some("/mcp")
    }
}

/// The MCP message that a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// One of [`METHODS`], or [`OTHER`].
    pub method: &'static str,
    /// The tool that is called, if it is one of ours.
    pub tool: Option<&'static str>,
    /// One of [`VERSIONS`], if it says so.
    pub version: Option<&'static str>,
}

/// How an MCP message failed, in JSON-RPC's words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// The error's code.
    pub code: i64,
    /// The error's text.
    pub message: String,
}

/// An answered request.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Where it went.
    pub arrival: Arrival,
    /// What was asked of the MCP endpoint.
    pub call: Option<Call>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// How the MCP message failed.
    pub failure: Option<Failure>,
    /// Whether its credentials were right, if it showed any.
    pub authentic: Option<bool>,
    /// Whether it was one too many, if that was asked.
    pub limited: Option<bool>,
    /// Time to the answer.
    pub duration: Duration,
    /// Size of the request's body.
    pub request_bytes: usize,
    /// Size of the answer's body.
    pub response_bytes: usize,
}

impl Exchange {
    /// Whether it went wrong in any way: by status or inside JSON-RPC.
    pub fn failed(&self) -> bool {
        self.failure.is_some() || self.status >= 400
    }

    /// The tool that ran: a call that was turned away ran none.
    pub fn executed(&self) -> Option<&'static str> {
        let refused = self.authentic == Some(false) || self.limited == Some(true);
        self.call.filter(|_| !refused)?.tool
    }
}

impl Call {
    /// Reads the message in a request's body; `header` is its `MCP-Protocol-Version`.
    pub fn read(body: &[u8], header: Option<&str>) -> Option<Self> {
        let message: Message = serde_json::from_slice(body).ok()?;
        let params = message.params.unwrap_or_default();
        let version = header.or(params.protocol_version.as_deref());
        let tool = params.name.as_deref().filter(|_| message.method == "tools/call");
        Some(Self {
            method: one_of(&METHODS, &message.method).unwrap_or(OTHER),
            tool: tool.and_then(|name| one_of(&tools::NAMES, name)),
            version: version.and_then(|version| one_of(&VERSIONS, version)),
        })
    }
}

impl Failure {
    /// Reads the error in an answer's body, if it is one.
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Answer>(body).ok()?.error
    }
}

#[derive(Deserialize)]
struct Message {
    method: String,
    params: Option<Params>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    name: Option<String>,
    protocol_version: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Failure>,
}

fn one_of(known: &[&'static str], value: &str) -> Option<&'static str> {
    known.iter().copied().find(|name| *name == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_known_values_only() {
        let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"translate","arguments":{}}}"#;
        let call = Call::read(body, Some(MODERN)).unwrap();
        assert_eq!(
            call,
            Call { method: "tools/call", tool: Some("translate"), version: Some(MODERN) }
        );

        let body = br#"{"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"x"}}}"#;
        let call = Call::read(body, None).unwrap();
        assert_eq!(call, Call { method: "initialize", tool: None, version: Some(LEGACY) });

        let call =
            Call::read(br#"{"method":"made/up","params":{"name":"translate"}}"#, Some("1999"))
                .unwrap();
        assert_eq!(call, Call { method: OTHER, tool: None, version: None });
        assert_eq!(Call::read(b"not json", None), None);
    }

    #[test]
    fn a_failure_is_read_from_an_error_only() {
        let body = br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"gone"}}"#;
        assert_eq!(
            Failure::read(body),
            Some(Failure { code: INTERNAL_ERROR, message: "gone".to_owned() })
        );
        assert_eq!(Failure::read(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), None);
    }

    #[test]
    fn scrapes_and_control_are_no_traffic() {
        assert_eq!(Arrival::of("GET", "/metrics"), None);
        assert_eq!(Arrival::of("GET", "/health/metrics"), None);
        assert_eq!(Arrival::of("POST", "/control/log"), None);
        assert_eq!(
            Arrival::of("POST", "/mcp"),
            Some(Arrival { route: Some("/mcp"), http_method: "POST" })
        );
        assert_eq!(Arrival::of("BREW", "/pot"), Some(Arrival { route: None, http_method: OTHER }));
    }
}
