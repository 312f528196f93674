//! Does Grafana show what it should: do its datasources answer, are the dashboards there?

use futures_util::future::join_all;
use serde_json::Value as Json;

use super::Check;
use super::finding::{Finding, at_most_ten};
use super::round::{Round, either};
use crate::check::proof::grafana;
use crate::check::subject::Subject;

pub const CHECK: Check = Check {
    name: "grafana",
    title: "Grafana reaches its datasources",
    look: |round| Box::pin(async { either(look(round).await) }),
};

async fn look(round: &Round<'_>) -> Result<Finding, Finding> {
    let subject = round.component("grafana").await?;
    let version = grafana::health(&subject).await?;
    // One question with the password goes first: five wrong ones lock the account.
    let loaded = grafana::datasources(&subject).await?;
    let rendered = grafana::rendered_datasources(&subject)?;
    let dashboards = grafana::rendered_dashboards(&subject)?;
    let (answers, shown) = tokio::join!(
        join_all(rendered.iter().map(|source| datasource(&subject, source, &loaded))),
        join_all(dashboards.iter().map(|dashboard| there(&subject, dashboard)))
    );
    let problems: Vec<String> = answers.into_iter().chain(shown).filter_map(Result::err).collect();
    if problems.is_empty() {
        let names: Vec<&str> = rendered.iter().map(|source| text(source, "uid")).collect();
        return Ok(Finding::passed(format!(
            "{version}; {} answer; {} dashboards",
            names.join(", "),
            dashboards.len()
        )));
    }
    Err(Finding::failed(at_most_ten(problems)).advise(
        "does the program behind it run (`mcpmon status`)? What Grafana could not do stands in `mcpmon logs grafana`; `mcpmon reload` provisions anew",
    ))
}

/// Whether Grafana reaches a datasource.
async fn datasource(subject: &Subject<'_>, rendered: &Json, loaded: &[Json]) -> Result<(), String> {
    let uid = text(rendered, "uid");
    if !loaded.iter().any(|source| text(source, "uid") == uid) {
        return Err(format!("the datasource {uid} is not there"));
    }
    // The Alertmanager datasource has no health of its own: what it would ask is asked through it.
    let path = match text(rendered, "type") {
        "alertmanager" => format!("/api/datasources/proxy/uid/{uid}/api/v2/status"),
        _ => format!("/api/datasources/uid/{uid}/health"),
    };
    let url = subject.url(&path);
    let answer = subject.http.get(&url, subject.login.as_ref()).await?;
    match answer.status {
        200..300 => Ok(()),
        status => {
            Err(format!("the datasource {uid} does not answer ({status}): {}", answer.said(1)))
        }
    }
}

async fn there(subject: &Subject<'_>, rendered: &Json) -> Result<(), String> {
    let uid = text(rendered, "uid");
    let url = subject.url(&format!("/api/dashboards/uid/{uid}"));
    let answer = subject.http.get(&url, subject.login.as_ref()).await?;
    match answer.status {
        404 => Err(format!("the dashboard {uid} is not there")),
        _ => answer.good().map(drop),
    }
}

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}
