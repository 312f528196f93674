//! Saved queries.

use schemars::JsonSchema;
use serde::Deserialize;

/// A query that is saved under a name.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What it shows, in one line.
    pub description: Option<String>,
    /// The language it is written in.
    #[serde(default)]
    pub language: Language,
    /// The expression. `$service` and `$group` become what `--service` and `--group` name, or `.*`; in LogQL
    /// `$range` becomes what `--since` says.
    pub expr: String,
}

/// The language of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Prometheus'.
    #[default]
    Promql,
    /// Loki's.
    Logql,
}

impl Language {
    /// The word in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promql => "promql",
            Self::Logql => "logql",
        }
    }
    /// The component that answers.
    pub const fn component(self) -> &'static str {
        match self {
            Self::Promql => "prometheus",
            Self::Logql => "loki",
        }
    }
}
