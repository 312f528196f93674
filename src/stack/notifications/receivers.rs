//! Receivers, with secrets as paths.

use serde_json::{Map, Value as Json, json};

use super::{NOBODY, Receiver};
use crate::diagnostic::Diagnostic;
use crate::manifest::{self, Document, Name, SecretRef, Slack, UrlOrSecret};
use crate::stack::SecretFile;
use crate::yaml::Span;

/// The ways that a receiver may use, as the manifest names them.
const KINDS: [&str; 8] =
    ["webhook", "slack", "teams", "discord", "telegram", "pagerduty", "opsgenie", "email"];

/// Resolves every receiver.
pub fn resolve(
    document: &Document,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Receiver> {
    let n = &document.manifest.notifications;
    let mut receivers = Vec::new();
    for (name, receiver) in &n.receivers {
        let at = |key: Option<&str>| {
            let mut path = vec!["notifications".into(), "receivers".into(), name.as_str().into()];
            path.extend(key.map(Into::into));
            document.locate_key(&path)
        };
        if name.as_str() == NOBODY {
            found.push(
                Diagnostic::error(at(None), "a receiver cannot be named `none`: mcpmon has one of that name that tells nobody")
                    .help("choose another name"),
            );
        }
        let mut ways = Ways { name, span: at(None), secrets, kinds: Map::new(), said: Vec::new() };
        ways.all(receiver);
        if ways.said.is_empty() {
            found.push(
                Diagnostic::error(at(None), format!("the receiver `{name}` reaches nobody"))
                    .help(format!("give it one or more of: {}", KINDS.join(", "))),
            );
        }
        receivers.push(Receiver { name: name.to_string(), ways: ways.said, kinds: ways.kinds });
        if let Some(slack) = &receiver.slack {
            check_slack(slack, at(Some("slack")), found);
        }
        if receiver.email.is_some() && n.smtp.is_none() {
            found.push(
                Diagnostic::error(at(Some("email")), "mail needs a mail server")
                    .help("add `notifications: {smtp: {host: \"smtp.example.org:587\", from: alerts@example.org}}`"),
            );
        }
    }
    receivers
}

/// Slack's two ways in need different things.
fn check_slack(slack: &Slack, span: Option<Span>, found: &mut Vec<Diagnostic>) {
    if slack.webhook_url.is_some() == slack.token.is_some() {
        found.push(
            Diagnostic::error(span, "Slack needs exactly one of `webhook_url` and `token`")
                .help("write `slack: {webhook_url: {file: secrets/slack}}`, or `token:` for an app that posts to many channels"),
        );
    } else if slack.token.is_some() && slack.channel.is_none() {
        found.push(
            Diagnostic::error(span, "an app of Slack has no channel of its own")
                .help("add `channel: \"#alerts\"`"),
        );
    }
}

/// The ways of one receiver.
struct Ways<'a> {
    name: &'a Name,
    span: Option<Span>,
    secrets: &'a mut Vec<SecretFile>,
    kinds: Map<String, Json>,
    said: Vec<String>,
}

impl Ways<'_> {
    /// Every key stands, also without a value: templates take an absent one for a mistake.
    fn all(&mut self, receiver: &manifest::Receiver) {
        let manifest::Receiver {
            webhook,
            slack,
            teams,
            discord,
            telegram,
            pagerduty,
            opsgenie,
            email,
        } = receiver;
        let webhook = webhook.as_ref().map(|w| {
            let (url, url_file, said) = match &w.url {
                UrlOrSecret::Url(url) => (Some(url), None, format!("webhook {url}")),
                UrlOrSecret::Secret(source) => {
                    (None, Some(self.secret("webhook", source)), "webhook".to_owned())
                }
            };
            let token = w.token.as_ref().map(|token| self.secret("webhook-token", token));
            self.said.push(said);
            json!({"url": url, "url_file": url_file, "token": token, "send_resolved": w.send_resolved})
        });
        self.put("webhook", webhook);
        let slack = slack.as_ref().map(|s| self.slack(s));
        self.put("slack", slack);
        let teams = teams.as_ref().map(|t| {
            self.said.push("teams".to_owned());
            json!({"webhook_url": self.secret("teams", &t.webhook_url), "send_resolved": t.send_resolved})
        });
        self.put("teams", teams);
        let discord = discord.as_ref().map(|d| {
            self.said.push("discord".to_owned());
            json!({"webhook_url": self.secret("discord", &d.webhook_url), "send_resolved": d.send_resolved})
        });
        self.put("discord", discord);
        let telegram = telegram.as_ref().map(|t| {
            self.said.push(format!("telegram chat {}", t.chat));
            let token = self.secret("telegram", &t.token);
            json!({"token": token, "chat": t.chat, "topic": t.topic, "api_url": t.api_url, "send_resolved": t.send_resolved})
        });
        self.put("telegram", telegram);
        let pagerduty = pagerduty.as_ref().map(|p| {
            self.said.push("pagerduty".to_owned());
            let key = self.secret("pagerduty", &p.routing_key);
            json!({"routing_key": key, "api_url": p.api_url, "send_resolved": p.send_resolved})
        });
        self.put("pagerduty", pagerduty);
        let opsgenie = opsgenie.as_ref().map(|o| {
            let teams = o.teams.join(", ");
            self.said.push(format!("opsgenie {teams}").trim_end().to_owned());
            let key = self.secret("opsgenie", &o.api_key);
            json!({"api_key": key, "teams": o.teams, "api_url": o.api_url, "send_resolved": o.send_resolved})
        });
        self.put("opsgenie", opsgenie);
        let email = email.as_ref().map(|e| {
            self.said.push(format!("email {}", e.to));
            json!({"to": e.to, "subject": e.subject, "send_resolved": e.send_resolved})
        });
        self.put("email", email);
    }

    fn slack(&mut self, slack: &Slack) -> Json {
        let url = slack.webhook_url.as_ref().map(|source| self.secret("slack", source));
        let token = slack.token.as_ref().map(|source| self.secret("slack-token", source));
        let others = slack.channels.iter().map(|(s, c)| format!("{c} for {}", s.as_str()));
        let channels: Vec<String> = slack.channel.iter().cloned().chain(others).collect();
        self.said.push(format!("slack {}", channels.join(", ")).trim_end().to_owned());
        json!({"webhook_url": url, "token": token, "channel": slack.channel, "channels": slack.channels, "send_resolved": slack.send_resolved})
    }

    fn put(&mut self, kind: &str, value: Option<Json>) {
        self.kinds.insert(kind.to_owned(), value.unwrap_or_default());
    }

    /// The path of a secret.
    fn secret(&mut self, kind: &str, source: &SecretRef) -> String {
        let path = format!("secrets/{}-{kind}", self.name);
        self.secrets.push(SecretFile {
            component: "alertmanager".to_owned(),
            path: path.clone(),
            source: source.clone(),
            span: self.span,
        });
        path
    }
}
