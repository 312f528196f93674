//! A dialect as it is written: which metrics play which role.

use anyhow::{Context as _, bail, ensure};
use indexmap::IndexMap;
use serde::Deserialize;

use crate::assets::Assets;
use crate::diagnostic;

/// The folder of the dialects.
const DIR: &str = "dialects";

/// The metric names that a kind of service speaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// Who speaks it.
    pub description: String,
    /// Series by which an endpoint is recognised, as `name` or `name{label="value"}`: any one of them
    /// will do.
    pub detect: Vec<String>,
    pub(crate) roles: Roles,
}

/// Which metrics say what. Where a role has several, an earlier one is preferred where it exists.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Roles {
    #[serde(default)]
    pub requests: Vec<Events>,
    #[serde(default)]
    pub errors: Vec<Errors>,
    #[serde(default)]
    pub latency: Vec<Durations>,
    #[serde(default)]
    pub in_flight: Vec<Level>,
    #[serde(default)]
    pub tools: Vec<Tools>,
    #[serde(default)]
    pub probes: Vec<Probed>,
    #[serde(default)]
    pub streams: Vec<Streams>,
}

/// Events that are counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Events {
    pub counter: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    pub test: Proof<f64>,
}

/// Those of the requests that failed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Errors {
    pub counter: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    pub test: Proof<ErrorValue>,
}

/// A classic histogram; the name stands without `_bucket`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Durations {
    pub histogram: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    pub unit: TimeUnit,
    /// The bounds of its buckets, where they are known; in its own unit.
    #[serde(default)]
    pub buckets: Vec<serde_json::Number>,
    pub test: Proof<Quantiles>,
}

/// A number that goes up and down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Level {
    pub gauge: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    pub test: Proof<f64>,
}

/// Calls of tools, by the label that names the tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tools {
    pub label: String,
    pub counter: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    /// Further matchers that pick the failed ones.
    pub failed: Option<String>,
    /// The counter of the failed ones, where they have one of their own.
    pub errors: Option<ToolErrors>,
    pub latency: Option<ToolLatency>,
    pub test: Proof<IndexMap<String, ToolValue>>,
}

/// Calls of tools that failed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolErrors {
    pub counter: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
}

/// How long tools take.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolLatency {
    pub histogram: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    pub unit: TimeUnit,
}

/// What probes found, for services that say nothing of themselves. A probe knows whether a service
/// answers and how fast; it does not know who else calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Probed {
    /// A gauge that is 1 where the probe succeeded, else 0.
    pub success: String,
    /// A gauge of the seconds that it took.
    pub duration: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    pub test: Proof<ProbeValue>,
}

/// Messages of streams. Only objectives read them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Streams {
    pub counter: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    /// Further matchers that pick the failed ones.
    pub failed: String,
    pub first_message: Option<FirstMessage>,
}

/// How long a stream takes to its first message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstMessage {
    pub histogram: String,
    #[serde(default, rename = "where")]
    pub matchers: String,
    pub unit: TimeUnit,
    #[serde(default)]
    pub buckets: Vec<serde_json::Number>,
}

/// What a histogram counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TimeUnit {
    S,
    Ms,
}

/// Series of one service, by the minute, and what they amount to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof<T> {
    pub series: IndexMap<String, String>,
    pub value: T,
}

/// Failures in a second, and their share of the requests.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorValue {
    pub rate: f64,
    pub share: f64,
}

/// Seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quantiles {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Calls and failures in a second, and seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolValue {
    pub calls: f64,
    pub errors: Option<f64>,
    pub p95: Option<f64>,
}

/// Share of the probes that failed, and seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProbeValue {
    pub failed: f64,
    pub latency: Quantiles,
}

/// Names of the dialects there are.
pub(super) fn names(assets: &Assets) -> Vec<String> {
    assets.names(DIR, ".yaml")
}

/// Reads a dialect.
pub(super) fn load(assets: &Assets, name: &str) -> anyhow::Result<Dialect> {
    let path = format!("{DIR}/{name}.yaml");
    let Some(dialect) = assets.yaml::<Dialect>(&path)? else {
        let known = names(assets);
        let help = diagnostic::suggest(name, known.iter().map(String::as_str));
        bail!("there is no dialect `{name}` ({help})");
    };
    check(&dialect).with_context(|| path.clone())?;
    Ok(dialect)
}

fn check(dialect: &Dialect) -> anyhow::Result<()> {
    let roles = &dialect.roles;
    ensure!(!dialect.detect.is_empty(), "`detect` names no metric");
    if !roles.probes.is_empty() {
        ensure!(
            roles.requests.is_empty() && roles.errors.is_empty() && roles.latency.is_empty(),
            "what probes found and what a service counts do not mix: they would be the same series"
        );
        return Ok(());
    }
    ensure!(!roles.requests.is_empty(), "the role `requests` has no metric");
    ensure!(!roles.errors.is_empty(), "the role `errors` has no metric");
    for tools in &roles.tools {
        ensure!(
            tools.failed.is_none() || tools.errors.is_none(),
            "the tools of `{}`: `failed` and `errors` say the same twice",
            tools.counter
        );
    }
    Ok(())
}
