//! Does Prometheus hand its alerts to Alertmanager, and do they arrive?

use serde::Deserialize;
use serde_json::Value as Json;

use super::Check;
use super::finding::{Finding, count};
use super::round::{Round, either};
use crate::check::proof::prometheus::Data;

pub const CHECK: Check = Check {
    name: "alertmanager",
    title: "alerts reach Alertmanager",
    look: |round| Box::pin(async { either(look(round).await) }),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alertmanagers {
    active_alertmanagers: Vec<Active>,
}
#[derive(Deserialize)]
struct Active {
    url: String,
}

/// The alert that always fires, so that its way can be seen to work.
const WATCHDOG: &str = "Watchdog";

async fn look(round: &Round<'_>) -> Result<Finding, Finding> {
    let alertmanager = round.component("alertmanager").await?;
    let prometheus = round.component("prometheus").await?;
    let active = prometheus.url("/api/v1/alertmanagers");
    let alerts = alertmanager.url("/api/v2/alerts");
    let (active, alerts) = tokio::join!(
        prometheus.http.json::<Data<Alertmanagers>>(&active, None),
        alertmanager.http.json::<Vec<Json>>(&alerts, None)
    );
    let (active, alerts) = (active?.data.active_alertmanagers, alerts?);
    let stack = round.context.stack;
    let address = stack.components.get("alertmanager").map(|part| stack.address(part));
    let address = address.unwrap_or_default();
    if !active.iter().any(|one| one.url.contains(&address)) {
        let has: Vec<&str> = active.iter().map(|one| one.url.as_str()).collect();
        let has = if has.is_empty() { "none".to_owned() } else { has.join(", ") };
        return Err(Finding::failed(vec![format!(
            "Prometheus sends alerts to {has}, not to {address}"
        )])
        .advise(
            "it looks for Alertmanagers every 5 s (`mcpmon health-check --wait`); else `mcpmon up`",
        ));
    }
    let sends = format!("Prometheus sends to {address}");
    let rendered = prometheus.folder("rules").any(|(_, text)| text.contains("alert: Watchdog"));
    if !rendered {
        return Ok(Finding::passed(format!(
            "{sends}; there is no {WATCHDOG} alert, so nothing shows whether alerts arrive"
        )));
    }
    let name = |alert: &Json| {
        alert.pointer("/labels/alertname").and_then(Json::as_str).map(ToOwned::to_owned)
    };
    if alerts.iter().any(|alert| name(alert).as_deref() == Some(WATCHDOG)) {
        let arrived = count(alerts.len(), "alert");
        return Ok(Finding::passed(format!("{sends}; {arrived} arrived, {WATCHDOG} among them")));
    }
    let arrived = alerts.len();
    Err(Finding::failed(vec![format!(
        "{sends}, and {WATCHDOG}, which always fires, has not arrived ({arrived} others did)"
    )])
    .advise("in a new stack it takes a few evaluations, and after a restart of Alertmanager up to a minute, for Prometheus repeats alerts that seldom (`mcpmon health-check --wait`); else `mcpmon logs prometheus` names what failed on the way"))
}
