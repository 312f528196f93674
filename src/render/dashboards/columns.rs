//! Tables: the results of several queries side by side, one row for each set of labels.

use serde_json::{Map, Value, json};

use super::field;
use super::panel::ref_id;
use super::spec::Panel;

/// What Grafana does with the results before it shows them: join the rows, keep the columns that
/// were asked for, in that order and under those headings.
pub(super) fn transformations(panel: &Panel) -> Vec<Value> {
    let values = value_columns(panel);
    let mut found = Vec::new();
    if panel.queries.len() > 1 {
        // Rows whose labels agree become one.
        found.push(json!({ "id": "merge", "options": {} }));
    }
    let kept: Vec<&str> = panel
        .labels
        .keys()
        .map(String::as_str)
        .chain(values.iter().map(|v| v.0.as_str()))
        .collect();
    found.push(json!({
        "id": "filterFieldsByName",
        "options": { "include": { "names": kept } },
    }));
    let order: Map<String, Value> =
        kept.iter().enumerate().map(|(index, name)| ((*name).to_owned(), index.into())).collect();
    let headings: Map<String, Value> = panel
        .labels
        .iter()
        .map(|(label, heading)| (label.clone(), heading.clone().into()))
        .chain(values.iter().map(|(name, heading)| (name.clone(), (*heading).into())))
        .collect();
    found.push(json!({
        "id": "organize",
        "options": { "excludeByName": {}, "indexByName": order, "renameByName": headings },
    }));
    found
}

/// Grafana's name for the column of each query, and the heading that it gets.
fn value_columns(panel: &Panel) -> Vec<(String, &str)> {
    if panel.queries.len() == 1 || panel.query.is_some() {
        let heading = panel.legend.as_deref().or(panel.queries.first().map(|q| q.legend.as_str()));
        return heading.map(|heading| ("Value".to_owned(), heading)).into_iter().collect();
    }
    panel
        .queries
        .iter()
        .enumerate()
        .map(|(index, query)| (format!("Value #{}", ref_id(index)), query.legend.as_str()))
        .collect()
}

/// What each column says for itself; `service_link` is put on the column of the label `service`.
pub(super) fn overrides(panel: &Panel, service_link: Option<Value>) -> Vec<Value> {
    let mut found = Vec::new();
    if let (Some(link), Some(heading)) = (service_link, panel.labels.get("service")) {
        found.push(json!({
            "matcher": { "id": "byName", "options": heading },
            "properties": [{ "id": "links", "value": [link] }],
        }));
    }
    for query in &panel.queries {
        let properties = field::properties(query, true);
        if !properties.is_empty() {
            found.push(json!({
                "matcher": { "id": "byName", "options": query.legend },
                "properties": properties,
            }));
        }
    }
    found
}
