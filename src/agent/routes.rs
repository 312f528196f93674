//! The routes: what is read from a question, and how it is answered.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::fleet::{Refusal, Service};
use super::limits::Busy;
use super::own::module;
use super::page::POLICY;
use super::probe::{Unasked, deadline};
use super::server::Agent;
use super::{debug, metrics};
use crate::mcp::Report;
use crate::mcp::target::Depth;
use crate::telemetry;

/// How long Prometheus waits for the answer.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// Everything that the agent answers.
pub fn router(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/probe", get(probe))
        .route("/metrics", get(own_metrics))
        .route("/metrics/containers", get(containers))
        .route("/-/healthy", get(async || "mcpmon agent is healthy\n"))
        .route("/-/ready", get(async || "mcpmon agent is ready\n"))
        .route("/-/reload", post(reload))
        .with_state(agent)
}

async fn page(State(agent): State<Arc<Agent>>, RawQuery(query): RawQuery) -> Response {
    let refresh = query.as_deref() == Some("refresh=on");
    match agent.page.html(&agent.fleet(), refresh).await {
        Ok(html) => {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (REFERRER_POLICY, "no-referrer"),
                (CACHE_CONTROL, "no-store"),
            ];
            (headers, html).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn own_metrics(State(agent): State<Arc<Agent>>) -> Response {
    let engine = agent.engine.as_ref().map(|engine| engine.text());
    exposition(agent.prober.own.text() + &engine.unwrap_or_default())
}

async fn containers(State(agent): State<Arc<Agent>>, headers: HeaderMap) -> Response {
    let Some(engine) = &agent.engine else {
        return (StatusCode::NOT_FOUND, "this agent has no engine to ask\n").into_response();
    };
    match engine.containers(scrape_timeout(&headers)).await {
        Ok(text) => exposition(text.to_string()),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, format!("{failure}\n")).into_response(),
    }
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
