//! What stands around the panels: variables, links, annotations.

use anyhow::Result;
use serde_json::{Value, json};

use super::panel::datasource;
use super::spec::{Dashboard, Source, Variable};
use super::{Context, RUNBOOKS, field, load, uid};
use crate::assets::Assets;

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
pub(super) fn links(
    assets: &Assets,
    spec: &Dashboard,
    name: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for other in ctx.dashboards.iter().filter(|other| *other != name) {
        let (title, description) = if other == RUNBOOKS {
            ("Runbooks".to_owned(), "What to do about each alert".to_owned())
        } else {
            let other = load(assets, other)?;
            (other.title, other.description)
        };
        let url = format!("/d/{}", uid(other));
        found.push(link(&title, description.trim(), &url, "dashboard", true));
    }
    found.extend(spec.links.iter().map(|l| link(&l.title, "", &l.url, "external link", false)));
    Ok(found)
}

pub(super) fn link(title: &str, tooltip: &str, url: &str, icon: &str, ours: bool) -> Value {
    json!({
        "type": "link", "title": title, "tooltip": tooltip, "url": url, "icon": icon,
        "asDropdown": false, "includeVars": ours, "keepTime": ours, "tags": [],
        "targetBlank": !ours,
    })
}

/// `annotations`: Grafana's own, which every dashboard has, and those of the dashboard.
pub(super) fn annotations(spec: &Dashboard) -> Value {
    let mut list = vec![json!({
        "builtIn": 1, "datasource": { "type": "grafana", "uid": "-- Grafana --" },
        "enable": true, "hide": true, "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts", "type": "dashboard",
    })];
    for (name, annotation) in &spec.annotations {
        list.push(json!({
            "name": name, "datasource": datasource(Source::Prometheus), "enable": true,
            "hide": false, "iconColor": field::color(annotation.color),
            "target": { "refId": "Anno", "expr": annotation.query },
            // The Prometheus plugin reads these beside the target.
            "expr": annotation.query, "titleFormat": annotation.title,
            "textFormat": annotation.text, "tagKeys": "", "useValueForTime": false,
        }));
    }
    json!({ "list": list })
}
