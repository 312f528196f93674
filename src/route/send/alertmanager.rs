//! The running Alertmanager: it takes alerts, says what mutes one, and counts what it sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::counts::{All, read};
use crate::check::http::{Body, Http, TIMEOUT};

/// A running Alertmanager.
pub struct Alertmanager {
    http: Http,
    base_url: String,
}

/// An alert as Alertmanager holds it.
#[derive(Clone, Debug, Deserialize)]
pub struct Held {
    /// Who is told, by name.
    pub receivers: Vec<Receiver>,
    labels: BTreeMap<String, String>,
    fingerprint: String,
    status: Status,
}
/// A receiver as Alertmanager names it.
#[derive(Clone, Debug, Deserialize)]
pub struct Receiver {
    /// Its name.
    pub name: String,
}
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    silenced_by: Vec<String>,
    inhibited_by: Vec<String>,
}
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Silence {
    created_by: String,
    comment: String,
    ends_at: String,
}

impl Alertmanager {
    /// The one that answers there, as in `http://127.0.0.1:9093`.
    pub fn at(base_url: String) -> Self {
        Self { http: Http::default(), base_url }
    }

    /// What it sent since it started.
    ///
    /// # Errors
    /// When it does not answer, or does not count by receiver.
    pub async fn counts(&self) -> Result<All, String> {
        let text = self.http.text(&format!("{}/metrics", self.base_url), None).await?;
        read(&text).ok_or_else(|| {
            "the running Alertmanager does not count by receiver, so nothing would say whether the message went out: `mcpmon up` starts it with `--enable-feature=receiver-name-in-metrics`".to_owned()
        })
    }

    /// Hands it alerts.
    ///
    /// # Errors
    /// When it does not answer, or refuses them.
    pub async fn put(&self, alerts: &Json) -> Result<(), String> {
        let url = format!("{}/api/v2/alerts", self.base_url);
        let body =
            Body { kind: "application/json".to_owned(), bytes: alerts.to_string().into_bytes() };
        let put = self.http.send(reqwest::Method::POST, &url, None, body);
        // Whoever ends the command waits for this.
        match tokio::time::timeout(TIMEOUT, put).await {
            Ok(answer) => answer?.good().map(|_| ()),
            Err(_) => Err(format!("POST {url}: no answer within {TIMEOUT:?}")),
        }
    }

    /// The alert with this label, if it is there.
    pub async fn held(&self, (label, value): (&str, &str)) -> Result<Option<Held>, String> {
        let filter = format!("{label}={value:?}");
        let found: Vec<Held> = self.ask("/api/v2/alerts", &[("filter", &filter)]).await?;
        Ok(found.into_iter().next())
    }

    /// What keeps an alert from being told, each in a few words.
    pub async fn mutes(&self, alert: &Held) -> Result<Vec<String>, String> {
        let mut mutes = Vec::new();
        for id in &alert.status.silenced_by {
            let silence: Silence = self.ask(&format!("/api/v2/silence/{id}"), &[]).await?;
            mutes.push(format!(
                "a silence by {} until {} mutes it: {} ({id})",
                silence.created_by, silence.ends_at, silence.comment
            ));
        }
        if !alert.status.inhibited_by.is_empty() {
            let all: Vec<Held> = self.ask("/api/v2/alerts", &[]).await?;
            let causes = all.iter().filter(|a| alert.status.inhibited_by.contains(&a.fingerprint));
            let said = |cause: &Held| {
                let labels = cause.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
                format!("it is muted while {{{}}} fires", labels.collect::<Vec<_>>().join(", "))
            };
            mutes.extend(causes.map(said));
        }
        Ok(mutes)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, String> {
        let url = format!("{}{path}", self.base_url);
        let url = reqwest::Url::parse_with_params(&url, parameters).map_err(|e| e.to_string())?;
        self.http.json(url.as_str(), None).await
    }
}
