//! Which alerts there are.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::Duration;

/// Which alerts there are.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// Rule packs, by the name of their file.
    #[serde(default = "default_packs")]
    pub packs: Vec<String>,
    /// Alerts of these packs that are not wanted. `<pack>/<alert>` means that of one pack alone.
    #[serde(default)]
    pub disable: Vec<String>,
    /// Alerts of these packs that are wanted otherwise, by name or `<pack>/<alert>`.
    #[serde(default, rename = "override")]
    pub overrides: BTreeMap<String, Override>,
    /// Folder with Prometheus rule files (`*.yml`, `*.yaml`) of your own, checked like ours.
    pub rules_dir: Option<String>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            packs: default_packs(),
            disable: Vec::new(),
            overrides: BTreeMap::new(),
            rules_dir: None,
        }
    }
}

fn default_packs() -> Vec<String> {
    ["services", "mcp", "host", "stack"].map(str::to_owned).to_vec()
}

/// What is wanted otherwise about one alert.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The value from which the alert holds, in the unit that `docs/rules.md` names.
    pub threshold: Option<f64>,
    /// How long it must hold before anyone is told.
    #[serde(rename = "for")]
    pub hold: Option<Duration>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Its further severities, where it has any.
    #[serde(default)]
    pub tiers: BTreeMap<Severity, TierOverride>,
}

/// What is wanted otherwise about a further severity of an alert.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierOverride {
    /// The value from which the alert has this severity.
    pub threshold: Option<f64>,
    /// How long it must hold before anyone is told.
    #[serde(rename = "for")]
    pub hold: Option<Duration>,
}

/// How bad an alert is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Users are hurt now: someone gets up at night.
    Critical,
    /// Users will be hurt soon: someone looks today.
    High,
    /// Worth a look in working hours.
    Warning,
    /// Good to know; no one is told unless a route asks for it.
    Info,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Warning, Self::Info];

    /// The word in the manifest and in the `severity` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}
