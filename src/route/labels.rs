//! The labels of the alert that is asked about: those that were given, and those that it would have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::walk::Labels;
use crate::diagnostic::{closest, suggest};
use crate::manifest::{Document, LabelName, Severity};
use crate::render::Bundle;
use crate::stack::{Route, Stack};
use crate::yaml;

/// Where a label comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Given,
    /// The alert's rule.
    Rule,
    /// The manifest's service.
    Service,
    /// Prometheus puts it on everything that it sends.
    Prometheus,
}

/// The labels of an alert, and what is odd about those that were given.
#[derive(Clone, Debug, Default)]
pub struct AlertLabels {
    /// The labels.
    pub labels: Labels,
    /// Where each comes from.
    pub origins: BTreeMap<String, Origin>,
    /// Probable mistakes.
    pub hints: Vec<String>,
}

/// The labels that the rule of an alert gives it, by the alert's name. The team's own rules count as
/// well. A value that depends on the series is left out.
pub fn rule_labels(bundle: &Bundle) -> anyhow::Result<BTreeMap<String, Labels>> {
    let mut alerts = BTreeMap::new();
    let files = bundle.components.get("prometheus").into_iter().flatten();
    for (path, file) in files.filter(|(path, _)| path.starts_with("rules/")) {
        let content = yaml::document(path, &file.text)?.to_json();
        let list = |value: &Json, key: &str| value[key].as_array().cloned().unwrap_or_default();
        for rule in list(&content, "groups").iter().flat_map(|group| list(group, "rules")) {
            let Some(name) = rule["alert"].as_str() else { continue };
            let fixed = rule["labels"].as_object().into_iter().flatten().filter_map(|(k, v)| {
                let value = v.as_str()?;
                (!value.contains("{{")).then(|| (k.clone(), value.to_owned()))
            });
            let mut labels: Labels = fixed.collect();
            labels.insert("alertname".to_owned(), name.to_owned());
            alerts.entry(name.to_owned()).or_insert(labels);
        }
    }
    Ok(alerts)
}

/// Puts the labels together. What is given counts more than what the rule says.
pub fn assemble(
    document: &Document,
    stack: &Stack,
    rules: &BTreeMap<String, Labels>,
    alert: Option<&Labels>,
    given: &Labels,
) -> AlertLabels {
    let mut all = AlertLabels::default();
    let mut put = |name: &str, value: &str, origin: Origin| {
        if !all.labels.contains_key(name) {
            all.labels.insert(name.to_owned(), value.to_owned());
            all.origins.insert(name.to_owned(), origin);
        }
    };
    for (name, value) in given {
        put(name, value, Origin::Given);
    }
    for (name, value) in alert.into_iter().flatten() {
        put(name, value, Origin::Rule);
    }
    let service = given.get("service").map_or("", String::as_str);
    if let Some(info) = stack.services.iter().find(|info| info.name == service) {
        put("group", &info.group, Origin::Service);
    }
    put("stack", &stack.name, Origin::Prometheus);
    if let Some(prometheus) = stack.components.get("prometheus") {
        let external = prometheus.settings.get("external_labels").and_then(Json::as_object);
        for (name, value) in external.into_iter().flatten() {
            put(name, value.as_str().unwrap_or_default(), Origin::Prometheus);
        }
    }
    all.hints = hints(document, stack, rules, alert, given);
    all
}

/// What was probably meant otherwise.
fn hints(
    document: &Document,
    stack: &Stack,
    rules: &BTreeMap<String, Labels>,
    alert: Option<&Labels>,
    given: &Labels,
) -> Vec<String> {
    let mut hints = Vec::new();
    let known = known_labels(document, stack, rules);
    for (name, value) in given {
        if !known.contains(name.as_str()) {
            if let Some(near) = closest(name, known.iter().copied()) {
                hints.push(format!("no alert has the label `{name}`: did you mean `{near}`?"));
            }
            continue;
        }
        let mut values: BTreeSet<&str> = match name.as_str() {
            "severity" => Severity::ALL.map(Severity::as_str).into(),
            "service" => stack.services.iter().map(|s| s.name.as_str()).collect(),
            "group" => stack.services.iter().map(|s| s.group.as_str()).collect(),
            "component" => stack.components.keys().map(String::as_str).collect(),
            "alertname" => rules.keys().map(String::as_str).collect(),
            "category" => {
                rules.values().filter_map(|l| l.get("category")).map(String::as_str).collect()
            }
            _ => continue,
        };
        values.extend(asked(&stack.notifications.root, name));
        if !values.is_empty() && !values.contains(value.as_str()) {
            let help = suggest(value, values);
            hints.push(format!("there is no {name} `{value}`: {help}"));
        }
    }
    if let Some(name) =
        given.get("alertname").filter(|name| rules.contains_key(*name) && alert.is_none())
    {
        hints.push(format!("`--alert {name}` takes severity and category from its rule"));
    }
    hints
}

/// Names of labels that alerts of this stack have or that somebody asks for.
fn known_labels<'a>(
    document: &'a Document,
    stack: &'a Stack,
    rules: &'a BTreeMap<String, Labels>,
) -> BTreeSet<&'a str> {
    let mut known: BTreeSet<&str> = [
        "alertname",
        "severity",
        "category",
        "service",
        "group",
        "dialect",
        "instance",
        "job",
        "component",
        "stack",
    ]
    .into();
    known.extend(rules.values().flat_map(|labels| labels.keys().map(String::as_str)));
    let n = &stack.notifications;
    for route in &n.root.routes {
        known.extend(route.matchers.iter().map(|m| m.label.as_str()));
        known.extend(route.timing.group_by.iter().flatten().map(String::as_str));
    }
    known.extend(n.root.timing.group_by.iter().flatten().map(String::as_str));
    for rule in &n.inhibit {
        known.extend(rule.source.iter().chain(&rule.target).map(|m| m.label.as_str()));
        known.extend(rule.equal.iter().map(String::as_str));
    }
    let manifest = &document.manifest;
    let own = manifest.services.values().flat_map(|service| service.labels.keys());
    known.extend(manifest.defaults.labels.keys().chain(own).map(LabelName::as_str));
    known
}

/// Values of a label that routes ask for.
fn asked<'a>(root: &'a Route, label: &'a str) -> impl Iterator<Item = &'a str> {
    root.routes
        .iter()
        .flat_map(|route| &route.matchers)
        .filter(move |matcher| matcher.label == label)
        .flat_map(|matcher| matcher.values.iter().map(String::as_str))
}
