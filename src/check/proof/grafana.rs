//! Grafana: its database, its datasources and its dashboards.

use std::time::Instant;

use futures_util::future::{join, join_all};
use serde_json::Value as Json;

use super::{Attempt, Mismatch, nothing_in, until};
use crate::check::compare;
use crate::check::subject::Subject;

/// Keys that Grafana sets itself.
const ITS_OWN: [&str; 4] = ["id", "version", "schemaVersion", "iteration"];

/// Whether Grafana has each rendered datasource and dashboard.
pub async fn prove(subject: &Subject<'_>, deadline: Instant) -> Attempt {
    until(deadline, async || {
        health(subject).await?;
        // One question with the password goes first: five wrong ones lock the account. While it is answered
        // there is time to read what was rendered.
        let rendered = async { rendered_dashboards(subject) };
        let (loaded, dashboards) = join(datasources(subject), rendered).await;
        let mut lines = compare_datasources(subject, &loaded?)?;
        let dashboards = dashboards?;
        let looked = join_all(dashboards.iter().map(|d| compare_dashboard(subject, d))).await;
        lines.extend(looked.into_iter().flatten());
        nothing_in(lines)
    })
    .await
}

/// What is to be said when Grafana does not take the password.
pub fn wrong_password(subject: &Subject<'_>) -> String {
    let user = subject.login.as_ref().map_or("admin", |login| login.user.as_str());
    format!(
        "grafana does not take the password of `{user}`: the one in the manifest is not the one its database was made with. Grafana reads it only then. Put the old one back, or set the new one in Grafana as well: {}/profile/password",
        subject.base_url
    )
}

/// Whether the database answers; needs no password.
pub async fn health(subject: &Subject<'_>) -> Result<String, String> {
    let url = subject.url("/api/health");
    let health: Json = subject.http.json(&url, None).await?;
    let field = |name: &str| health.get(name).and_then(Json::as_str).unwrap_or("?").to_owned();
    match field("database").as_str() {
        "ok" => Ok(field("version")),
        database => Err(format!("grafana: {url} says database {database}, not ok")),
    }
}

/// The datasources that Grafana has.
///
/// # Errors
/// A password that is not taken is nothing to try again.
pub async fn datasources(subject: &Subject<'_>) -> Result<Vec<Json>, Mismatch> {
    let login = subject.login.as_ref();
    let answer = subject.http.get(&subject.url("/api/datasources"), login).await?;
    match answer.status {
        401 => Err(Mismatch { lines: vec![wrong_password(subject)], again: false }),
        _ => Ok(answer.good()?.json()?),
    }
}

/// The rendered datasources.
pub fn rendered_datasources(subject: &Subject<'_>) -> Result<Vec<Json>, String> {
    let mut all = Vec::new();
    for (file, text) in subject.folder("provisioning/datasources") {
        let document = compare::yaml(file, text)?;
        all.extend(
            document.get("datasources").and_then(Json::as_array).into_iter().flatten().cloned(),
        );
    }
    Ok(all)
}

fn compare_datasources(subject: &Subject<'_>, loaded: &[Json]) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for rendered in rendered_datasources(subject)? {
        let uid = text(&rendered, "uid");
        let Some(has) = loaded.iter().find(|has| text(has, "uid") == uid) else {
            lines.push(format!("grafana: the datasource {uid} is rendered and not there"));
            continue;
        };
        for key in ["type", "url", "name"] {
            let (wanted, has) = (text(&rendered, key), text(has, key));
            if wanted != has {
                lines.push(format!(
                    "grafana: datasource {uid}: {key}: rendered {wanted}, loaded {has}"
                ));
            }
        }
    }
    Ok(lines)
}

/// The rendered dashboards.
pub fn rendered_dashboards(subject: &Subject<'_>) -> Result<Vec<Json>, String> {
    subject
        .folder("dashboards")
        .map(|(file, text)| serde_json::from_str(text).map_err(|error| format!("{file}: {error}")))
        .collect()
}

async fn compare_dashboard(subject: &Subject<'_>, rendered: &Json) -> Vec<String> {
    let uid = text(rendered, "uid");
    let url = subject.url(&format!("/api/dashboards/uid/{uid}"));
    let answer = match subject.http.get(&url, subject.login.as_ref()).await {
        Ok(answer) if answer.status == 404 => {
            return vec![format!("grafana: the dashboard {uid} is rendered and not there")];
        }
        Ok(answer) => answer.good().and_then(|answer| answer.json::<Json>()),
        Err(error) => Err(error),
    };
    match answer {
        Err(error) => vec![error],
        Ok(loaded) => {
            let mut rendered = rendered.clone();
            if let Some(map) = rendered.as_object_mut() {
                map.retain(|key, _| !ITS_OWN.contains(&key.as_str()));
            }
            let loaded = loaded.get("dashboard").unwrap_or(&Json::Null);
            compare::lines(
                &format!("grafana: dashboard {uid}"),
                &compare::differences(&rendered, loaded),
            )
        }
    }
}

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}
