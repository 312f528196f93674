//! Ports of a host, only where somebody asks for them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use url::Url;

use crate::manifest::{Document, Host};
use crate::mcp::{self, Heard};

/// Most ports that are tried.
const MOST: usize = 1024;
/// Longest time for a connection.
const CONNECT: Duration = Duration::from_millis(500);
/// Ports that are tried side by side.
const SIDE_BY_SIDE: usize = 32;

/// A port or a range of ports: `8000`, `8000-8100`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    first: u16,
    last: u16,
}

impl Ports {
    /// Reads a port or a range.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write a port or a range of ports, such as `8000` or `8000-8100`".to_owned();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong);
        let ports = Self { first: port(first)?, last: port(last)? };
        if ports.first > ports.last {
            return Err("the first port of a range is the smaller one".to_owned());
        }
        if usize::from(ports.last - ports.first) >= MOST {
            return Err(format!("at most {MOST} ports are tried at once"));
        }
        Ok(ports)
    }
}

/// A server that answered at a port.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its address for the stack's containers.
    pub url: String,
    /// The port.
    pub port: u16,
    /// What it said.
    pub heard: Heard,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tried {
    /// Servers that answered.
    pub open: Vec<Open>,
    /// Ports at which something else listens.
    pub others: Vec<u16>,
    /// Ports that were not tried, for they are in the manifest.
    pub known: Vec<u16>,
    /// How many ports were tried.
    pub tried: usize,
}

/// Connects to each port and shakes hands where something listens. `taken` are ports of containers, which are looked
/// at as such.
pub async fn try_all(
    host: &Host,
    ranges: &[Ports],
    taken: &BTreeSet<u16>,
    document: &Document,
) -> Tried {
    let own = is_own(host);
    let seen_as = if own { "host.docker.internal" } else { host.as_str() };
    let all: BTreeSet<u16> = ranges.iter().flat_map(|range| range.first..=range.last).collect();
    let is_known = |port: &u16| {
        document.manifest.services.values().any(|service| {
            service.addresses().any(|(_, url, _)| url.host() == seen_as && url.port() == *port)
        })
    };
    let mut tried =
        Tried { known: all.iter().copied().filter(is_known).collect(), ..Tried::default() };
    let ports: Vec<u16> = all
        .into_iter()
        .filter(|port| !taken.contains(port) && !tried.known.contains(port))
        .collect();
    tried.tried = ports.len();
    let gate = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let asked = ports.into_iter().map(|port| {
        let gate = Arc::clone(&gate);
        async move {
            // The gate is never closed.
            let _turn = gate.acquire().await.ok()?;
            let address = format!("{}:{port}", if own { "127.0.0.1" } else { host.as_str() });
            let connection = tokio::time::timeout(CONNECT, TcpStream::connect(&address)).await;
            drop(connection.ok()?.ok()?);
            let base = Url::parse(&format!("http://{address}")).ok()?;
            let heard = mcp::find(&base, &format!("{seen_as}:{port}")).await;
            let open = |heard: Heard| Open {
                url: format!("http://{seen_as}:{port}{}", heard.path),
                port,
                heard,
            };
            Some((port, heard.map(open)))
        }
    });
    for (port, open) in join_all(asked).await.into_iter().flatten() {
        match open {
            Some(open) => tried.open.push(open),
            None => tried.others.push(port),
        }
    }
    tried
}

/// Whether a host is the one that mcpmon runs on.
fn is_own(host: &Host) -> bool {
    let host = host.as_str();
    matches!(host, "localhost" | "[::1]") || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_one_or_a_range() {
        assert_eq!(Ports::parse("8000"), Ok(Ports { first: 8000, last: 8000 }));
        assert_eq!(Ports::parse("8000-8100"), Ok(Ports { first: 8000, last: 8100 }));
        for text in ["", "x", "0", "1-0", "8100-8000", "70000", "1-", "1-65535", "-1"] {
            assert!(Ports::parse(text).is_err(), "{text}");
        }
    }
}
