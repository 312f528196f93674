//! `POST /control/…`: changes the service's behaviour while it runs, for tests and demonstrations.
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, Uri};
use axum::routing::post;

use super::App;
use super::args::{parse_latency, parse_share};
use super::log::Level;

/// The longest message that can be logged.
const MAX_MESSAGE: usize = 64 * 1024;

type Reply = Result<String, (StatusCode, String)>;

/// The control routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/control/errors", post(errors))
        .route("/control/latency", post(latency))
        .route("/control/log", post(log).layer(DefaultBodyLimit::max(MAX_MESSAGE)))
}

async fn errors(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let text = parameter(&uri, "share")?;
    let share = parse_share(&text).map_err(|problem| refuse("share", &text, &problem))?;
    app.behaviour.set_errors(share);
    Ok(announce(&app, &format!("share of failing tool calls set to {share}")))
}

async fn latency(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let text = parameter(&uri, "mean")?;
    let mean = parse_latency(&text).map_err(|problem| refuse("mean", &text, &problem))?;
    app.behaviour.set_latency(mean);
    Ok(announce(&app, &format!("mean latency of tools set to {mean:?}")))
}

async fn log(State(app): State<Arc<App>>, message: String) -> StatusCode {
    app.log.note(Level::Info, &message);
    StatusCode::NO_CONTENT
}

fn announce(app: &App, change: &str) -> String {
    app.log.note(Level::Info, change);
    format!("{change}\n")
}

fn parameter(uri: &Uri, name: &str) -> Result<String, (StatusCode, String)> {
    let query = uri.query().unwrap_or_default();
    // A query on its own is no URL; the base is never asked for anything.
    let url = reqwest::Url::parse(&format!("http://demo/?{query}")).ok();
    url.and_then(|url| {
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    })
    .ok_or_else(|| (StatusCode::BAD_REQUEST, format!("say which: {}?{name}=…\n", uri.path())))
}

fn refuse(name: &str, text: &str, problem: &str) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, format!("{name} '{text}': {problem}\n"))
}
