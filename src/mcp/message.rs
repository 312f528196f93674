//! JSON-RPC as MCP uses it.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::fault::{Fault, RpcError};
use super::report::Reason;
use super::text::{MESSAGE, NAME, clean};

/// Versions whose conversation begins with `server/discover`, the newest first.
pub(super) const MODERN: [&str; 1] = ["2026-07-28"];
/// Versions whose conversation begins with `initialize`, the newest first.
pub(super) const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The headers do not say what the body says.
pub(super) const HEADER_MISMATCH: i64 = -32020;
/// The server wants a capability that a client lacks.
pub(super) const MISSING_CAPABILITY: i64 = -32021;
/// The version is not one of the server's.
pub(super) const UNSUPPORTED_VERSION: i64 = -32022;

/// Values of one message. Parsed, a value takes some seventy bytes, however short it was written.
const MAX_VALUES: usize = 500_000;

/// A question without its number.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub method: &'static str,
    pub params: Map<String, Json>,
}

impl Question {
    pub fn new(method: &'static str) -> Self {
        Self { method, params: Map::new() }
    }

    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// It as a request.
    pub fn request(&self, id: u64) -> String {
        let mut request = json!({"jsonrpc": "2.0", "id": id, "method": self.method});
        if !self.params.is_empty() {
            request["params"] = Json::Object(self.params.clone());
        }
        request.to_string()
    }
}

/// A notification.
pub(super) fn notification(method: &str) -> String {
    json!({"jsonrpc": "2.0", "method": method}).to_string()
}

/// Who asks.
pub(super) fn client_info() -> Json {
    json!({"name": "mcpmon", "version": env!("CARGO_PKG_VERSION")})
}

/// What every request of the modern era says of itself.
pub(super) fn meta(version: &str) -> Json {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": client_info(),
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// A message from a server.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// An answer to the request of this number, if it says which.
    Answer { id: Option<Json>, outcome: Result<Json, RpcError> },
    /// A notification, or a request of the server's own, which a probe leaves unanswered.
    Aside,
}

impl Heard {
    /// Whether this answers the request of this number. An error may not say which it is about.
    pub fn is_for(&self, asked: u64) -> bool {
        match self {
            Self::Answer { id: Some(id), .. } => id.as_u64() == Some(asked),
            Self::Answer { id: None, outcome } => outcome.is_err(),
            Self::Aside => false,
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    jsonrpc: String,
    id: Option<Json>,
    method: Option<serde::de::IgnoredAny>,
    result: Option<Json>,
    error: Option<RawError>,
}

#[derive(Deserialize)]
struct RawError {
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<Json>,
}

/// The messages of a body, an event or a line: one, or a batch as 2025-03-26 allowed.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Heard>, Fault> {
    let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MAX_VALUES {
        let message = format!("a message of more than {MAX_VALUES} values");
        return Err(Fault::new(Reason::TooLarge, message));
    }
    let json: Json = serde_json::from_slice(bytes).map_err(|error| {
        let what = if error.is_eof() { "cut-off JSON" } else { "no JSON" };
        let message = format!("{what} ({error}): `{}`", beginning(bytes));
        Fault::new(Reason::BadJson, message)
    })?;
    let messages = match json {
        Json::Array(messages) => messages,
        message => vec![message],
    };
    let heard = |message| serde_json::from_value(message).ok().and_then(heard);
    let heard: Option<Vec<Heard>> = messages.into_iter().map(heard).collect();
    heard.ok_or_else(|| {
        let message = format!("JSON that is no JSON-RPC 2.0 message: `{}`", beginning(bytes));
        Fault::new(Reason::BadJson, message)
    })
}

fn beginning(bytes: &[u8]) -> String {
    clean(&String::from_utf8_lossy(bytes.get(..400).unwrap_or(bytes)), NAME)
}

fn heard(raw: Raw) -> Option<Heard> {
    if raw.jsonrpc != "2.0" {
        return None;
    }
    match raw {
        Raw { method: Some(_), .. } => Some(Heard::Aside),
        Raw { error: Some(error), id, .. } => {
            Some(Heard::Answer { id, outcome: Err(error.into()) })
        }
        Raw { result: Some(result), id, .. } => Some(Heard::Answer { id, outcome: Ok(result) }),
        _ => None,
    }
}

impl From<RawError> for RpcError {
    fn from(raw: RawError) -> Self {
        let supported = raw.data.as_ref().and_then(|data| data.get("supported")?.as_array());
        let supported = supported.into_iter().flatten().filter_map(Json::as_str);
        Self {
            code: raw.code,
            message: clean(&raw.message, MESSAGE),
            supported: supported.take(20).map(|version| clean(version, NAME)).collect(),
        }
    }
}

/// A JSON-RPC error as the reason of a failure.
pub(super) fn refused(error: RpcError) -> Fault {
    let reason = match error.code {
        HEADER_MISMATCH => Reason::HeaderMismatch,
        UNSUPPORTED_VERSION => Reason::UnsupportedVersion,
        _ => Reason::JsonrpcError,
    };
    let message = format!("error {}: {}", error.code, error.message);
    let is_modern_only = reason == Reason::UnsupportedVersion && names_no_legacy(&error.supported);
    Fault { error: Some(Box::new(error)), is_modern_only, ..Fault::new(reason, message) }
}

/// Whether a server that names its versions has none of the legacy era.
pub(super) fn names_no_legacy(versions: &[String]) -> bool {
    !versions.is_empty() && !versions.iter().any(|version| LEGACY.contains(&version.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(text: &str) -> Heard {
        parse(text.as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn answers_are_told_from_what_else_is_said() {
        let answer = one(r#"{"jsonrpc":"2.0","id":3,"result":{}}"#);
        assert_eq!(answer, Heard::Answer { id: Some(json!(3)), outcome: Ok(json!({})) });
        assert!(answer.is_for(3) && !answer.is_for(4));
        assert!(!one(r#"{"jsonrpc":"2.0","id":"3","result":{}}"#).is_for(3));
        assert_eq!(one(r#"{"jsonrpc":"2.0","id":3,"method":"roots/list"}"#), Heard::Aside);
        assert_eq!(one(r#"{"jsonrpc":"2.0","method":"notifications/message"}"#), Heard::Aside);
    }

    #[test]
    fn an_error_may_not_say_what_it_is_about() {
        let error = one(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}"#);
        assert!(error.is_for(7));
        let other = one(r#"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600}}"#);
        assert!(!other.is_for(7));
    }

    #[test]
    fn versions_are_read_from_an_error() {
        let text = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"x","data":{"supported":["2026-07-28"]}}}"#;
        let Heard::Answer { outcome: Err(error), .. } = one(text) else { panic!() };
        assert_eq!(error.supported, ["2026-07-28"]);
        assert_eq!(refused(error).reason, Reason::UnsupportedVersion);
    }

    #[test]
    fn what_is_no_message_is_said() {
        let said = |text: &str| {
            let fault = parse(text.as_bytes()).unwrap_err();
            assert_eq!(fault.reason, Reason::BadJson);
            fault.message
        };
        assert!(said("<html>").starts_with("no JSON ("));
        assert!(said(r#"{"jsonrpc":"2.0","id":1,"resu"#).starts_with("cut-off JSON ("));
        let no_message = "JSON that is no JSON-RPC 2.0 message: ";
        assert_eq!(said(r#"{"ok":true}"#), format!("{no_message}`{{\"ok\":true}}`"));
        assert!(said(r#"{"jsonrpc":"2.0","id":1}"#).starts_with(no_message));
        assert!(said(r#"{"jsonrpc":"1.0","id":1,"result":{}}"#).starts_with(no_message));
    }

    #[test]
    fn memory_is_bounded_by_values_not_bytes() {
        let bytes = format!("[{}0]", "0,".repeat(MAX_VALUES + 1));
        assert_eq!(parse(bytes.as_bytes()).unwrap_err().reason, Reason::TooLarge);
    }
}
