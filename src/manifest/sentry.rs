//! Where services report their errors to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{SecretRef, Share};

/// The Sentry project that services report errors to. mcpmon hands it to services that it runs and
/// that ask for it; Sentry itself is no part of the stack.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentry {
    /// The project's DSN. Whoever knows it can send errors, so it is treated as a secret.
    pub dsn: SecretRef,
    /// What Sentry calls this place: `SENTRY_ENVIRONMENT`.
    #[serde(default = "production")]
    pub environment: String,
    /// Share of requests that are traced: `SENTRY_TRACES_SAMPLE_RATE`.
    #[serde(default = "a_tenth")]
    pub traces_sample_rate: Share,
}

fn production() -> String {
    "production".to_owned()
}
fn a_tenth() -> Share {
    // Parsing a constant cannot fail.
    Share::parse("10%").unwrap_or_else(|_| unreachable!())
}

/// How a service is handed Sentry's DSN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SentryBy {
    /// A file that only the service reads; `SENTRY_DSN_FILE` says where. It needs `user:`.
    File,
    /// `SENTRY_DSN` itself, for programs that read nothing else. `docker inspect` shows it.
    Environment,
}
