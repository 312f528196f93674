//! At which path of an address a server answers.

use std::time::Duration;

use url::Url;

use super::report::{Reason, Report, Transport};
use super::target::{Ask, At, Depth, Http, Protocol, Target, Tls};
use super::{Eras, probe};

/// Where servers are found, most usual first.
const PLACES: [(&str, Protocol); 3] =
    [("/mcp", Protocol::Auto), ("/sse", Protocol::Sse), ("/", Protocol::Auto)];
/// Longest time at one path. A server that says nothing for so long is not asked at another.
const DEADLINE: Duration = Duration::from_secs(3);

/// A server that was found.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The path.
    pub path: &'static str,
    /// The protocol that it has to be asked in, where it is not found out.
    pub protocol: Protocol,
    /// The header `Host` that it takes, where it refused the one that it will be asked with.
    pub host_header: Option<String>,
    /// What it said.
    pub report: Report,
}

/// Shakes hands at the usual paths of `base` (`http://127.0.0.1:8000`), with the header `Host` that it will be asked
/// with later. Something that speaks HTTP and not MCP sees seven requests at most; no tool is listed or called.
pub async fn find(base: &Url, host: &str) -> Option<Heard> {
    for (path, protocol) in PLACES {
        let mut host_header = None;
        let mut report = shake(base, path, protocol, host).await?;
        if reason(&report) == Some(Reason::HostRejected) {
            let own = format!("127.0.0.1:{}", base.port_or_known_default()?);
            report = shake(base, path, protocol, &own).await?;
            host_header = Some(own);
        }
        if speaks(&report) {
            let sse =
                report.protocol.as_ref().is_some_and(|spoken| spoken.transport == Transport::Sse);
            let protocol = if sse { Protocol::Sse } else { Protocol::Auto };
            return Some(Heard { path, protocol, host_header, report });
        }
        if reason(&report).is_some_and(is_final) {
            return None;
        }
    }
    None
}

async fn shake(base: &Url, path: &str, protocol: Protocol, host: &str) -> Option<Report> {
    let target = Target {
        name: String::new(),
        at: At::Http(Box::new(Http {
            url: base.join(path).ok()?,
            host_header: Some(host.to_owned()),
            credentials: None,
            tls: Tls::default(),
            accept_auth_challenge: false,
        })),
        protocol,
    };
    let ask =
        Ask { depth: Depth::Handshake, deadline: DEADLINE, expect_tools: Vec::new(), call: None };
    Some(probe(&target, &ask, &Eras::default()).await)
}

fn reason(report: &Report) -> Option<Reason> {
    report.failure.as_ref().map(|failure| failure.reason)
}

/// Whoever does not answer here answers nowhere, and who lets nobody in does so everywhere.
fn is_final(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Connect
            | Reason::Timeout
            | Reason::Dns
            | Reason::Tls
            | Reason::AuthRequired
            | Reason::Forbidden
            | Reason::RateLimited
    )
}

/// Whether an answer is one that only an MCP server gives. Much else answers 401; where to sign in is said by the
/// protocol's rules alone.
fn speaks(report: &Report) -> bool {
    let challenged = report.challenge.as_ref().is_some_and(|c| c.resource_metadata.is_some());
    report.success || report.protocol.is_some() || challenged
}
