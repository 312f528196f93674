//! Findings of the audit that the team knows and accepts.

use schemars::JsonSchema;
use serde::Deserialize;

use super::types::Day;

/// What `mcpmon audit` is told.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Findings that are known and accepted.
    #[serde(default)]
    pub accept: Vec<Accept>,
}

/// A finding that is known and accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// The finding, as `mcpmon audit` names it.
    pub id: String,
    /// What it is about: a component, service or receiver. Without it all findings of that name.
    pub of: Option<String>,
    /// Why that is all right here.
    pub reason: String,
    /// Last day on which it is: `2027-01-31`.
    pub until: Option<Day>,
}
