//! Who is told about alerts.

use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use super::types::{Duration, Name, SecretRef, UrlOrSecret};
use super::words::AlertLabel;

/// Who is told about alerts.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// Ways to reach people and machines, by name.
    #[serde(default)]
    pub receivers: IndexMap<Name, Receiver>,
    /// Which alerts go where. The first route that matches takes the alert.
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
    /// The mail server, where a receiver has `email`.
    pub smtp: Option<Smtp>,
}

/// When and how often people are told.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
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
            group_wait: Duration::from_secs(10),
            group_interval: Duration::from_secs(300),
            repeat_interval: Duration::from_secs(4 * 3600),
        }
    }
}

/// One receiver; it may use several ways at once.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// An HTTP endpoint that takes Alertmanager's webhook.
    pub webhook: Option<Webhook>,
    /// A Slack channel.
    pub slack: Option<Slack>,
    /// A PagerDuty service.
    pub pagerduty: Option<PagerDuty>,
    /// Mail.
    pub email: Option<Email>,
}

/// An HTTP endpoint that takes Alertmanager's webhook.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The URL, or the secret that holds it.
    pub url: UrlOrSecret,
    /// Bearer token that it asks for.
    pub token: Option<SecretRef>,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// A Slack channel.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The incoming webhook's URL; whoever knows it can post.
    pub webhook_url: SecretRef,
    /// The channel, with its `#`.
    pub channel: Option<String>,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// A PagerDuty service.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// Integration key of the Events API v2.
    pub routing_key: SecretRef,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// Mail.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Address, or several separated by commas.
    pub to: String,
    /// Tell also when an alert is over.
    #[serde(default)]
    pub send_resolved: bool,
}

/// The mail server.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
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

/// Which alerts go where.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Labels that an alert must have: `{severity: critical}`, `{group: [core, ai]}`.
    #[serde(rename = "match")]
    pub matches: IndexMap<AlertLabel, Matcher>,
    /// The receivers, by name.
    pub to: Vec<Name>,
}

/// The values that a label may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher(pub Vec<String>);

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Matcher;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Matcher, E> {
                Ok(Matcher(vec![text.to_owned()]))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Matcher, E> {
                Ok(Matcher(vec![value.to_string()]))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Matcher, E> {
                Ok(Matcher(vec![value.to_string()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Matcher, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element::<String>()? {
                    values.push(value);
                }
                if values.is_empty() {
                    return Err(de::Error::custom("the list is empty, so nothing would match"));
                }
                Ok(Matcher(values))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

impl JsonSchema for Matcher {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Matcher".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
    }
}

fn yes() -> bool {
    true
}
