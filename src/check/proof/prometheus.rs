//! Prometheus: its configuration, its rules, its targets, and whether it took the last change whole.

use std::time::Instant;

use serde::Deserialize;

use super::{Attempt, Mismatch, nothing_in, rules, targets, together, until};
use crate::check::compare;
use crate::check::subject::Subject;

/// The envelope of every answer.
#[derive(Deserialize)]
pub struct Data<T> {
    /// What was asked for.
    pub data: T,
}

#[derive(Deserialize)]
struct Config {
    yaml: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeInfo {
    reload_config_success: bool,
}

/// Whether Prometheus runs with what was rendered.
pub async fn prove(subject: &Subject<'_>, deadline: Instant) -> Attempt {
    let (config, reloaded, rules, targets) = tokio::join!(
        until(deadline, async || config(subject).await),
        until(deadline, async || reloaded(subject).await),
        until(deadline, async || rules::loaded(subject).await),
        until(deadline, async || targets::active(subject).await),
    );
    together([config, reloaded, rules, targets])
}

async fn config(subject: &Subject<'_>) -> Attempt {
    let url = subject.url("/api/v1/status/config");
    let loaded: Data<Config> = subject.http.json(&url, None).await?;
    let Some(rendered) = subject.file("prometheus.yml") else { return Ok(()) };
    let rendered = compare::yaml("prometheus.yml", rendered)?;
    let loaded = compare::yaml("prometheus /api/v1/status/config", &loaded.data.yaml)?;
    nothing_in(compare::lines("prometheus", &compare::differences(&rendered, &loaded)))
}

/// A rule file that fails leaves Prometheus with the new scrape configuration and the old rules; it
/// says here that the last reload failed.
async fn reloaded(subject: &Subject<'_>) -> Attempt {
    let url = subject.url("/api/v1/status/runtimeinfo");
    let info: Data<RuntimeInfo> = subject.http.json(&url, None).await?;
    if info.data.reload_config_success {
        return Ok(());
    }
    Err(Mismatch::from(
        "prometheus: its last reload failed, and it may run with half of the change".to_owned(),
    ))
}
