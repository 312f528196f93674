//! What came of a probe.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value as Json;

use super::era::Era;

/// One probe. Text from the server is cut to a sane length and holds no control characters.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether the server did all that was asked.
    pub success: bool,
    /// Seconds that it all took.
    #[serde(serialize_with = "seconds")]
    pub duration: Duration,
    /// What was done, in order. Each step stands once: one that is repeated adds up. Beside the one that the
    /// probe failed at, those may have failed that only found out which protocol is spoken.
    pub steps: Vec<Step>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Era, version and transport, once known.
    pub protocol: Option<Spoken>,
    /// Who the server says that it is.
    pub server: Option<Server>,
    /// Names of the capabilities that it offers: `tools`, `resources`, `prompts` …
    pub capabilities: Vec<String>,
    /// Its tools, sorted by name, where they were listed.
    pub tools: Option<Vec<Tool>>,
    /// 52 bits of SHA-256 over its tools in canonical form; changes when a tool's name, title, description,
    /// schema or annotations do, and not with their order.
    pub tools_fingerprint: Option<u64>,
    /// Expected tools that were not there.
    pub tools_missing: Vec<String>,
    /// Whether the server began a session.
    pub session_issued: bool,
    /// Whether it answered as a stream.
    pub sse_response: bool,
    /// The challenge of a 401.
    pub challenge: Option<Challenge>,
    /// When the first certificate of its chain ends, in seconds since 1970.
    pub certificate_expiry: Option<i64>,
    /// What the called tool returned, as it came: not cut, and with whatever characters are in it.
    pub called: Option<Json>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Which.
    pub name: StepName,
    /// Seconds that it took.
    #[serde(serialize_with = "seconds")]
    pub duration: Duration,
    /// Whether it worked.
    pub success: bool,
    /// HTTP status of its answer.
    pub http_status: Option<u16>,
    /// Code of the JSON-RPC error that was returned.
    pub jsonrpc_error: Option<i64>,
    /// Bytes of the answer's body.
    pub bytes: Option<u64>,
}

/// The steps that there are; those of opening a connection are timed apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// The host's name to addresses.
    Resolve,
    /// TCP.
    Connect,
    /// The TLS handshake.
    Tls,
    /// A program's start.
    Spawn,
    /// `server/discover`.
    Discover,
    /// The stream of HTTP+SSE until its `endpoint` event.
    Endpoint,
    /// `initialize`.
    Initialize,
    /// `notifications/initialized`.
    Initialized,
    /// `ping`.
    Ping,
    /// `tools/list`, all pages.
    ToolsList,
    /// `tools/call`.
    ToolsCall,
    /// The end of the session, the stream or the program.
    Close,
}

/// Why a probe failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The reason, of a fixed set.
    pub reason: Reason,
    /// What happened, in one line.
    pub message: String,
    /// What to do about it, in one line.
    pub advice: String,
}

/// The reasons that there are; a label value of `mcp_probe_failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The host's name has no address.
    Dns,
    /// Nobody listens, or the connection broke.
    Connect,
    /// The TLS handshake or the certificate.
    Tls,
    /// The deadline passed.
    Timeout,
    /// An HTTP status that has no reason of its own.
    HttpStatus,
    /// 401.
    AuthRequired,
    /// 403.
    Forbidden,
    /// 421: the header `Host` is not one that the server takes.
    HostRejected,
    /// 406.
    NotAcceptable,
    /// 429.
    RateLimited,
    /// The headers that the server saw are not those that were sent.
    HeaderMismatch,
    /// No common version.
    UnsupportedVersion,
    /// A redirect that is not followed.
    Redirect,
    /// Neither JSON nor a stream.
    BadContentType,
    /// A stream that is none.
    BadSse,
    /// A body that is no JSON-RPC.
    BadJson,
    /// An answer to something that was not asked.
    WrongId,
    /// A JSON-RPC error.
    JsonrpcError,
    /// The session is gone.
    SessionLost,
    /// More bytes, events or pages than are read.
    TooLarge,
    /// Expected tools are not there.
    ToolsMissing,
    /// The called tool returned an error.
    ToolError,
    /// The program could not be started.
    SpawnFailed,
    /// The program ended.
    ProcessExited,
    /// The program wrote something else than messages.
    StdoutNoise,
}

/// What is spoken with a server.
#[derive(Clone, Debug, Serialize)]
pub struct Spoken {
    /// The era.
    pub era: Era,
    /// The negotiated version: `2025-11-25`.
    pub version: String,
    /// The transport.
    pub transport: Transport,
}

/// The transports that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Streamable HTTP.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05.
    Sse,
    /// Standard input and output.
    Stdio,
}

/// Who a server says that it is.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// Its name; may be empty.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
}

/// One tool.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, in the server's words.
    pub description: String,
}

/// The challenge of a 401.
#[derive(Clone, Debug, Serialize)]
pub struct Challenge {
    /// The header `WWW-Authenticate`.
    pub header: Option<String>,
    /// Where the metadata of the protected resource can be read.
    pub resource_metadata: Option<String>,
}

/// The word that a reason, a step, an era … has in JSON, and in labels.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Json::String(word)) => word,
        _ => String::new(),
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
