//! How log lines are found and read: one model, rendered for whichever collector runs.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::diagnostic::Diagnostic;
use crate::manifest::Document;

/// Fields with a value per request: as labels they would make a stream of every line.
const MANY_VALUES: [&str; 8] =
    ["trace_id", "span_id", "request_id", "session_id", "user_id", "id", "message", "timestamp"];

/// What is done to each line, and where lines come from.
pub fn resolve(document: &Document, found: &mut Vec<Diagnostic>) -> (Json, Json) {
    let manifest = &document.manifest;
    let mut fields = Map::new();
    fields.insert("level".to_owned(), json!("level"));
    for (index, label) in manifest.logs.labels.iter().enumerate() {
        let label = label.to_string();
        if MANY_VALUES.contains(&label.as_str()) {
            let span = document.locate(&["logs".into(), "labels".into(), index.into()]);
            found.push(
                Diagnostic::error(
                    span,
                    format!(
                        "`{label}` has a value per line, so each line would be a stream of its own"
                    ),
                )
                .help(format!(
                    "leave it in the line and search for it with `| json | {label}=\"…\"`"
                )),
            );
        }
        fields.insert(label.clone(), json!(label));
    }
    let logs = json!({"drop": manifest.logs.drop, "fields": fields, "labels": fields});

    let mut sources = vec![json!({
        "name": "stack",
        "filters": [{"name": "label", "values": [format!("dev.mcpmon.stack={}", manifest.name)]}],
        "labels": [
            {"source_labels": ["__meta_docker_container_label_dev_mcpmon_service"], "target_label": "service"},
            {"source_labels": ["__meta_docker_container_label_dev_mcpmon_group"], "target_label": "group"},
            {"source_labels": ["__meta_docker_container_label_dev_mcpmon_component"], "target_label": "component"},
        ],
    })];
    let outside: Vec<(String, String, String)> = manifest
        .services
        .iter()
        .filter(|(_, service)| service.run.is_none())
        .filter_map(|(name, s)| {
            Some((name.to_string(), s.container.as_ref()?.to_string(), s.group.to_string()))
        })
        .collect();
    if !outside.is_empty() {
        // The engine takes a name filter as a regular expression over `/name`.
        let names: Vec<String> =
            outside.iter().map(|(_, c, _)| format!("^/{}$", regex_escape(c))).collect();
        let mut labels = vec![json!({
            "source_labels": ["__meta_docker_container_name"],
            "regex": "/(.*)", "target_label": "service",
        })];
        for (service, container, _) in outside.iter().filter(|(s, c, _)| s != c) {
            let regex = format!("/{}", regex_escape(container));
            labels.push(json!({"source_labels": ["__meta_docker_container_name"], "regex": regex, "replacement": service, "target_label": "service"}));
        }
        // One rule per group, not per service: every rule is tried on every container.
        let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (_, container, group) in outside.iter().filter(|(_, _, g)| g != "default") {
            groups.entry(group).or_default().push(regex_escape(container));
        }
        for (group, containers) in groups {
            let regex = format!("/({})", containers.join("|"));
            labels.push(json!({"source_labels": ["__meta_docker_container_name"], "regex": regex, "replacement": group, "target_label": "group"}));
        }
        sources.push(json!({
            "name": "services",
            "filters": [{"name": "name", "values": names}],
            "labels": labels,
        }));
    }
    (logs, Json::Array(sources))
}

/// Text as a regular expression that matches just it. Container names hold nothing but letters,
/// digits, `_`, `.` and `-`.
fn regex_escape(text: &str) -> String {
    text.replace('.', "\\.")
}
