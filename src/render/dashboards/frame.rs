//! What stands around the panels: variables, links, annotations.

use super::panel::datasource;
use super::spec::{Annotation, Color, Dashboard, Source, Variable};
use super::{Context, field};
use crate::render::json::{Json, json};

/// What Grafana puts in place of "All". Listing the names would make a pattern of 10,000 services.
const ALL: &str = ".*";

/// `templating.list`.
pub(super) fn variables(spec: &Dashboard) -> Vec<Json<'_>> {
    spec.variables.iter().map(|(name, variable)| one(name, variable)).collect()
}

fn one<'a>(name: &'a str, variable: &'a Variable) -> Json<'a> {
    let mut json = json!({
        "name": name, "label": &variable.label, "hide": 0, "skipUrlSync": false,
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
        let choice = |word: &'a String| json!({ "selected": false, "text": word, "value": word });
        let options: Vec<Json<'_>> = variable.choices.iter().map(choice).collect();
        let first = options.first().cloned();
        json!({
            "type": "custom", "query": variable.choices.join(","), "options": options,
            "current": first,
        })
    };
    json.merge(own);
    if variable.text.is_none() {
        json.set("multi", variable.many);
        json.set("includeAll", variable.many);
    }
    if variable.many {
        json.set("allValue", ALL);
        json.set("current", json!({ "selected": true, "text": ["All"], "value": ["$__all"] }));
    }
    json
}

/// The other dashboards of the stack, with the time and the variables kept, then the links of the
/// dashboard's own, then those of the stack.
pub(super) fn links<'a>(spec: &'a Dashboard, name: &str, ctx: &'a Context<'_>) -> Vec<Json<'a>> {
    let others = ctx.dashboards.iter().filter(|other| other.name != name);
    let others = others.map(|other| {
        let url = format!("/d/{}", other.uid);
        link(&other.title, other.description.trim(), url, "dashboard", true)
    });
    let own = spec.links.iter().map(|own| (&own.title, &own.url));
    others.chain(own.map(lead_out)).chain(lead_outs(ctx.links)).collect()
}

/// Links that lead out of Grafana, by title.
pub(super) fn lead_outs(links: &[(String, String)]) -> impl Iterator<Item = Json<'_>> {
    links.iter().map(|(title, url)| lead_out((title, url)))
}

fn lead_out<'a>((title, url): (&'a String, &'a String)) -> Json<'a> {
    link(title, "", url, "external link", false)
}

fn link<'a>(
    title: &'a str,
    tooltip: &'a str,
    url: impl Into<Json<'a>>,
    icon: &'static str,
    ours: bool,
) -> Json<'a> {
    json!({
        "type": "link", "title": title, "tooltip": tooltip, "url": url, "icon": icon,
        "asDropdown": false, "includeVars": ours, "keepTime": ours, "tags": [],
        "targetBlank": !ours,
    })
}

/// `annotations`: Grafana's own, those of the dashboard, and the deployments.
pub(super) fn annotations(spec: &Dashboard) -> Json<'_> {
    let mut list = vec![json!({
        "builtIn": 1, "datasource": grafana(), "enable": true, "hide": true,
        "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard",
    })];
    list.extend(spec.annotations.iter().map(|(name, own)| mark(name, own)));
    if !spec.annotations.contains_key(DEPLOYMENTS) {
        // Written to Grafana's own store, by whoever deploys.
        list.push(json!({
            "name": DEPLOYMENTS, "datasource": grafana(), "enable": true, "hide": false,
            "iconColor": field::color(Color::Info),
            "target": { "limit": 100, "matchAny": false, "tags": ["deploy"], "type": "tags" },
        }));
    }
    json!({"list": list})
}

const DEPLOYMENTS: &str = "Deployments";

/// Adds the marks that every dashboard has, for the services that were chosen where it lets the reader choose.
pub(super) fn add_marks(spec: &mut Dashboard) {
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
    for (name, mark) in [("Alerts", alerts), ("Restarts", restarts)] {
        spec.annotations.entry(name.to_owned()).or_insert(mark);
    }
}

fn grafana() -> Json<'static> {
    json!({ "type": "grafana", "uid": "-- Grafana --" })
}

fn mark<'a>(name: &'a str, annotation: &'a Annotation) -> Json<'a> {
    json!({
        "name": name, "datasource": datasource(Source::Prometheus), "enable": true,
        "hide": false, "iconColor": field::color(annotation.color),
        "target": { "refId": "Anno", "expr": &annotation.query },
        // The Prometheus plugin reads these beside the target.
        "expr": &annotation.query, "titleFormat": &annotation.title,
        "textFormat": &annotation.text, "tagKeys": "", "useValueForTime": false,
    })
}
