//! The routes, and the life of the agent from listening to stopping.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::config::{self, Wrong};
use super::fleet::{Fleet, Refusal, Service};
use super::limits::Busy;
use super::own::{Own, module};
use super::probe::{Prober, Unasked, deadline};
use super::{debug, metrics};
use crate::mcp::target::Depth;
use crate::mcp::{Eras, Report};
use crate::telemetry;

/// How long Prometheus waits for the answer.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";
/// How long probes under way may take to finish after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// What every request needs.
pub struct Agent {
    config: PathBuf,
    fleet: RwLock<Arc<Fleet>>,
    prober: Arc<Prober>,
}

/// An agent that listens but does not answer yet.
pub struct Server {
    agent: Arc<Agent>,
    listener: TcpListener,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// That it cannot be had.
    pub async fn bind(
        config: PathBuf,
        loaded: config::Config,
        listen: SocketAddr,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}; choose another address with --listen")
        })?;
        let own = Own::new();
        own.reloaded(Some(loaded.fleet.services().count()));
        let permits = Arc::new(Semaphore::new(loaded.side_by_side));
        let agent = Agent {
            config,
            fleet: RwLock::new(Arc::new(loaded.fleet)),
            prober: Arc::new(Prober { eras: Eras::default(), permits, own }),
        };
        Ok(Self { agent: Arc::new(agent), listener })
    }

    /// The address that was taken.
    ///
    /// # Errors
    /// That the system does not tell it.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` completes; then lets probes finish, for ten seconds at most.
    ///
    /// # Errors
    /// That the server failed.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let (close, closed) = tokio::sync::oneshot::channel::<()>();
        let routes = router(Arc::clone(&self.agent));
        let server = axum::serve(self.listener, routes).with_graceful_shutdown(async {
            let _ = closed.await;
        });
        let mut server = std::pin::pin!(server.into_future());
        tokio::select! {
            result = &mut server => return result.context("the server failed"),
            () = stop => {}
        }
        let _ = close.send(());
        let all_done = async {
            let served = server.await;
            // Also probes that nobody waits for: they end their sessions.
            while self.agent.prober.own.probes_under_way() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            served
        };
        let ended = tokio::time::timeout(GRACE, all_done).await;
        // A probe that takes longer is cut off: whoever stops a container waits for it.
        ended.map_or(Ok(()), |served| served.context("the server failed while stopping"))
    }
}

impl Agent {
    fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.fleet.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the configuration anew; what is wrong with it leaves the one before in use.
    fn reload(&self) -> Result<usize, Wrong> {
        let loaded = config::load(&self.config).inspect_err(|_| self.prober.own.reloaded(None))?;
        let mut fleet = loaded.fleet;
        let mut current = self.fleet.write().unwrap_or_else(PoisonError::into_inner);
        fleet.succeed(&current);
        let count = fleet.services().count();
        *current = Arc::new(fleet);
        self.prober.own.reloaded(Some(count));
        Ok(count)
    }
}

fn router(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/probe", get(probe))
        .route("/metrics", get(own_metrics))
        .route("/-/healthy", get(async || "mcpmon agent is healthy\n"))
        .route("/-/ready", get(async || "mcpmon agent is ready\n"))
        .route("/-/reload", post(reload))
        .with_state(agent)
}

async fn own_metrics(State(agent): State<Arc<Agent>>) -> Response {
    exposition(agent.prober.own.text())
}

async fn reload(State(agent): State<Arc<Agent>>) -> Response {
    match agent.reload() {
        Ok(count) => (StatusCode::OK, format!("{count} services\n")).into_response(),
        Err(wrong) => {
            let text = wrong.lines().join("\n") + "\n";
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

/// What stands in the query of a probe.
#[derive(Default)]
struct Question {
    target: Option<String>,
    module: Option<String>,
    debug: bool,
    json: bool,
}

impl Question {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut question = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let is_true = value == "true" || value == "1";
            match key.as_ref() {
                "target" if question.target.is_none() => question.target = Some(value.into_owned()),
                "target" => {
                    return Err(Refusal::Wrong("a probe has one target".to_owned()));
                }
                "module" => question.module = Some(value.into_owned()),
                "debug" => question.debug = is_true,
                "output" if value == "json" => question.json = true,
                _ => {
                    let key: String = key.chars().filter(|c| !c.is_control()).take(40).collect();
                    return Err(Refusal::Wrong(format!(
                        "`{key}` is nothing that is read: `target`, `module`, `debug=true` and `output=json` are"
                    )));
                }
            }
        }
        Ok(question)
    }

    fn depth(&self, service: &Service) -> Result<Depth, Refusal> {
        match self.module.as_deref() {
            None => Ok(service.pace.depth),
            Some("handshake") => Ok(Depth::Handshake),
            Some("ping") => Ok(Depth::Ping),
            Some("tools") => Ok(Depth::Tools),
            Some(_) => Err(Refusal::Wrong(
                "a module is how far the probe goes: `handshake`, `ping` or `tools`".to_owned(),
            )),
        }
    }
}

async fn probe(
    State(agent): State<Arc<Agent>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let fleet = agent.fleet();
    let own = &agent.prober.own;
    let read = Question::read(&query.unwrap_or_default()).and_then(|question| {
        let target = question.target.as_deref().unwrap_or_default();
        if target.is_empty() {
            let text = "no target: ask for `/probe?target=NAME`".to_owned();
            return Err(Refusal::Wrong(text));
        }
        let service = Arc::clone(fleet.find(target)?);
        let depth = question.depth(&service)?;
        Ok((question, service, depth))
    });
    let (question, service, depth) = match read {
        Ok(read) => read,
        Err(refusal) => {
            own.counted("", "refused");
            return refused(refusal);
        }
    };
    let longest = deadline(&service, scrape_timeout(&headers));
    match agent.prober.ask(&service, depth, fleet.apart, longest).await {
        Ok(report) => answer(&question, &service, depth, &report),
        Err(unasked) => {
            own.counted(module(depth), "unasked");
            let text = match unasked {
                Unasked::Busy(Busy::Service) => {
                    "another probe of this service is still under way\n".to_owned()
                }
                Unasked::Busy(Busy::Agent) => {
                    "too many other probes are under way; raise `side_by_side`\n".to_owned()
                }
                Unasked::Secret(problem) | Unasked::Broken(problem) => problem + "\n",
            };
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

fn answer(question: &Question, service: &Service, depth: Depth, report: &Report) -> Response {
    if question.json {
        return match serde_json::to_string(report) {
            Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
        };
    }
    if question.debug {
        return debug::text(service, depth, report).into_response();
    }
    exposition(metrics::text(report))
}

fn exposition(text: String) -> Response {
    ([(CONTENT_TYPE, telemetry::CONTENT_TYPE)], text).into_response()
}

fn refused(refusal: Refusal) -> Response {
    let (status, text) = match refusal {
        Refusal::Wrong(text) => (StatusCode::BAD_REQUEST, text),
        Refusal::Forbidden(text) => (StatusCode::FORBIDDEN, text),
        Refusal::Unknown(text) => (StatusCode::NOT_FOUND, text),
    };
    (status, text + "\n").into_response()
}

fn scrape_timeout(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(SCRAPE_TIMEOUT)?.to_str().ok()?;
    let seconds = f64::from_str(seconds).ok().filter(|seconds| *seconds > 0.0)?;
    Duration::try_from_secs_f64(seconds).ok()
}
