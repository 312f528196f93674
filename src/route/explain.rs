//! The answer: each route with its verdict, who is told, when, and what would mute it.

use jiff::Timestamp;
use serde::Serialize;

use super::labels::{AlertLabels, Origin};
use super::time::is_within;
use super::walk::{Labels, Told, fits, told};
use crate::manifest::Document;
use crate::stack::{self, Matcher, NOBODY, Notifications, Route};

/// Who is told about an alert, and why.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this document's shape.
    pub schema_version: u32,
    /// The stack.
    pub stack: String,
    /// The moment that intervals are looked at.
    pub at: String,
    /// The alert's labels.
    pub labels: Vec<Label>,
    /// The routes in the order in which they are asked.
    pub routes: Vec<Step>,
    /// Who is told.
    pub told: Vec<Person>,
    /// What would mute it while it fires.
    pub inhibited_by: Vec<Cause>,
    /// What is odd.
    pub notes: Vec<String>,
}

/// A label of the alert.
#[derive(Debug, Serialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub from: &'static str,
}

/// One route that was asked, or not.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What it is called: `route 2`.
    pub route: String,
    /// Its place in the manifest.
    pub place: Option<String>,
    /// Whether it took the alert; nothing when it was not asked.
    pub matched: Option<bool>,
    /// Why.
    pub reason: String,
    /// Whether the routes below are asked as well.
    #[serde(rename = "continue")]
    pub goes_on: bool,
    /// The receivers.
    pub to: Vec<String>,
}

/// A receiver that is told.
#[derive(Debug, Serialize)]
pub struct Person {
    /// Its name.
    pub receiver: String,
    /// How it is reached.
    pub ways: Vec<String>,
    /// The route that leads there.
    pub route: String,
    /// What the alert is told together with, as labels with their values.
    pub group: Vec<String>,
    /// Wait before the first message.
    pub group_wait: String,
    /// Wait before news.
    pub group_interval: String,
    /// Wait before a message is repeated.
    pub repeat_interval: String,
    /// Why nobody is told at this moment.
    pub muted: Option<String>,
}

/// An alert that would mute this one.
#[derive(Debug, Serialize)]
pub struct Cause {
    /// Labels of such an alert.
    pub alert: Vec<String>,
    /// Why.
    pub because: String,
}

/// Explains what becomes of an alert.
pub fn explain(
    document: &Document,
    stack: &stack::Stack,
    alert: &AlertLabels,
    at: Timestamp,
) -> Report {
    let n = &stack.notifications;
    let mut notes = alert.hints.clone();
    let people: Vec<Person> = told(&n.root, &alert.labels)
        .iter()
        .filter(|told| told.route.receiver != NOBODY)
        .map(|told| person(n, told, &alert.labels, at))
        .collect();
    for (index, one) in people.iter().enumerate() {
        if people.iter().take(index).any(|before| before.receiver == one.receiver) {
            notes.push(format!("`{}` is told more than once", one.receiver));
        }
    }
    notes.dedup();
    let label = |(name, value): (&String, &String)| Label {
        name: name.clone(),
        value: value.clone(),
        from: match alert.origins.get(name) {
            Some(Origin::Rule) => "rule",
            Some(Origin::Service) => "service",
            Some(Origin::Prometheus) => "prometheus",
            Some(Origin::Given) | None => "given",
        },
    };
    Report {
        schema_version: 1,
        stack: stack.name.clone(),
        at: at.to_string(),
        labels: alert.labels.iter().map(label).collect(),
        routes: steps(document, n, &alert.labels),
        told: people,
        inhibited_by: n.inhibit.iter().filter_map(|rule| cause(rule, &alert.labels)).collect(),
        notes,
    }
}

/// A route as people speak of it.
fn name(route: &Route) -> String {
    match route.origin {
        stack::Origin::Manifest(index) => format!("route {}", index + 1),
        stack::Origin::Watchdog => "watchdog".to_owned(),
        stack::Origin::Default => "default".to_owned(),
    }
}

fn steps(document: &Document, n: &Notifications, labels: &Labels) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut taken: Option<String> = None;
    let mut reached = false;
    for route in &n.root.routes {
        let refused = route.matchers.iter().find(|matcher| !fits(matcher, labels));
        let (matched, reason) = match (&taken, refused) {
            (Some(by), _) => (None, format!("{by} took it")),
            (None, Some(matcher)) => (Some(false), refusal(matcher, labels)),
            (None, None) => (Some(true), agreement(route, labels)),
        };
        if matched == Some(true) {
            reached = true;
            if !route.goes_on {
                taken = Some(name(route));
            }
        }
        steps.push(step(document, route, matched, reason));
    }
    // Where a default ends the list of routes, its root is never reached.
    if n.root.routes.last().is_none_or(|last| !last.matchers.is_empty()) {
        let (matched, reason) = if reached {
            (None, format!("{} took it", taken.as_deref().unwrap_or("a route above")))
        } else {
            (Some(true), "no route took it".to_owned())
        };
        steps.push(step(document, &n.root, matched, reason));
    }
    steps
}

fn step(document: &Document, route: &Route, matched: Option<bool>, reason: String) -> Step {
    let path = match route.origin {
        stack::Origin::Manifest(index) => {
            vec!["notifications".into(), "routes".into(), index.into()]
        }
        stack::Origin::Watchdog => vec!["notifications".into(), "watchdog".into()],
        stack::Origin::Default => vec!["notifications".into(), "default".into()],
    };
    // A key that is not there has no place, though the one above it has.
    let written = match route.origin {
        stack::Origin::Manifest(_) => true,
        stack::Origin::Watchdog => document.manifest.notifications.watchdog.is_some(),
        stack::Origin::Default => document.manifest.notifications.default.is_some(),
    };
    let place = document.locate(&path).filter(|_| written).map(|span| document.sources.place(span));
    let mut to: Vec<String> = route.routes.iter().map(|below| below.receiver.clone()).collect();
    if to.is_empty() || route.origin == stack::Origin::Default {
        to = vec![route.receiver.clone()];
    }
    to.retain(|receiver| receiver != NOBODY);
    Step { route: name(route), place, matched, reason, goes_on: route.goes_on, to }
}

fn refusal(matcher: &Matcher, labels: &Labels) -> String {
    let wanted: Vec<String> = matcher.values.iter().map(|v| format!("{v:?}")).collect();
    let (label, wanted) = (&matcher.label, wanted.join(" or "));
    match labels.get(label).filter(|value| !value.is_empty()) {
        Some(value) => format!("{label} is {value:?}, not {wanted}"),
        None => format!("it has no {label}; {wanted} is wanted"),
    }
}

fn agreement(route: &Route, labels: &Labels) -> String {
    let parts: Vec<String> = route
        .matchers
        .iter()
        .map(|m| format!("{} is {:?}", m.label, labels.get(&m.label).map_or("", String::as_str)))
        .collect();
    if parts.is_empty() { "it takes every alert".to_owned() } else { parts.join(", ") }
}

fn person(n: &Notifications, told: &Told<'_>, labels: &Labels, at: Timestamp) -> Person {
    let route = told.route;
    let timing = &told.timing;
    let group = timing.group_by.iter().flatten();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let within = |name: &String| n.intervals.iter().any(|i| i.name == *name && is_within(i, at));
    let muted = route.mute.iter().find(|name| within(name)).map(|name| format!("it is `{name}`"));
    let outside = !route.active.is_empty() && !route.active.iter().any(within);
    Person {
        receiver: route.receiver.clone(),
        ways: n.receiver(&route.receiver).map(|r| r.ways.clone()).unwrap_or_default(),
        route: name(route),
        group: group
            .map(|l| format!("{l}={:?}", labels.get(l).map_or("", String::as_str)))
            .collect(),
        group_wait: text(&timing.group_wait),
        group_interval: text(&timing.group_interval),
        repeat_interval: text(&timing.repeat_interval),
        muted: muted
            .or_else(|| outside.then(|| format!("it is not `{}`", route.active.join("` or `")))),
    }
}

/// What an alert would have to be to mute this one.
fn cause(rule: &stack::Inhibit, labels: &Labels) -> Option<Cause> {
    if !rule.target.iter().all(|matcher| fits(matcher, labels)) {
        return None;
    }
    let mut alert: Vec<String> = rule
        .source
        .iter()
        .map(|m| format!("{}{}{:?}", m.label, if m.not { "!=" } else { "=" }, m.values.join("|")))
        .collect();
    for label in &rule.equal {
        if let Some(value) = labels.get(label).filter(|value| !value.is_empty()) {
            // The same label twice with two values is no alert.
            match rule.source.iter().find(|m| m.label == *label) {
                Some(m) if !fits(m, labels) => return None,
                Some(_) => {}
                None => alert.push(format!("{label}={value:?}")),
            }
        }
    }
    Some(Cause { alert, because: rule.because.clone() })
}
