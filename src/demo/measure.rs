//! What stands in front of every route: it measures and logs the request, and gives failures their true status.
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header, request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::dialect::Dialect;
use super::exchange::{Arrival, Call, Exchange, Failure, INTERNAL_ERROR};
use super::log::{self, Level};

/// The largest request that is read; no tool needs more.
const MAX_REQUEST: usize = 256 * 1024;
/// The longest error text that is logged; some of it may be the caller's own.
const MAX_REASON: usize = 300;

/// What the service's own clients show. Whoever shows nothing is served as well.
pub const CREDENTIALS: &str = "Bearer demo";

/// Answers a request, measured.
pub async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(arrival) = Arrival::of(request.method().as_str(), request.uri().path()) else {
        return next.run(request).await;
    };
    let started = Instant::now();
    let _presence = Presence::new(app.dialect.as_ref(), arrival);
    let trace_id = trace_id(request.headers()).unwrap_or_else(|| app.behaviour.trace_id());

    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_REQUEST).await;
    let request_bytes = body.as_ref().map_or(MAX_REQUEST, Bytes::len);
    let (mut call, mut gate) = (None, Gate::default());
    let response = match body {
        Ok(body) => {
            if arrival.is_mcp() {
                let version =
                    parts.headers.get("mcp-protocol-version").and_then(|value| value.to_str().ok());
                call = Call::read(&body, version);
            }
            let tool = call.and_then(|call| call.tool);
            gate = Gate::ask(&app, &parts, tool);
            if let Some(refusal) = gate.refusal() {
                refusal
            } else {
                let _working = tool.map(|tool| Working::new(app.dialect.as_ref(), tool));
                next.run(Request::from_parts(parts, Body::from(body))).await
            }
        }
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    };
    let (response, failure, response_bytes) = settle(response).await;

    let exchange = Exchange {
        arrival,
        call,
        status: response.status().as_u16(),
        failure,
        authentic: gate.authentic,
        limited: gate.limited,
        duration: started.elapsed(),
        request_bytes,
        response_bytes,
    };
    app.dialect.answered(&exchange);
    if arrival.is_mcp() {
        write_log(&app, &exchange, &trace_id);
    }
    response
}

/// Who may go on.
#[derive(Default)]
struct Gate {
    authentic: Option<bool>,
    limited: Option<bool>,
}

impl Gate {
    fn ask(app: &App, parts: &request::Parts, tool: Option<&str>) -> Self {
        let shown = parts.headers.get(header::AUTHORIZATION);
        let authentic = shown.map(|shown| shown.as_bytes() == CREDENTIALS.as_bytes());
        // Strangers do not use up the limit.
        let counts = tool.is_some() && authentic != Some(false);
        Self { authentic, limited: counts.then(|| app.behaviour.is_limited()) }
    }

    fn refusal(&self) -> Option<Response> {
        if self.authentic == Some(false) {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
            return Some(
                (StatusCode::UNAUTHORIZED, challenge, "unknown credentials\n").into_response(),
            );
        }
        let later = [(header::RETRY_AFTER, "1")];
        (self.limited == Some(true)).then(|| {
            (StatusCode::TOO_MANY_REQUESTS, later, "too many calls; try again later\n")
                .into_response()
        })
    }
}

/// Looks into a JSON answer. A failure inside the server is told to the HTTP client as well: rmcp answers it with 200
/// and an error inside, which no HTTP metric would ever see.
async fn settle(response: Response) -> (Response, Option<Failure>, usize) {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    if content_type.is_none_or(|value| !value.as_bytes().starts_with(b"application/json")) {
        return (response, None, 0);
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR.into_response(), None, 0);
    };
    let failure = Failure::read(&body);
    if failure.as_ref().is_some_and(|failure| failure.code == INTERNAL_ERROR) {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
    }
    let size = body.len();
    (Response::from_parts(parts, Body::from(body)), failure, size)
}

fn write_log(app: &App, exchange: &Exchange, trace_id: &str) {
    let (method, tool) =
        (exchange.call.map(|call| call.method), exchange.call.and_then(|call| call.tool));
    let subject = tool.or(method).unwrap_or("request");
    let (level, message) = match &exchange.failure {
        Some(failure) => {
            let level = if exchange.status >= 500 { Level::Error } else { Level::Warn };
            let reason: String = failure.message.chars().take(MAX_REASON).collect();
            (level, format!("{subject} failed: {reason}"))
        }
        None if exchange.status >= 500 => (Level::Error, format!("{subject} failed")),
        None if exchange.failed() => (Level::Warn, format!("{subject} refused")),
        None if exchange.duration > app.slow => (Level::Warn, format!("{subject} was slow")),
        None => (Level::Info, format!("{subject} answered")),
    };
    let (status, duration_ms) = (exchange.status, milliseconds(exchange.duration));
    app.log.request(level, &message, log::Request { method, tool, status, duration_ms, trace_id });
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The caller's trace id, from a W3C `traceparent`.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("traceparent")?.to_str().ok()?.split('-').nth(1)?;
    let valid = id.len() == 32
        && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    valid.then(|| id.to_owned())
}

/// A request being served; also ends when the client goes away before the answer.
struct Presence<'a> {
    dialect: &'a dyn Dialect,
    arrival: Arrival,
}

impl<'a> Presence<'a> {
    fn new(dialect: &'a dyn Dialect, arrival: Arrival) -> Self {
        dialect.entered(&arrival);
        Self { dialect, arrival }
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.dialect.left(&self.arrival);
    }
}

/// A tool at work; also ends when the client goes away before the answer.
struct Working<'a> {
    dialect: &'a dyn Dialect,
    tool: &'static str,
}

impl<'a> Working<'a> {
    fn new(dialect: &'a dyn Dialect, tool: &'static str) -> Self {
        dialect.tool_began(tool);
        Self { dialect, tool }
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.dialect.tool_ended(self.tool);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_traceparent_is_taken_over() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", value.parse().unwrap());
            trace_id(&headers)
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for bad in ["", "00", "00-short-1-1", "00-4BF92F3577B34DA6A3CE929D0E0E4736-1-1"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(trace_id(&HeaderMap::new()), None);
    }
}
