//! Tables: the results of several queries side by side, one row for each set of labels.

use std::borrow::Cow;

use super::field;
use super::panel::ref_id;
use super::spec::Panel;
use crate::render::json::{Json, json};

/// What Grafana does with the results before it shows them: join the rows, keep the columns that
/// were asked for, in that order and under those headings.
pub(super) fn transformations(panel: &Panel) -> Vec<Json<'_>> {
    let labels = panel.labels.iter().map(|(name, heading)| (name.into(), heading.as_str()));
    let columns: Vec<Column<'_>> = labels.chain(values(panel)).collect();
    let names = || columns.iter().map(|(name, _)| name.clone());
    let mut found = Vec::new();
    if panel.queries.len() > 1 {
        // Rows whose labels agree become one.
        found.push(json!({ "id": "merge", "options": {} }));
    }
    found.push(json!({
        "id": "filterFieldsByName",
        "options": { "include": { "names": names().collect::<Vec<_>>() } },
    }));
    found.push(json!({
        "id": "organize",
        "options": {
            "excludeByName": {},
            "indexByName": Json::object(names().zip(0_usize..)),
            "renameByName": Json::object(columns.iter().cloned()),
        },
    }));
    found
}

/// Grafana's name for a column, and the heading that it gets.
type Column<'a> = (Cow<'a, str>, &'a str);

/// The column of each query.
fn values(panel: &Panel) -> Vec<Column<'_>> {
    if panel.queries.len() == 1 || panel.query.is_some() {
        let heading = panel.legend.as_deref().or(panel.queries.first().map(|q| q.legend.as_str()));
        return heading.map(|heading| ("Value".into(), heading)).into_iter().collect();
    }
    let queries = panel.queries.iter().enumerate();
    queries
        .map(|(index, query)| (format!("Value #{}", ref_id(index)).into(), query.legend.as_str()))
        .collect()
}

/// What each column says for itself; `service_link` is put on the column of the label `service`.
pub(super) fn overrides<'a>(panel: &'a Panel, service_link: Option<Json<'a>>) -> Vec<Json<'a>> {
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
                "matcher": { "id": "byName", "options": &query.legend },
                "properties": properties,
            }));
        }
    }
    found
}
