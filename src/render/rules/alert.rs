//! One alert of a pack, with what the manifest changes → a Prometheus rule.

use anyhow::{Context as _, bail};

use super::pack::{Alert, Severity, Unit, ranked};
use super::text::{Facts, Language, Texts};
use super::{Override, TierOverride, duration};
use crate::render::json::{Json, json};

/// An alert at one severity, its numbers settled.
pub(super) struct Settled<'a> {
    pub name: &'a str,
    pub source: &'a Alert,
    pub severity: Severity,
    pub hold: u64,
    pub keep: u64,
    pub threshold: Option<f64>,
    pub texts: Texts<'a>,
}

/// An alert at its own severity, then at each of its tiers, the worst first.
pub(super) fn settle<'a>(
    name: &'a str,
    source: &'a Alert,
    change: Option<&Override>,
    language: &'a Language,
) -> anyhow::Result<Vec<Settled<'a>>> {
    let untouched = Override::default();
    let change = change.unwrap_or(&untouched);
    if let Some(severity) =
        change.tiers.keys().find(|severity| !source.tiers.contains_key(severity))
    {
        bail!("it has no tier `{}`", severity.as_str());
    }
    let own = TierOverride { threshold: change.threshold, r#for: change.r#for.clone() };
    let severity = change.severity.unwrap_or(source.severity);
    let hold = source.hold.as_deref();
    let numbers = (source.threshold, hold);
    let mut levels = vec![Settled::new(name, source, severity, numbers, &own, language)?];
    for (severity, tier) in &source.tiers {
        let numbers = (Some(tier.threshold), tier.hold.as_deref().or(hold));
        let changed = change.tiers.get(severity).cloned().unwrap_or_default();
        levels.push(Settled::new(name, source, *severity, numbers, &changed, language)?);
    }
    let thresholds = || levels.iter().filter_map(|l| Some((l.severity, l.threshold?)));
    if levels.len() > 1 && ranked(thresholds()) != ranked(source.levels()) {
        let said: Vec<_> = thresholds().map(|(s, t)| format!("{} {t}", s.as_str())).collect();
        bail!(
            "the worse of its severities must have the threshold that is harder to reach, not {}",
            said.join(", ")
        );
    }
    Ok(levels)
}

impl<'a> Settled<'a> {
    fn new(
        name: &'a str,
        source: &'a Alert,
        severity: Severity,
        (threshold, hold): (Option<f64>, Option<&str>),
        change: &TierOverride,
        language: &'a Language,
    ) -> anyhow::Result<Self> {
        if let Some(threshold) = change.threshold {
            check_threshold(source, threshold)?;
        }
        let hold = change.r#for.as_deref().or(hold);
        let hold = duration::seconds(hold.unwrap_or("0")).context("`for`")?;
        let keep = duration::seconds(source.keep_firing_for.as_deref().unwrap_or("0"))?;
        let threshold = change.threshold.or(threshold);
        let texts = Texts::new(language, &Facts { threshold, hold, severity: severity.as_str() });
        Ok(Self { name, source, severity, hold, keep, threshold, texts })
    }

    /// The alert's name, with the severity where it has several.
    pub(super) fn title(&self) -> String {
        if self.source.tiers.is_empty() {
            return self.name.to_owned();
        }
        format!("{} ({})", self.name, self.severity.as_str())
    }

    /// The rule as Prometheus reads it.
    pub(super) fn rule(&self, runbook_url: Option<String>) -> anyhow::Result<Json<'static>> {
        let mut labels = json!({
            "severity": self.severity.as_str(),
            "category": self.source.category.clone(),
        });
        for (label, value) in &self.source.labels {
            labels.set(label.clone(), value.clone());
        }
        let mut annotations = json!({
            "summary": self.texts.render(&self.source.summary)?,
            "description": one_line(&self.texts.render(&self.source.description)?),
        });
        if let Some(url) = runbook_url {
            annotations.set("runbook_url", url);
        }
        let mut rule = json!({
            "alert": self.name.to_owned(),
            "expr": self.texts.render(&self.source.expr)?,
        });
        for (key, seconds) in [("for", self.hold), ("keep_firing_for", self.keep)] {
            if seconds > 0 {
                rule.set(key, duration::format(seconds));
            }
        }
        rule.set("labels", labels);
        rule.set("annotations", annotations);
        Ok(rule)
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
