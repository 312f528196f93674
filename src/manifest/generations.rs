//! How long what was applied is remembered.

use schemars::JsonSchema;
use serde::Deserialize;

use super::types::Duration;

/// How many generations are kept on the engine, for `history`, `diff` and `rollback`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generations {
    /// At most so many, from 3 to 100.
    #[serde(default = "ten")]
    #[schemars(range(min = 3, max = 100))]
    pub keep: u8,
    /// None that is older, but for the one that runs and the proven one before it.
    #[serde(default = "a_quarter")]
    pub max_age: Duration,
}

impl Default for Generations {
    fn default() -> Self {
        Self { keep: ten(), max_age: a_quarter() }
    }
}

const fn ten() -> u8 {
    10
}
const fn a_quarter() -> Duration {
    Duration::from_secs(90 * 86_400)
}
