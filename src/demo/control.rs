//! `POST /control/…`: changes the service's behaviour while it runs, for tests and demonstrations. Whatever it does
//! goes on until it is told otherwise.
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, Uri};
use axum::routing::post;

use super::App;
use super::args::{parse_latency, parse_share};
use super::health::CHECKS;
use super::log::Level;
use super::tools::NAMES;

/// The longest message that can be logged.
const MAX_MESSAGE: usize = 64 * 1024;

/// What there is, for people.
pub const HELP: &str = "\
POST /control/errors?share=50%25      let tool calls fail
POST /control/latency?mean=2s         let tools take longer
POST /control/auth?failures=20%25     let its own clients show wrong credentials
POST /control/rate-limit?share=30%25  turn tool calls away
POST /control/pool?leaked=100%25      lose database connections
POST /control/health?failing=database let a check fail: database, tools; none for neither
POST /control/tools?without=translate take a tool away; none brings it back
POST /control/memory?share=97%25      pretend to use this much of the memory limit; off ends it
POST /control/cpu?share=95%25         pretend to use this much of a processor; off ends it
POST /control/log                     write the body to the log
";

type Reply = Result<String, (StatusCode, String)>;

/// The control routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/control/errors", post(errors))
        .route("/control/latency", post(latency))
        .route("/control/auth", post(auth))
        .route("/control/rate-limit", post(rate_limit))
        .route("/control/pool", post(pool))
        .route("/control/health", post(health))
        .route("/control/tools", post(tools))
        .route("/control/memory", post(memory))
        .route("/control/cpu", post(cpu))
        .route("/control/log", post(log).layer(DefaultBodyLimit::max(MAX_MESSAGE)))
}

async fn errors(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let share = share(&uri, "share")?;
    app.behaviour.set_errors(share);
    Ok(announce(&app, &format!("share of failing tool calls set to {share}")))
}

async fn latency(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let text = parameter(&uri, "mean")?;
    let mean = parse_latency(&text).map_err(|problem| refuse("mean", &text, &problem))?;
    app.behaviour.set_latency(mean);
    Ok(announce(&app, &format!("mean latency of tools set to {mean:?}")))
}

async fn auth(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let share = share(&uri, "failures")?;
    app.behaviour.set_strangers(share);
    Ok(announce(&app, &format!("share of clients with wrong credentials set to {share}")))
}

async fn rate_limit(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let share = share(&uri, "share")?;
    app.behaviour.set_limited(share);
    Ok(announce(&app, &format!("share of tool calls beyond the limit set to {share}")))
}

async fn pool(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let share = share(&uri, "leaked")?;
    if !app.behaviour.pool.leak(share).await {
        let problem = "running tools hold the connections; try again later\n".to_owned();
        return Err((StatusCode::SERVICE_UNAVAILABLE, problem));
    }
    Ok(announce(&app, &format!("share of leaked connections set to {share}")))
}

async fn health(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let text = parameter(&uri, "failing")?;
    if text != "none" && !CHECKS.contains(&text.as_str()) {
        let problem = format!("there are the checks {}, and `none`", CHECKS.join(", "));
        return Err(refuse("failing", &text, &problem));
    }
    for check in CHECKS {
        app.health.set(check, check != text);
    }
    Ok(announce(&app, &format!("failing check set to {text}")))
}

async fn tools(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let text = parameter(&uri, "without")?;
    let tool = NAMES.into_iter().find(|name| *name == text);
    if tool.is_none() && text != "none" {
        let problem = format!("there are the tools {}, and `none`", NAMES.join(", "));
        return Err(refuse("without", &text, &problem));
    }
    app.behaviour.withhold(tool);
    Ok(announce(&app, &format!("withheld tool set to {text}")))
}

async fn memory(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let share = share_or_off(&uri)?;
    app.health.pretend_memory(share);
    Ok(announce(&app, &format!("pretended share of the memory limit set to {}", said(share))))
}

async fn cpu(State(app): State<Arc<App>>, uri: Uri) -> Reply {
    let share = share_or_off(&uri)?;
    app.health.pretend_cpu(share);
    Ok(announce(&app, &format!("pretended share of a processor set to {}", said(share))))
}

async fn log(State(app): State<Arc<App>>, message: String) -> StatusCode {
    app.log.note(Level::Info, &message);
    StatusCode::NO_CONTENT
}

fn said(share: Option<f64>) -> String {
    share.map_or_else(|| "off".to_owned(), |share| share.to_string())
}

fn announce(app: &App, change: &str) -> String {
    app.log.note(Level::Info, change);
    format!("{change}\n")
}

fn share(uri: &Uri, name: &str) -> Result<f64, (StatusCode, String)> {
    let text = parameter(uri, name)?;
    parse_share(&text).map_err(|problem| refuse(name, &text, &problem))
}

fn share_or_off(uri: &Uri) -> Result<Option<f64>, (StatusCode, String)> {
    if parameter(uri, "share")? == "off" { Ok(None) } else { share(uri, "share").map(Some) }
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
