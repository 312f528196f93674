//! Who is told about alerts, with secrets as paths: what Alertmanager's template and `route test`
//! both read, so that the one cannot say what the other does not do.

mod inhibit;
mod intervals;
mod own;
mod receivers;
mod routes;

use std::collections::BTreeMap;

pub(super) use routes::takes;

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::SecretFile;
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::manifest::Document;

/// Who is told about alerts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Notifications {
    /// Ways to reach people and machines.
    pub receivers: Vec<Receiver>,
    /// The tree of routes; its root takes what none of them does.
    pub root: Route,
    /// Times that recur, by name.
    pub intervals: Vec<Interval>,
    /// Which alerts mute which others.
    pub inhibit: Vec<Inhibit>,
    /// The mail server.
    pub smtp: Option<Json>,
    /// The team's own message templates: name → text.
    #[serde(skip)]
    pub templates: BTreeMap<String, String>,
}

/// A receiver that tells nobody.
pub const NOBODY: &str = "none";

/// A receiver.
#[derive(Clone, Debug, Serialize)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// What can be said about each of its ways: `slack #mcp`.
    #[serde(skip)]
    pub ways: Vec<String>,
    /// Its ways by kind; those that it does not use are null.
    #[serde(flatten)]
    pub kinds: Map<String, Json>,
}

/// One node of the tree of routes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Route {
    /// What an alert's labels must be.
    pub matchers: Vec<Matcher>,
    /// The receiver.
    pub receiver: String,
    /// Whether the routes after it are asked as well.
    #[serde(rename = "continue")]
    pub goes_on: bool,
    /// When and how often, where it differs from the route above.
    pub timing: Timing,
    /// Intervals in which nobody is told.
    pub mute: Vec<String>,
    /// Intervals outside of which nobody is told.
    pub active: Vec<String>,
    /// The routes below.
    pub routes: Vec<Route>,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
}

/// Where a route comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// What nothing else takes.
    #[default]
    Default,
    /// The Watchdog's own route.
    Watchdog,
    /// A route of the manifest, by its position.
    Manifest(usize),
}

/// When and how often; what is not said holds as above.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Labels by which alerts are told together.
    pub group_by: Option<Vec<String>>,
    /// Wait before the first message.
    pub group_wait: Option<String>,
    /// Wait before news.
    pub group_interval: Option<String>,
    /// Wait before a message is repeated.
    pub repeat_interval: Option<String>,
}

/// What one label must be. A label that an alert does not have counts as empty.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matcher {
    /// The label.
    pub label: String,
    /// Whether it must be none of the values.
    pub not: bool,
    /// The values.
    pub values: Vec<String>,
}

/// Times that recur: it is one of them when it is in one of the spans.
#[derive(Clone, Debug, Serialize)]
pub struct Interval {
    /// Its name.
    pub name: String,
    /// Its spans.
    pub spans: Vec<Span>,
}

/// A span: all that is given must hold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Span {
    /// Minutes after midnight, the end not included.
    pub times: Vec<(u16, u16)>,
    /// Days of the week; 0 is Sunday.
    pub weekdays: Vec<u8>,
    /// Days of the month, both ends included; negative ones count from its end.
    pub days_of_month: Vec<(i8, i8)>,
    /// Months; 1 is January.
    pub months: Vec<u8>,
    /// The time zone; UTC without one.
    pub location: Option<String>,
}

/// While an alert that fits `source` fires, those that fit `target` are muted, where both have the
/// same values in `equal`.
#[derive(Clone, Debug, Serialize)]
pub struct Inhibit {
    /// Why.
    pub because: String,
    /// The cause.
    pub source: Vec<Matcher>,
    /// What follows from it.
    pub target: Vec<Matcher>,
    /// Labels that must be equal.
    pub equal: Vec<String>,
}

/// Resolves the manifest's `notifications:`.
pub fn resolve(
    document: &Document,
    catalog: &Catalog,
    secrets: &mut Vec<SecretFile>,
    found: &mut Vec<Diagnostic>,
) -> Notifications {
    let n = &document.manifest.notifications;
    let receivers = receivers::resolve(document, secrets, found);
    let smtp = n.smtp.as_ref().map(|smtp| {
        let password = smtp.password.as_ref().map(|source| {
            let path = "secrets/smtp-password".to_owned();
            let span = document.locate_key(&["notifications".into(), "smtp".into(), "password".into()]);
            secrets.push(SecretFile { component: "alertmanager".to_owned(), path: path.clone(), source: source.clone(), span });
            path
        });
        json!({"host": smtp.host, "from": smtp.from, "username": smtp.username, "password": password, "require_tls": smtp.require_tls})
    });
    Notifications {
        receivers,
        root: routes::resolve(n),
        intervals: intervals::resolve(document, found),
        inhibit: inhibit::resolve(catalog, found),
        smtp,
        templates: own::resolve(document, found),
    }
}

impl Notifications {
    /// The receiver of that name.
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }
}
