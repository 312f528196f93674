//! What stands around the panels: variables, links, annotations.

use serde_json::{Value, json};

use super::panel::datasource;
use super::spec::{Annotation, Color, Dashboard, Source, Variable};
use super::{Context, field};
use crate::render::json::object;

/// What Grafana puts in place of "All". Listing the names would make a pattern of 10,000 services.
const ALL: &str = ".*";

/// `templating.list`.
pub(super) fn variables(spec: &Dashboard) -> Vec<Value> {
    spec.variables.iter().map(|(name, variable)| one(name, variable)).collect()
}

fn one(name: &str, variable: &Variable) -> Value {
    let mut json = json!({
        "name": name, "label": variable.label, "hide": 0, "skipUrlSync": false,
    });
    let own = if let Some(text) = &variable.text {
        json!({
            "type": "textbox", "query": text, "options": [],
            "current": { "selected": true, "text": text, "value": text },
        })
    } else if let Some(query) = &variable.query {
        json!({
            "type": "query", "datasource": datasource(Source::Prometheus), "regex": "",
            "query": { "qryType": 1, "query": query.trim(), "refId": "PrometheusVariableQueryEditor-VariableQuery" },
            // 1: asked when the dashboard is opened. 1: sorted by name.
            "refresh": 1, "sort": 1, "options": [],
        })
    } else {
        let options: Vec<Value> = variable
            .choices
            .iter()
            .map(|word| json!({ "selected": false, "text": word, "value": word }))
            .collect();
        let first = options.first().cloned().unwrap_or_default();
        json!({
            "type": "custom", "query": variable.choices.join(","), "options": options,
            "current": first,
        })
    };
    super::merge(&mut json, own);
    if variable.text.is_none() {
        json["multi"] = variable.many.into();
        json["includeAll"] = variable.many.into();
    }
    if variable.many {
        json["allValue"] = ALL.into();
        json["current"] = json!({ "selected": true, "text": ["All"], "value": ["$__all"] });
    }
    json
}

/// The other dashboards of the stack, with the time and the variables kept, then the links of the
/// dashboard's own.
pub(super) fn links(spec: &Dashboard, name: &str, ctx: &Context<'_>) -> Vec<Value> {
    let others = ctx.dashboards.iter().filter(|other| other.name != name);
    let others = others.map(|other| {
        let url = format!("/d/{}", other.uid);
        link(&other.title, other.description.trim(), &url, "dashboard", true)
    });
    let own = spec.links.iter().map(|l| link(&l.title, "", &l.url, "external link", false));
    others.chain(own).collect()
}

/// Adds links that lead out of Grafana, by title, to a dashboard.
pub fn lead_out(dashboard: &mut Value, links: &[(String, String)]) {
    if let Some(found) = dashboard.get_mut("links").and_then(Value::as_array_mut) {
        found.extend(links.iter().map(|(title, url)| link(title, "", url, "external link", false)));
    }
}

pub(super) fn link(title: &str, tooltip: &str, url: &str, icon: &str, ours: bool) -> Value {
    json!({
        "type": "link", "title": title, "tooltip": tooltip, "url": url, "icon": icon,
        "asDropdown": false, "includeVars": ours, "keepTime": ours, "tags": [],
        "targetBlank": !ours,
    })
}

/// `annotations`: Grafana's own, those of the dashboard, and what belongs over every chart.
pub(super) fn annotations(spec: &Dashboard) -> Value {
    let mut list = vec![json!({
        "builtIn": 1, "datasource": grafana(), "enable": true, "hide": true,
        "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard",
    })];
    list.extend(spec.annotations.iter().map(|(name, own)| mark(name, own)));
    for (name, common) in common(spec) {
        if !spec.annotations.contains_key(name) {
            list.push(mark(name, &common));
        }
    }
    if !spec.annotations.contains_key(DEPLOYMENTS) {
        // Written to Grafana's own store, by whoever deploys.
        list.push(json!({
            "name": DEPLOYMENTS, "datasource": grafana(), "enable": true, "hide": false,
            "iconColor": field::color(Color::Info),
            "target": { "limit": 100, "matchAny": false, "tags": ["deploy"], "type": "tags" },
        }));
    }
    object([("list", list.into())])
}

const DEPLOYMENTS: &str = "Deployments";

/// Marks that every dashboard has, for the services that were chosen where it lets the reader choose.
fn common(spec: &Dashboard) -> [(&'static str, Annotation); 2] {
    let chosen = |label: &str| {
        let known = spec.variables.contains_key(label);
        if known { format!(", {label}=~\"${label}\"") } else { String::new() }
    };
    let chosen = chosen("group") + &chosen("service");
    let alerts = Annotation {
        query: format!(
            "max by (alertname, severity, service, component) \
             (ALERTS{{alertstate=\"firing\", severity=~\"critical|high\"{chosen}}})"
        ),
        color: Color::Critical,
        title: "{{alertname}}".to_owned(),
        text: "{{severity}} {{service}} {{component}}".to_owned(),
    };
    let restarts = Annotation {
        query: format!(
            "max by (service, component) \
             (changes(process_start_time_seconds{{job!=\"\"{chosen}}}[$__rate_interval])) > 0"
        ),
        color: Color::Info,
        title: "{{service}} {{component}} started anew".to_owned(),
        text: String::new(),
    };
    [("Alerts", alerts), ("Restarts", restarts)]
}

fn grafana() -> Value {
    json!({ "type": "grafana", "uid": "-- Grafana --" })
}

fn mark(name: &str, annotation: &Annotation) -> Value {
    json!({
        "name": name, "datasource": datasource(Source::Prometheus), "enable": true,
        "hide": false, "iconColor": field::color(annotation.color),
        "target": { "refId": "Anno", "expr": annotation.query },
        // The Prometheus plugin reads these beside the target.
        "expr": annotation.query, "titleFormat": annotation.title,
        "textFormat": annotation.text, "tagKeys": "", "useValueForTime": false,
    })
}
