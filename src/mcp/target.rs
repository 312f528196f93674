//! What is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// One MCP server.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name: the key under which its era is remembered.
    pub name: String,
    /// Where it is.
    pub at: At,
    /// Which protocol it is asked in.
    pub protocol: Protocol,
}

/// Where a server is.
#[derive(Clone, Debug)]
pub enum At {
    /// Behind a URL.
    Http(Box<Http>),
    /// A program that speaks on its standard input and output.
    Stdio(Command),
}

/// A server behind a URL.
#[derive(Clone, Debug)]
pub struct Http {
    /// `http` or `https`, without credentials in it.
    pub url: Url,
    /// Value of the header `Host`, where the server takes another one than the URL's.
    pub host_header: Option<String>,
    /// What it asks for.
    pub credentials: Option<Credentials>,
    /// How its certificate is checked.
    pub tls: Tls,
    /// A 401 with metadata that can be read is an answer as good as any: the server is alive.
    pub accept_auth_challenge: bool,
}

/// Credentials as they are sent. `Debug` hides them.
#[derive(Clone)]
pub enum Credentials {
    /// `Authorization: Bearer …`
    Bearer(String),
    /// `Authorization: Basic …`
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
    /// A header of its own.
    Header {
        /// The header's name.
        name: String,
        /// Its value.
        value: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(…)",
            Self::Basic { .. } => "Basic(…)",
            Self::Header { .. } => "Header(…)",
        })
    }
}

/// How a certificate is checked.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Authorities in PEM, in place of the public ones.
    pub ca: Option<Vec<u8>>,
    /// Name in the certificate, where it differs from the URL's host.
    pub server_name: Option<String>,
    /// Take any certificate.
    pub insecure_skip_verify: bool,
}

/// A program, started for one probe and ended after it.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment beside `PATH` and `HOME`.
    pub env: BTreeMap<String, String>,
    /// The folder that it starts in.
    pub dir: Option<PathBuf>,
    /// Whether it runs as nobody, who can open nothing that is mcpmon's. Only root can have that done.
    pub as_nobody: bool,
}

/// Which protocol a server is asked in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Modern first, then legacy, then HTTP+SSE; what worked is remembered.
    #[default]
    Auto,
    /// `server/discover` and nothing else.
    Modern,
    /// `initialize` over Streamable HTTP or stdio.
    Legacy,
    /// The transport of 2024-11-05: a stream for answers, POST for questions.
    Sse,
}

/// How far a probe goes.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Until the server has said who it is.
    Handshake,
    /// And has answered a ping, where its era has one.
    Ping,
    /// And has listed its tools.
    #[default]
    Tools,
}

/// What is asked of a server.
#[derive(Clone, Debug)]
pub struct Ask {
    /// How far it goes.
    pub depth: Depth,
    /// Longest time of it all.
    pub deadline: Duration,
    /// Tools that must be among those listed; they are listed for that, whatever the depth.
    pub expect_tools: Vec<String>,
    /// A tool to call, only where a person asked for it.
    pub call: Option<Call>,
}

/// A call of one tool.
#[derive(Clone, Debug)]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: serde_json::Map<String, serde_json::Value>,
}
