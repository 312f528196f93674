//! Ways to reach people and machines.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::alerts::Severity;
use super::types::{SecretRef, Url, UrlOrSecret};
use super::words::MessageLine;

/// One receiver; it may use several ways at once.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// An HTTP endpoint that takes Alertmanager's webhook.
    pub webhook: Option<Webhook>,
    /// A Slack channel.
    pub slack: Option<Slack>,
    /// A channel of Microsoft Teams.
    pub teams: Option<Teams>,
    /// A channel of Discord.
    pub discord: Option<Discord>,
    /// A chat of Telegram.
    pub telegram: Option<Telegram>,
    /// A PagerDuty service.
    pub pagerduty: Option<PagerDuty>,
    /// Opsgenie.
    pub opsgenie: Option<Opsgenie>,
    /// Mail.
    pub email: Option<Email>,
}

/// An HTTP endpoint that takes Alertmanager's webhook.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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

/// A Slack channel, through an incoming webhook or as an app.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The incoming webhook's URL; whoever knows it can post. Slack binds it to one channel.
    pub webhook_url: Option<SecretRef>,
    /// The bot token of a Slack app, instead of a webhook: it may post to many channels.
    pub token: Option<SecretRef>,
    /// The channel, with its `#`.
    pub channel: Option<String>,
    /// Other channels for some severities: `{critical: "#mcp-critical"}`.
    #[serde(default)]
    pub channels: IndexMap<Severity, String>,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// A channel of Microsoft Teams.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Teams {
    /// The URL of the channel's workflow; whoever knows it can post.
    pub webhook_url: SecretRef,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// A channel of Discord.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discord {
    /// The webhook's URL; whoever knows it can post.
    pub webhook_url: SecretRef,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// A chat of Telegram.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Telegram {
    /// The bot's token.
    pub token: SecretRef,
    /// Number of the chat; that of a group is negative.
    pub chat: i64,
    /// Number of the topic, where the group has topics.
    pub topic: Option<u32>,
    /// Another address of the bot API.
    pub api_url: Option<Url>,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// A PagerDuty service.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// Integration key of the Events API v2.
    pub routing_key: SecretRef,
    /// Another address of the Events API: `https://events.eu.pagerduty.com/v2/enqueue` in Europe.
    pub api_url: Option<Url>,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// Opsgenie.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Opsgenie {
    /// Key of the API integration.
    pub api_key: SecretRef,
    /// Teams that are responsible, by name.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Another address of the API: `https://api.eu.opsgenie.com/` in Europe.
    pub api_url: Option<Url>,
    /// Tell also when an alert is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
}

/// Mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Address, or several separated by commas.
    pub to: String,
    /// Its subject, with `{{ .CommonLabels.NAME }}` for a label.
    pub subject: Option<MessageLine>,
    /// Tell also when an alert is over.
    #[serde(default)]
    pub send_resolved: bool,
}

pub(super) const fn yes() -> bool {
    true
}
