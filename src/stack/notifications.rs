//! Receivers and routes, with secrets as paths.

use serde_json::{Map, Value as Json, json};

use super::SecretFile;
use crate::diagnostic::Diagnostic;
use crate::manifest::{Document, Receiver, SecretRef, UrlOrSecret};

/// Resolves the manifest's `notifications:` for Alertmanager's template.
pub fn resolve(
    document: &Document,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Json {
    let n = &document.manifest.notifications;
    let mut receivers = Vec::new();
    for (name, receiver) in &n.receivers {
        let place = ["notifications".into(), "receivers".into(), name.as_str().into()];
        let span = document.locate_key(&place);
        if name.as_str() == "none" {
            found.push(
                Diagnostic::error(span, "a receiver cannot be named `none`: mcpmon has one of that name that tells nobody")
                    .help("choose another name"),
            );
        }
        let Receiver { webhook, slack, pagerduty, email } = receiver;
        if webhook.is_none() && slack.is_none() && pagerduty.is_none() && email.is_none() {
            found.push(
                Diagnostic::error(span, format!("the receiver `{name}` reaches nobody"))
                    .help("give it `webhook`, `slack`, `pagerduty` or `email`"),
            );
        }
        if email.is_some() && n.smtp.is_none() {
            let span = document.locate_key(&[
                "notifications".into(),
                "receivers".into(),
                name.as_str().into(),
                "email".into(),
            ]);
            found.push(
                Diagnostic::error(span, "mail needs a mail server")
                    .help("add `notifications: {smtp: {host: \"smtp.example.org:587\", from: alerts@example.org}}`"),
            );
        }
        let mut secret = |kind: &str, source: &SecretRef| {
            let path = format!("secrets/{name}-{kind}");
            let (component, source) = ("alertmanager".to_owned(), source.clone());
            secrets.push(SecretFile { component, path: path.clone(), source, span });
            path
        };
        // Every key stands, also without a value: templates take an absent one for a mistake.
        let webhook = webhook.as_ref().map(|w| {
            let (url, url_file) = match &w.url {
                UrlOrSecret::Url(url) => (Some(url), None),
                UrlOrSecret::Secret(source) => (None, Some(secret("webhook", source))),
            };
            let token = w.token.as_ref().map(|token| secret("webhook-token", token));
            json!({"url": url, "url_file": url_file, "token": token, "send_resolved": w.send_resolved})
        });
        let slack = slack.as_ref().map(|s| {
            let url = secret("slack", &s.webhook_url);
            json!({"webhook_url": url, "channel": s.channel, "send_resolved": s.send_resolved})
        });
        let pagerduty = pagerduty.as_ref().map(|p| {
            let key = secret("pagerduty", &p.routing_key);
            json!({"routing_key": key, "send_resolved": p.send_resolved})
        });
        let email = email.as_ref().map(|e| json!({"to": e.to, "send_resolved": e.send_resolved}));
        receivers.push(json!({
            "name": name, "webhook": webhook, "slack": slack, "pagerduty": pagerduty, "email": email,
        }));
    }
    let smtp = n.smtp.as_ref().map(|smtp| {
        let password = smtp.password.as_ref().map(|source| {
            let path = "secrets/smtp-password".to_owned();
            let span = document.locate_key(&["notifications".into(), "smtp".into(), "password".into()]);
            secrets.push(SecretFile { component: "alertmanager".to_owned(), path: path.clone(), source: source.clone(), span });
            path
        });
        json!({"host": smtp.host, "from": smtp.from, "username": smtp.username, "password": password, "require_tls": smtp.require_tls})
    });
    let routes: Vec<Json> = n
        .routes
        .iter()
        .map(|route| {
            let labels: Map<String, Json> =
                route.matches.iter().map(|(k, v)| (k.to_string(), json!(v.0))).collect();
            json!({"match": labels, "to": route.to})
        })
        .collect();
    json!({
        "receivers": receivers,
        "routes": routes,
        "default": n.default,
        "watchdog": n.watchdog,
        "smtp": smtp,
        "timing": {
            "group_by": n.timing.group_by,
            "group_wait": n.timing.group_wait,
            "group_interval": n.timing.group_interval,
            "repeat_interval": n.timing.repeat_interval,
        },
    })
}
