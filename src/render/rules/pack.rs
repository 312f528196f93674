//! A rule pack as it is written: every alert with its runbook and its test.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, bail};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::assets::Assets;
use crate::diagnostic;

/// The folder of the rule packs.
const DIR: &str = "prometheus/rules";

pub use crate::manifest::Severity;

/// What the number of a threshold means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From 0 to 1: 0.05 is 5 %.
    Share,
    /// Seconds.
    Seconds,
    /// A whole number of things.
    Count,
    /// How many times as much.
    Factor,
    /// Things in each second.
    PerSecond,
    /// Days.
    Days,
    /// Mebibytes, 1024 · 1024 bytes each.
    Mebibytes,
}

/// A file of alerts that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pack {
    pub description: String,
    pub alerts: IndexMap<String, Alert>,
}

/// One alert. Texts are templates: `<< threshold >>`, `<< for | duration >>` …
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alert {
    pub expr: String,
    pub threshold: Option<f64>,
    pub unit: Option<Unit>,
    #[serde(rename = "for")]
    pub hold: Option<String>,
    pub keep_firing_for: Option<String>,
    pub severity: Severity,
    #[serde(default)]
    pub tiers: BTreeMap<Severity, Tier>,
    pub category: String,
    #[serde(default)]
    pub labels: IndexMap<String, String>,
    #[serde(default)]
    pub requires: Vec<String>,
    pub summary: String,
    pub description: String,
    pub runbook: Page,
    pub test: Vec<Case>,
}

/// A further severity of the same alert, from another threshold. One name for all of them lets the
/// worse one mute the milder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tier {
    pub threshold: f64,
    #[serde(rename = "for")]
    pub hold: Option<String>,
}

/// What to do when an alert fires.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub means: String,
    pub impact: String,
    pub look: Vec<Look>,
    pub act: Vec<String>,
    pub tune: String,
}

/// One way to see more.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Look {
    Run(String),
    Promql(String),
    Logql(String),
    Read(String),
}

/// One test: series, and what fires because of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub about: String,
    pub interval: Option<String>,
    #[serde(default)]
    pub series: IndexMap<String, String>,
    #[serde(default)]
    pub fires: Vec<IndexMap<String, String>>,
    pub from: Option<String>,
    pub resolves: Option<String>,
    pub until: Option<String>,
}

impl Alert {
    /// Its severities, each with its threshold.
    pub(super) fn levels(&self) -> impl Iterator<Item = (Severity, f64)> {
        let tiers = self.tiers.iter().map(|(severity, tier)| (*severity, tier.threshold));
        self.threshold.map(|threshold| (self.severity, threshold)).into_iter().chain(tiers)
    }
}

/// Whether the thresholds rise or fall from the mildest severity to the worst, if either.
pub(super) fn ranked(levels: impl Iterator<Item = (Severity, f64)>) -> Option<std::cmp::Ordering> {
    let mut levels: Vec<_> = levels.collect();
    levels.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    let mut steps = levels.windows(2).map(|pair| match pair {
        [(mild, a), (worse, b)] if mild != worse => b.partial_cmp(a).filter(|order| order.is_ne()),
        _ => None,
    });
    let first = steps.next()??;
    steps.all(|step| step == Some(first)).then_some(first)
}

/// Names of the rule packs there are.
pub(super) fn names(assets: &Assets) -> Vec<String> {
    assets.names(DIR, ".yaml")
}

/// Shipped packs by name, for they never change: a render looks at each of its packs twice.
static SHIPPED: LazyLock<Mutex<HashMap<String, Arc<Pack>>>> = LazyLock::new(Mutex::default);

fn shipped() -> MutexGuard<'static, HashMap<String, Arc<Pack>>> {
    // A map is whole at any moment.
    SHIPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A rule pack, checked for what its types alone cannot say.
pub(super) fn load(assets: &Assets, name: &str) -> anyhow::Result<Arc<Pack>> {
    let path = format!("{DIR}/{name}.yaml");
    if !assets.is_shipped(&path) {
        return read(assets, name, &path).map(Arc::new);
    }
    if let Some(known) = shipped().get(name) {
        return Ok(Arc::clone(known));
    }
    let pack = Arc::new(read(assets, name, &path)?);
    shipped().insert(name.to_owned(), Arc::clone(&pack));
    Ok(pack)
}

fn read(assets: &Assets, name: &str, path: &str) -> anyhow::Result<Pack> {
    let Some(pack) = assets.yaml::<Pack>(path)? else {
        let known = names(assets);
        let help = diagnostic::suggest(name, known.iter().map(String::as_str));
        bail!("there is no rule pack `{name}` ({help})");
    };
    for (alert, content) in &pack.alerts {
        check(content).with_context(|| format!("{path}: `{alert}`"))?;
    }
    Ok(pack)
}

fn check(alert: &Alert) -> anyhow::Result<()> {
    let page = &alert.runbook;
    if [&page.means, &page.impact, &page.tune].iter().any(|t| t.trim().is_empty())
        || page.look.is_empty()
        || page.act.is_empty()
    {
        bail!("its runbook has an empty section");
    }
    if !alert.test.iter().any(|case| !case.fires.is_empty()) {
        bail!("no test shows that it fires");
    }
    // A watchdog is the one alert that never stays quiet.
    if !alert.labels.contains_key("watchdog") {
        if alert.test.iter().all(|case| !case.fires.is_empty()) {
            bail!("no test shows that it stays quiet");
        }
        if alert.test.iter().all(|case| case.resolves.is_none()) {
            bail!("no test shows that it ends");
        }
    }
    if let Some(case) = alert.test.iter().find(|c| c.fires.is_empty() == c.from.is_some()) {
        bail!("the test `{}`: `from` and `fires` go together", case.about);
    }
    if alert.threshold.is_some() != alert.unit.is_some() {
        bail!("`threshold` and `unit` go together");
    }
    if !alert.tiers.is_empty() && (alert.threshold.is_none() || ranked(alert.levels()).is_none()) {
        bail!("`tiers` need thresholds that rise or fall with the severity");
    }
    Ok(())
}
