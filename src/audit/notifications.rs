//! Whether somebody hears of trouble.

use super::{Hit, Rule, Severity, Subject};
use crate::manifest::{self, UrlOrSecret};
use crate::route::{Told, told};
use crate::stack::NOBODY;

/// Critical alerts that nobody hears of.
pub const CRITICAL_UNROUTED: Rule = Rule {
    id: "critical-unrouted",
    severity: Severity::Error,
    what: "Nobody is told about critical alerts",
    frameworks: "SOC 2 CC7.3, CC7.4; GDPR 33",
    look: |s| {
        let heard = critical(s).iter().any(|told| told.route.receiver != NOBODY);
        let hit = Hit::new(
            "notifications",
            s.at(["notifications"]),
            "an alert of severity critical reaches no receiver",
            "add a receiver, and a route `{match: {severity: critical}, to: […]}`",
        );
        if heard { Vec::new() } else { vec![hit] }
    },
};

/// Critical alerts that nobody hears of at times.
pub const CRITICAL_MUTED: Rule = Rule {
    id: "critical-muted",
    severity: Severity::Warning,
    what: "At some times nobody is told about critical alerts",
    frameworks: "SOC 2 CC7.3",
    look: |s| {
        let told = critical(s);
        let told: Vec<_> = told.iter().filter(|told| told.route.receiver != NOBODY).collect();
        let muted = |told: &&Told<'_>| !told.route.mute.is_empty() || !told.route.active.is_empty();
        if told.is_empty() || !told.iter().all(muted) {
            return Vec::new();
        }
        let names: Vec<&str> = told.iter().map(|told| told.route.receiver.as_str()).collect();
        let evidence = format!("all that they reach is muted at times: {}", names.join(", "));
        vec![Hit::new(
            "notifications",
            s.at(["notifications", "routes"]),
            evidence,
            "send critical alerts to a receiver without `mute` and `active`",
        )]
    },
};

/// Critical alerts that wake nobody.
pub const NOT_PAGED: Rule = Rule {
    id: "critical-not-paged",
    severity: Severity::Info,
    what: "Critical alerts are posted, but page nobody",
    frameworks: "SOC 2 CC7.4",
    look: |s| {
        let told = critical(s);
        let receivers = &s.document.manifest.notifications.receivers;
        let reached: Vec<&manifest::Receiver> = told
            .iter()
            .filter_map(|told| {
                receivers.iter().find(|(name, _)| name.as_str() == told.route.receiver)
            })
            .map(|(_, receiver)| receiver)
            .collect();
        let pages = |r: &&manifest::Receiver| {
            r.pagerduty.is_some() || r.opsgenie.is_some() || r.webhook.is_some()
        };
        if reached.is_empty() || reached.iter().any(pages) {
            return Vec::new();
        }
        vec![Hit::new(
            "notifications",
            s.at(["notifications", "routes"]),
            "they reach no PagerDuty, Opsgenie or webhook",
            "add one to the route of critical alerts, where somebody is on call",
        )]
    },
};

/// A stack that dies unheard.
pub const NO_WATCHDOG: Rule = Rule {
    id: "no-watchdog",
    severity: Severity::Warning,
    what: "Nobody notices when the monitoring itself is dead",
    frameworks: "SOC 2 CC7.2, A1.2",
    look: |s| {
        if s.document.manifest.notifications.watchdog.is_some() {
            return Vec::new();
        }
        vec![Hit::new(
            "notifications",
            s.at(["notifications"]),
            "the Watchdog alert goes nowhere",
            "name a receiver that raises the alarm when it hears nothing: `watchdog: …`",
        )]
    },
};

/// Receivers that take alerts from anybody.
pub const WITHOUT_CREDENTIALS: Rule = Rule {
    id: "receiver-without-credentials",
    severity: Severity::Warning,
    what: "A receiver takes messages from anybody, or none from this stack",
    frameworks: "SOC 2 CC6.1",
    look: |s| {
        let n = &s.document.manifest.notifications;
        let hooks = n.receivers.iter().filter(|(_, receiver)| {
            receiver
                .webhook
                .as_ref()
                .is_some_and(|w| w.token.is_none() && matches!(w.url, UrlOrSecret::Url(_)))
        });
        let hooks = hooks.map(|(name, _)| {
            let span = s.at(["notifications", "receivers", name.as_str(), "webhook", "url"]);
            Hit::new(
                name.as_str(),
                span,
                "its webhook has neither a token nor a secret URL",
                "add `token: {file: secrets/NAME}`, or name the URL as a secret",
            )
        });
        let mail =
            n.smtp.as_ref().filter(|smtp| smtp.username.is_none() || smtp.password.is_none());
        let mail = mail.map(|smtp| {
            Hit::new(
                "smtp",
                s.at(["notifications", "smtp"]),
                format!("nobody logs in to {}, and most mail servers refuse that", smtp.host),
                "add `username` and `password: {file: secrets/smtp}`",
            )
        });
        hooks.chain(mail).collect()
    },
};

/// Who hears of a critical alert that has no other label to be routed by.
fn critical<'a>(s: &'a Subject<'_>) -> Vec<Told<'a>> {
    let labels = [("severity".to_owned(), "critical".to_owned())];
    told(&s.stack.notifications.root, &labels.into_iter().collect())
}
