//! Alerts reach somebody, and every receiver is reached.

use super::Checks;
use super::suspects::container_itself;
use crate::diagnostic::{Diagnostic, suggest};
use crate::manifest::{Name, Route, Severity, UrlOrSecret};
use crate::stack::notifications::takes;
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

    /// Every interval that a route names is there, and every one that is there is named.
    pub(super) fn intervals(&self, found: &mut Vec<Diagnostic>) {
        let n = &self.document.manifest.notifications;
        let mut used: Vec<&Name> = Vec::new();
        for (index, route) in n.routes.iter().enumerate() {
            for (key, names) in [("mute", &route.mute), ("active", &route.active)] {
                for (position, name) in names.iter().enumerate() {
                    used.push(name);
                    if n.mute_times.contains_key(name) {
                        continue;
                    }
                    let place = self.at([
                        "notifications".into(),
                        "routes".into(),
                        index.into(),
                        key.into(),
                        position.into(),
                    ]);
                    found.push(
                        Diagnostic::error(place, format!("there is no interval `{name}`")).help(
                            if n.mute_times.is_empty() {
                                format!("add `mute_times: {{{name}: {{times: [\"22:00-06:00\"]}}}}` to `notifications`")
                            } else {
                                suggest(name.as_str(), n.mute_times.keys().map(Name::as_str))
                            },
                        ),
                    );
                }
            }
        }
        for name in n.mute_times.keys().filter(|name| !used.contains(name)) {
            let place = ["notifications", "mute_times", name.as_str()].map(Segment::from);
            found.push(
                Diagnostic::warning(
                    self.key(place),
                    format!("no route names the interval `{name}`"),
                )
                .help(format!("write `mute: [{name}]` in a route, or remove it")),
            );
        }
    }

    /// No route stands behind one that takes all that it would.
    pub(super) fn unreached(&self, found: &mut Vec<Diagnostic>) {
        let routes = &self.document.manifest.notifications.routes;
        for (index, route) in routes.iter().enumerate() {
            let before =
                routes.iter().take(index).position(|one| !one.goes_on && covers(one, route));
            let Some(before) = before else { continue };
            let place =
                |index: usize| self.at(["notifications".into(), "routes".into(), index.into()]);
            let other =
                place(before).map(|span| self.document.sources.place(span)).unwrap_or_default();
            found.push(
                Diagnostic::warning(
                    place(index),
                    format!("no alert comes here: the route at {other} takes them all"),
                )
                .help("put this one first, or write `continue: true` there"),
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
            let taken = n.routes.iter().any(|route| takes(route, severity));
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

/// Whether every alert that fits `inner` fits `outer`.
fn covers(outer: &Route, inner: &Route) -> bool {
    outer.matches.iter().all(|(label, wide)| {
        inner.matches.get(label).is_some_and(|narrow| narrow.0.iter().all(|v| wide.0.contains(v)))
    })
}
