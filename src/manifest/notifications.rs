//! Who is told about alerts.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::mute::MuteTime;
use super::receivers::{Receiver, yes};
use super::routes::Route;
use super::types::{Duration, Name, SecretRef};
use super::words::AlertLabel;

/// Who is told about alerts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// Ways to reach people and machines, by name.
    #[serde(default)]
    pub receivers: IndexMap<Name, Receiver>,
    /// Which alerts go where. The first route that matches takes the alert, unless it says
    /// `continue: true`.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Receiver of alerts that no route takes.
    pub default: Option<Name>,
    /// Receiver of the always-firing Watchdog alert: a service that raises the alarm when it
    /// stops hearing from this stack.
    pub watchdog: Option<Name>,
    /// When and how often.
    #[serde(default)]
    pub timing: Timing,
    /// Times by name, for a route's `mute` and `active`.
    #[serde(default)]
    pub mute_times: IndexMap<Name, MuteTime>,
    /// Folder with message templates (`*.tmpl`) of your own, laid over the shipped ones name by
    /// name. A relative path starts at the manifest's folder.
    pub templates_dir: Option<String>,
    /// The mail server, where a receiver has `email`.
    pub smtp: Option<Smtp>,
}

/// When and how often people are told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// Alerts that share these labels are told together.
    pub group_by: Vec<AlertLabel>,
    /// Wait before the first message about a group, so that related alerts join it.
    pub group_wait: Duration,
    /// Wait before news about a group that was told already.
    pub group_interval: Duration,
    /// Wait before a message is repeated while nothing changes.
    pub repeat_interval: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            group_by: ["alertname", "group"]
                .iter()
                .filter_map(|l| AlertLabel::parse(l).ok())
                .collect(),
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(300),
            repeat_interval: Duration::from_secs(4 * 3600),
        }
    }
}

/// The mail server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// `host:port`.
    pub host: String,
    /// Sender address.
    pub from: String,
    /// User, where it asks for one.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretRef>,
    /// Refuse to send without TLS.
    #[serde(default = "yes")]
    pub require_tls: bool,
}
