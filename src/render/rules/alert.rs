//! One alert of a pack, with what the manifest changes → a Prometheus rule.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json, json};

use super::pack::{Alert, Severity, Unit};
use super::text::{Facts, Texts};
use super::{Override, duration};

/// An alert whose numbers are settled.
pub(super) struct Settled<'a> {
    pub name: &'a str,
    pub source: &'a Alert,
    pub severity: Severity,
    pub hold: u64,
    pub keep: u64,
    pub threshold: Option<f64>,
    pub texts: Texts,
}

impl<'a> Settled<'a> {
    pub(super) fn new(
        name: &'a str,
        source: &'a Alert,
        change: Option<&Override>,
        scrape_interval: f64,
    ) -> anyhow::Result<Self> {
        let asked = change.and_then(|c| c.threshold);
        if let Some(threshold) = asked {
            check_threshold(source, threshold)?;
        }
        let severity = change.and_then(|c| c.severity).unwrap_or(source.severity);
        let hold = change.and_then(|c| c.r#for.as_deref()).or(source.hold.as_deref());
        let hold = duration::seconds(hold.unwrap_or("0")).context("`for`")?;
        let keep = duration::seconds(source.keep_firing_for.as_deref().unwrap_or("0"))?;
        let threshold = asked.or(source.threshold);
        let texts =
            Texts::new(&Facts { threshold, hold, severity: severity.as_str(), scrape_interval })?;
        Ok(Self { name, source, severity, hold, keep, threshold, texts })
    }

    /// The rule as Prometheus reads it.
    pub(super) fn rule(&self, runbook_url: Option<String>) -> anyhow::Result<Json> {
        let mut labels = Map::new();
        labels.insert("severity".to_owned(), self.severity.as_str().into());
        labels.insert("category".to_owned(), self.source.category.as_str().into());
        for (label, value) in &self.source.labels {
            labels.insert(label.clone(), value.as_str().into());
        }
        let mut annotations = Map::new();
        annotations.insert("summary".to_owned(), self.texts.render(&self.source.summary)?.into());
        let description = one_line(&self.texts.render(&self.source.description)?);
        annotations.insert("description".to_owned(), description.into());
        if let Some(url) = runbook_url {
            annotations.insert("runbook_url".to_owned(), url.into());
        }
        let mut rule = Map::new();
        rule.insert("alert".to_owned(), self.name.into());
        rule.insert("expr".to_owned(), self.texts.render(&self.source.expr)?.into());
        for (key, seconds) in [("for", self.hold), ("keep_firing_for", self.keep)] {
            if seconds > 0 {
                rule.insert(key.to_owned(), duration::format(seconds).into());
            }
        }
        rule.insert("labels".to_owned(), labels.into());
        rule.insert("annotations".to_owned(), annotations.into());
        Ok(json!(rule))
    }

    /// The summary with `SERVICE` where an alert names its service.
    pub(super) fn plain_summary(&self) -> anyhow::Result<String> {
        Ok(plain(&self.texts.render(&self.source.summary)?))
    }
}

/// A text with `SERVICE` in place of `{{ $labels.service }}`.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        let (inner, after) = tail.split_once("}}").unwrap_or((tail, ""));
        out.push_str(before);
        out.push_str(&inner.trim().trim_start_matches("$labels.").to_uppercase());
        rest = after;
    }
    out + rest
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check_threshold(alert: &Alert, threshold: f64) -> anyhow::Result<()> {
    match alert.unit {
        None => bail!("it has no threshold to change"),
        Some(Unit::Share) if threshold > 1.0 => {
            bail!(
                "its threshold is a share from 0 to 1: 0.05 means 5 %, {threshold} can never be reached"
            )
        }
        Some(_) if !threshold.is_finite() || threshold < 0.0 => {
            bail!("its threshold must be 0 or more, not {threshold}")
        }
        Some(_) => Ok(()),
    }
}
