//! Questions to the Prometheus and the Loki of a running stack.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use mcpmon::check::http::Http;
use mcpmon::render::dashboards::{LOKI_UID, PROMETHEUS_UID};
use serde_json::Value as Json;

use crate::selectors;

/// A curve of so many points is enough to see whether there is one.
const POINTS: u64 = 60;

/// The two programs that panels ask.
pub struct Stack {
    http: Http,
    prometheus: String,
    loki: Option<String>,
    /// How far back curves and series are looked for.
    range: Duration,
}

impl Stack {
    pub fn new(prometheus: String, loki: Option<String>, range: Duration) -> Self {
        Self { http: Http::default(), prometheus, loki, range }
    }

    /// How many series, streams or values a query returns.
    pub async fn rows(&self, source: &str, expr: &str, instant: bool) -> Result<usize> {
        let (start, end) = self.window()?;
        let step = (self.range.as_secs() / POINTS).max(15).to_string();
        let path = match (source, instant) {
            (PROMETHEUS_UID, true) => "/api/v1/query",
            (PROMETHEUS_UID, false) => "/api/v1/query_range",
            (LOKI_UID, true) => "/loki/api/v1/query",
            (LOKI_UID, false) => "/loki/api/v1/query_range",
            _ => bail!("nobody knows the data source {source}"),
        };
        let mut query = vec![("query", expr.to_owned())];
        if instant {
            query.push(("time", end));
        } else {
            query.extend([("start", start), ("end", end), ("step", step)]);
        }
        let data = self.ask(source, path, &query).await?;
        let result = &data["result"];
        // `1` and the like are one value without labels.
        if data["resultType"] == "scalar" {
            return Ok(1);
        }
        let series = result.as_array().context("the answer holds no result")?;
        Ok(series.iter().filter(|one| has_number(one)).count())
    }

    /// The selectors of a query for which nothing was stored within the range.
    pub async fn absent(&self, source: &str, expr: &str) -> Result<(usize, Vec<String>)> {
        let (start, end) = self.window()?;
        let (all, path) = if source == LOKI_UID {
            (selectors::logql(expr), "/loki/api/v1/series")
        } else {
            let query = [("query", expr.to_owned())];
            let tree = self.ask(source, "/api/v1/parse_query", &query).await?;
            (selectors::promql(&tree), "/api/v1/series")
        };
        let mut missing = Vec::new();
        for selector in &all {
            let mut query =
                vec![("match[]", selector.clone()), ("start", start.clone()), ("end", end.clone())];
            if source == PROMETHEUS_UID {
                query.push(("limit", "1".to_owned()));
            }
            let found = self.ask(source, path, &query).await?;
            if found.as_array().is_none_or(Vec::is_empty) {
                missing.push(selector.clone());
            }
        }
        Ok((all.len(), missing))
    }

    /// The values of a label, as a variable lists them.
    pub async fn values(&self, label: &str, series: &str) -> Result<Vec<String>> {
        let path = format!("/api/v1/label/{label}/values");
        let values = self.ask(PROMETHEUS_UID, &path, &[("match[]", series.to_owned())]).await?;
        Ok(serde_json::from_value(values)?)
    }

    /// Every alert rule as Prometheus has loaded it.
    pub async fn alerts(&self) -> Result<Vec<Json>> {
        let query = [("type", "alert".to_owned())];
        let data = self.ask(PROMETHEUS_UID, "/api/v1/rules", &query).await?;
        let groups = data["groups"].as_array().context("the answer holds no groups")?;
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().into_iter().flatten());
        Ok(rules.cloned().collect())
    }

    /// Alert and state of all that was pending or firing at some time within the range.
    pub async fn history(&self) -> Result<Vec<(String, String)>> {
        let range = self.range.as_secs();
        let expr =
            format!("count by (alertname, alertstate) (present_over_time(ALERTS[{range}s]))");
        let data = self.ask(PROMETHEUS_UID, "/api/v1/query", &[("query", expr)]).await?;
        let result = data["result"].as_array().context("the answer holds no result")?;
        let text =
            |one: &Json, label: &str| one["metric"][label].as_str().unwrap_or_default().to_owned();
        Ok(result.iter().map(|one| (text(one, "alertname"), text(one, "alertstate"))).collect())
    }

    fn window(&self) -> Result<(String, String)> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let start = now.saturating_sub(self.range);
        Ok((start.as_secs().to_string(), now.as_secs().to_string()))
    }

    async fn ask(&self, source: &str, path: &str, query: &[(&str, String)]) -> Result<Json> {
        let base = match source {
            LOKI_UID => self.loki.as_deref().context("no address of Loki was given")?,
            _ => &self.prometheus,
        };
        let url = reqwest::Url::parse_with_params(&format!("{base}{path}"), query)?;
        let mut json: Json = self.http.json(url.as_str(), None).await.map_err(|e| anyhow!(e))?;
        Ok(json["data"].take())
    }
}

/// Lines of logs are rows as well; a quantile of nothing is NaN, which no panel shows.
fn has_number(series: &Json) -> bool {
    let is_number = |sample: &Json| sample[1].as_str().is_some_and(|value| value != "NaN");
    let values = series["values"].as_array().is_some_and(|values| values.iter().any(is_number));
    values || is_number(&series["value"])
}
