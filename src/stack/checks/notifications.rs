//! Alerts reach somebody, and every receiver is reached.

use super::Checks;
use super::suspects::container_itself;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{Name, Severity, UrlOrSecret};
use crate::yaml::{Segment, Span};

impl Checks<'_> {
    pub(super) fn receivers(&self, found: &mut Vec<Diagnostic>) {
        let n = &self.document.manifest.notifications;
        for (name, receiver) in &n.receivers {
            let webhook = receiver.webhook.as_ref().map(|webhook| &webhook.url);
            if let Some(UrlOrSecret::Url(url)) = webhook {
                let place = || {
                    let at = ["notifications", "receivers", name.as_str(), "webhook", "url"];
                    self.at(at.map(Segment::from))
                };
                container_itself(url, place, found);
            }
        }
        if let Some(smtp) = &n.smtp {
            let port = smtp.host.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            if port.is_none_or(|(_, port)| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
                found.push(
                    Diagnostic::error(
                        self.at(["notifications", "smtp", "host"].map(Segment::from)),
                        format!("`{}` names no port", smtp.host),
                    )
                    .help("write host and port: `smtp.example.org:587`"),
                );
            }
        }
        let known = || n.receivers.keys().map(Name::as_str);
        let mut used: Vec<&Name> = Vec::new();
        let mut check = |name, place: Option<Span>, found: &mut Vec<Diagnostic>| {
            used.push(name);
            if !n.receivers.contains_key(name) {
                found.push(
                    Diagnostic::error(place, format!("there is no receiver `{name}`"))
                        .help(suggest(name.as_str(), known())),
                );
            }
        };
        for (index, route) in n.routes.iter().enumerate() {
            for (position, name) in route.to.iter().enumerate() {
                let place = self.at([
                    "notifications".into(),
                    "routes".into(),
                    index.into(),
                    "to".into(),
                    position.into(),
                ]);
                check(name, place, found);
            }
            if route.to.is_empty() {
                let place =
                    self.at(["notifications".into(), "routes".into(), index.into(), "to".into()]);
                found.push(
                    Diagnostic::error(place, "a route that leads to nobody")
                        .help("name a receiver under `to`"),
                );
            }
        }
        for (key, name) in [("default", &n.default), ("watchdog", &n.watchdog)] {
            if let Some(name) = name {
                check(name, self.at(["notifications".into(), key.into()]), found);
            }
        }
        for name in n.receivers.keys().filter(|name| !used.contains(name)) {
            found.push(
                Diagnostic::warning(
                    self.key(["notifications".into(), "receivers".into(), name.as_str().into()]),
                    format!("no route leads to the receiver `{name}`"),
                )
                .help("name it in a route's `to`, or as `default`"),
            );
        }
    }

    /// Every severity reaches somebody.
    pub(super) fn routes(&self, found: &mut Vec<Diagnostic>) {
        let n = &self.document.manifest.notifications;
        let words = Severity::ALL.map(Severity::as_str);
        for (index, route) in n.routes.iter().enumerate() {
            let severities = route.matches.get("severity").into_iter().flat_map(|m| &m.0);
            for (position, value) in severities.enumerate() {
                if !words.contains(&value.as_str()) {
                    let place = self.at([
                        "notifications".into(),
                        "routes".into(),
                        index.into(),
                        "match".into(),
                        "severity".into(),
                        position.into(),
                    ]);
                    found.push(
                        Diagnostic::error(place, format!("there is no severity `{value}`"))
                            .help(suggest(value, words)),
                    );
                }
            }
        }
        if n.receivers.is_empty() {
            let place = self.key(["notifications".into()]);
            found.push(
                Diagnostic::warning(place, "alerts are shown in Alertmanager and Grafana, but nobody is told")
                    .help("add `notifications: {receivers: {chat: {slack: {webhook_url: {file: secrets/slack}}}}, default: chat}`"),
            );
            return;
        }
        if n.default.is_some() {
            return;
        }
        for severity in [Severity::Critical, Severity::High, Severity::Warning] {
            // A route that asks for more than the severity takes only some of its alerts.
            let taken = n.routes.iter().any(|route| {
                route.matches.is_empty()
                    || (route.matches.len() == 1
                        && route
                            .matches
                            .get("severity")
                            .is_some_and(|m| m.0.iter().any(|v| v == severity.as_str())))
            });
            if !taken {
                let place = self.key(["notifications".into(), "routes".into()]);
                found.push(
                    Diagnostic::error(
                        place,
                        format!("no route takes alerts of severity `{}`", severity.as_str()),
                    )
                    .help(
                        "name a `default` receiver, or add a route that matches just this severity",
                    ),
                );
            }
        }
    }
}
