//! The part of the agent that has the engine's socket: collectors read containers through it, and Prometheus what they
//! use.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hickory_resolver::TokioResolver;
use tokio::net::TcpListener;

use crate::gate::measure::Measure;
use crate::gate::{Failure, Gate, Settings};
use crate::telemetry::{Counter, Family};

/// How long metrics may take where whoever asks does not say it.
const USUAL: Duration = Duration::from_secs(9);
/// What is left for the way back of an answer.
const MARGIN: Duration = Duration::from_millis(500);
/// How often the agent asks for its own name before it gives up: a network's names come up after its container.
const TRIES: u32 = 10;

/// The engine, behind its gate.
pub struct Engine {
    gate: Arc<Gate>,
    measure: Measure,
}

impl Engine {
    /// Takes the port, where there is one to take.
    ///
    /// # Errors
    /// That it cannot be had.
    pub async fn open(settings: Settings) -> anyhow::Result<(Arc<Self>, Option<TcpListener>)> {
        let listener = match &settings.listen {
            Some(listen) => Some(bind(listen).await?),
            None => None,
        };
        let gate = Arc::new(Gate::new(&settings.socket, settings.scope));
        let engine = Self { measure: Measure::new(Arc::clone(&gate)), gate };
        Ok((Arc::new(engine), listener))
    }

    /// Answers collectors and counts kills until it is dropped.
    ///
    /// # Errors
    /// When no connection can be taken any more.
    pub async fn run(&self, listener: Option<TcpListener>) -> anyhow::Result<Infallible> {
        let served = async {
            match listener {
                Some(listener) => Arc::clone(&self.gate).serve(listener).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            failed = served => failed.context("the engine's gate failed"),
            never = self.measure.count_kills() => match never {},
        }
    }

    /// From now on shows these containers.
    pub fn show(&self, settings: Settings) {
        self.gate.show(settings.scope);
    }

    /// Metrics of the containers that are shown, for whoever waits that long.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn containers(&self, patience: Option<Duration>) -> Result<Arc<str>, Failure> {
        let within = patience.map_or(USUAL, |patience| patience.saturating_sub(MARGIN));
        self.measure.exposition(within.max(MARGIN)).await
    }

    /// What was asked for through the gate, in the text format.
    pub fn text(&self) -> String {
        let asked = Family::new(
            "mcpmon_agent_engine_requests_total",
            "What collectors asked of the engine, and what came of it.",
            Counter::default(),
        );
        for (call, result, count) in self.gate.asked() {
            #[allow(clippy::cast_precision_loss)] // Metrics are floats.
            let count = count as f64;
            asked.with(&[("call", call), ("result", result)], |counter| counter.set(count));
        }
        let mut out = String::new();
        asked.write(&mut out);
        out
    }
}

/// Takes a port under a name of its own, so that it is open in the network alone in which it has that name.
async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    let address = match listen.parse::<SocketAddr>() {
        Ok(address) => address,
        Err(_) => own_address(listen).await?,
    };
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {listen} ({address}) for collectors"))
}

async fn own_address(listen: &str) -> anyhow::Result<SocketAddr> {
    let (name, port) = listen.rsplit_once(':').context("`engine.listen` is no `host:port`")?;
    let port: u16 = port.parse().context("`engine.listen` is no `host:port`")?;
    let resolver = TokioResolver::builder_tokio()?.build()?;
    let mut tries = 0;
    loop {
        tries += 1;
        match resolver.lookup_ip(name).await {
            Ok(found) => {
                let found: Option<IpAddr> = found.iter().next();
                let ip = found.with_context(|| format!("`{name}` has no address"))?;
                return Ok(SocketAddr::new(ip, port));
            }
            Err(error) if tries >= TRIES => {
                let what =
                    format!("cannot find its own name `{name}`, under which collectors ask it");
                return Err(error).context(what);
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}
