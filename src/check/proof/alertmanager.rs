//! Alertmanager: the configuration it prints, and whether it took the last one.

use std::time::Instant;

use serde::Deserialize;

use super::{Attempt, metric, nothing_in, together, until};
use crate::check::compare;
use crate::check::subject::Subject;

#[derive(Deserialize)]
struct Status {
    config: Original,
}
#[derive(Deserialize)]
struct Original {
    original: String,
}

/// Whether Alertmanager runs with what was rendered.
pub async fn prove(subject: &Subject<'_>, deadline: Instant) -> Attempt {
    let (config, reloaded) = tokio::join!(
        until(deadline, async || config(subject).await),
        until(deadline, async || {
            metric::is_one(subject, "alertmanager_config_last_reload_successful").await
        }),
    );
    together([config, reloaded])
}

async fn config(subject: &Subject<'_>) -> Attempt {
    let status: Status = subject.http.json(&subject.url("/api/v2/status"), None).await?;
    let Some(rendered) = subject.file("alertmanager.yml") else { return Ok(()) };
    let rendered = compare::yaml("alertmanager.yml", rendered)?;
    let loaded = compare::yaml("alertmanager /api/v2/status", &status.config.original)?;
    nothing_in(compare::lines("alertmanager", &compare::differences(&rendered, &loaded)))
}
