//! The service's own clients: real MCP requests over loopback, at random but steady.
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;

use crate::check::tls;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::behaviour::Behaviour;
use super::exchange::{LEGACY, MODERN};
use super::measure::CREDENTIALS;
use super::random::Random;
use super::tools;

/// The most steps under way at once; beyond it, the clients wait.
const MAX_AT_ONCE: usize = 64;
/// When a client gives up.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How far the clients may be behind their rate and still catch up.
const MAX_LAG: Duration = Duration::from_millis(100);
/// How often each step is drawn: mostly tool calls, as with real clients.
const STEPS: [(f64, Kind); 5] = [
    (1.0, Kind::Handshake),
    (1.0, Kind::Discover),
    (2.0, Kind::List),
    (23.0, Kind::LegacyCall),
    (23.0, Kind::ModernCall),
];
/// How often a step watches a stream instead, where the service counts streams.
const STREAMS: f64 = 0.1;
/// Mean number of requests in a step: a handshake has three.
const REQUESTS_PER_STEP: f64 = 1.04;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Handshake,
    Discover,
    List,
    LegacyCall,
    ModernCall,
}

/// One step of a client: requests that follow each other.
type Step = Vec<Message>;

/// One MCP message in the form of one era.
#[derive(Debug, Clone, PartialEq)]
struct Message {
    version: &'static str,
    method: &'static str,
    tool: Option<&'static str>,
    params: Value,
    traceparent: String,
}

/// Clients that have not started yet.
pub struct Traffic {
    rate: f64,
    streams: bool,
    behaviour: Arc<Behaviour>,
    random: Random,
    client: Client,
}

impl Traffic {
    /// Clients that send `rate` requests a second, none if it is 0, and watch streams if `streams`.
    pub fn new(
        rate: f64,
        streams: bool,
        behaviour: Arc<Behaviour>,
        random: Random,
    ) -> anyhow::Result<Self> {
        // It talks to itself: a proxy from the environment has no part in that.
        let client = tls::plain().no_proxy().timeout(TIMEOUT).pool_max_idle_per_host(8).build()?;
        Ok(Self { rate, streams, behaviour, random, client })
    }

    /// Sends requests for as long as it is polled.
    pub async fn run(mut self, server: SocketAddr) -> Infallible {
        if self.rate <= 0.0 {
            return std::future::pending().await;
        }
        let (url, stream) = (format!("http://{server}/mcp"), format!("http://{server}/stream"));
        let mut running = JoinSet::new();
        let mut next = Instant::now();
        // Every client begins by finding out whom it talks to; that is traffic before the first scrape.
        let mut opening = vec![Kind::List, Kind::Discover, Kind::Handshake];
        loop {
            tokio::time::sleep_until(next).await;
            while running.try_join_next().is_some() {}
            if running.len() >= MAX_AT_ONCE {
                running.join_next().await;
            }
            let shown = if self.behaviour.is_stranger() { "Bearer forgotten" } else { CREDENTIALS };
            if self.streams && opening.is_empty() && self.random.chance(STREAMS) {
                running.spawn(watch(self.client.clone(), stream.clone(), shown));
            } else {
                let step = match opening.pop() {
                    Some(kind) => self.step(kind),
                    None => self.draw(),
                };
                running.spawn(send(self.client.clone(), url.clone(), shown, step));
            }
            if opening.is_empty() {
                let gap = Duration::from_secs_f64(self.random.gap(self.rate / REQUESTS_PER_STEP));
                // Small delays are made up for, so that the rate is kept; a jam is not.
                let earliest = Instant::now().checked_sub(MAX_LAG);
                next = earliest.map_or(next, |earliest| next.max(earliest)) + gap;
            }
        }
    }

    fn draw(&mut self) -> Step {
        let kind = self.random.pick(&STEPS).copied().unwrap_or(Kind::List);
        self.step(kind)
    }

    fn step(&mut self, kind: Kind) -> Step {
        match kind {
            Kind::Handshake => {
                let client = json!({"name": "demo-client", "version": env!("CARGO_PKG_VERSION")});
                let hello =
                    json!({"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client});
                vec![
                    self.message(LEGACY, "initialize", hello),
                    self.message(LEGACY, "notifications/initialized", json!({})),
                    self.message(LEGACY, "ping", json!({})),
                ]
            }
            Kind::Discover => vec![self.message(MODERN, "server/discover", json!({}))],
            Kind::List => vec![self.message(LEGACY, "tools/list", json!({}))],
            Kind::LegacyCall => vec![self.call(LEGACY)],
            Kind::ModernCall => vec![self.call(MODERN)],
        }
    }

    fn call(&mut self, version: &'static str) -> Message {
        let tool = self.random.pick(&tools::SHARES).copied().unwrap_or(tools::NAMES[0]);
        let arguments = match tool {
            "get_forecast" => json!({"city": "Ghent"}),
            "translate" => json!({"text": "Good morning", "language": "fr"}),
            "slow_report" => json!({"month": "2026-10"}),
            _ => json!({"query": "error budget", "limit": 3}),
        };
        let mut message =
            self.message(version, "tools/call", json!({"name": tool, "arguments": arguments}));
        message.tool = Some(tool);
        message
    }

    fn message(
        &mut self,
        version: &'static str,
        method: &'static str,
        mut params: Value,
    ) -> Message {
        if version == MODERN {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": {"name": "demo-client", "version": env!("CARGO_PKG_VERSION")},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let random = &mut self.random;
        let traceparent =
            format!("00-{:016x}{:016x}-{:016x}-01", random.bits(), random.bits(), random.bits());
        Message { version, method, tool: None, params, traceparent }
    }
}

/// Sends a step's messages one after the other. What became of them is the server's to count.
async fn send(client: Client, url: String, shown: &'static str, step: Step) {
    for message in step {
        let mut body =
            json!({"jsonrpc": "2.0", "method": message.method, "params": message.params});
        if !message.method.starts_with("notifications/") {
            body["id"] = json!(1);
        }
        let mut request = client
            .post(&url)
            .header("Accept", "application/json, text/event-stream")
            .header("Authorization", shown)
            .header("traceparent", &message.traceparent)
            .json(&body);
        if message.method != "initialize" {
            request = request.header("MCP-Protocol-Version", message.version);
        }
        if message.version == MODERN {
            request = request.header("Mcp-Method", message.method);
            if let Some(tool) = message.tool {
                request = request.header("Mcp-Name", tool);
            }
        }
        if let Ok(answer) = request.send().await {
            // Read to the end, so that the connection can be used again.
            let _ = answer.bytes().await;
        }
    }
}

/// Watches a stream to its end.
async fn watch(client: Client, url: String, shown: &'static str) {
    if let Ok(answer) = client.get(&url).header("Authorization", shown).send().await {
        let _ = answer.bytes().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(seed: u64) -> Vec<Step> {
        let behaviour = Behaviour::new(Duration::ZERO, 0.0, Random::new(0));
        let mut traffic = Traffic::new(5.0, false, Arc::new(behaviour), Random::new(seed)).unwrap();
        (0..1000).map(|_| traffic.draw()).collect()
    }

    #[test]
    fn a_seed_gives_the_same_traffic_again() {
        assert_eq!(steps(7), steps(7));
        assert_ne!(steps(7), steps(8));
    }

    #[test]
    fn most_of_it_calls_every_tool_in_both_eras() {
        let messages: Vec<Message> = steps(1).into_iter().flatten().collect();
        for tool in tools::NAMES {
            for version in [LEGACY, MODERN] {
                assert!(
                    messages
                        .iter()
                        .any(|message| message.tool == Some(tool) && message.version == version)
                );
            }
        }
        let calls = messages.iter().filter(|message| message.method == "tools/call").count();
        assert!(calls * 10 > messages.len() * 8, "{calls} of {}", messages.len());
    }
}
