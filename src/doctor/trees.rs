//! For what does not work, the way to its cause: target down, alert silent, nobody told, no logs.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Finding, Patient, targets};
use crate::check;
use crate::check::proof::prometheus::Data;
use crate::check::subject::Subject;

/// Looks at what runs; a part that does not run has been told already.
pub async fn look(patient: &Patient<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(prometheus) = subject(patient, "prometheus").await {
        found.extend(targets::look(patient, &prometheus).await);
        found.extend(rules(&prometheus).await);
        found.extend(connected(patient, &prometheus).await);
    }
    if let Some(alertmanager) = subject(patient, "alertmanager").await {
        found.extend(notifications(&alertmanager).await);
    }
    let collector = patient.project.stack.collector.component();
    if let Some(collector) = subject(patient, collector).await {
        found.extend(logs(&collector).await);
    }
    found
}

/// The findings that lead to why a check of `mcpmon health-check` failed.
pub async fn explain(patient: &Patient<'_>, check: &str) -> Vec<Finding> {
    let of = |ids: &'static [&'static str], found: Vec<Finding>| -> Vec<Finding> {
        found.into_iter().filter(|f| ids.contains(&f.id) && f.level > super::Level::Fine).collect()
    };
    match check {
        "targets" => of(&["target-down", "targets"], look(patient).await),
        "rules" => of(&["rule", "rules"], look(patient).await),
        "alertmanager" => of(&["alerts-arrive", "notifications"], look(patient).await),
        "logs" => of(&["logs"], look(patient).await),
        _ => match super::examine(patient).await {
            Ok(all) => {
                all.findings.into_iter().filter(|f| f.level == super::Level::Problem).collect()
            }
            Err(error) => vec![Finding::problem(
                "engine",
                "the engine does not answer",
                vec![error.to_string()],
            )],
        },
    }
}

async fn subject<'a>(patient: &Patient<'a>, name: &str) -> Option<Subject<'a>> {
    let unit = patient.units.iter().find(|unit| unit.is_component && unit.name == name)?;
    check::subject(patient.reader, unit, &patient.project.stack, patient.secrets).await.ok()
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}
#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    name: String,
    health: String,
    #[serde(default)]
    last_error: String,
}

/// A rule that cannot be evaluated never fires.
async fn rules(prometheus: &Subject<'_>) -> Vec<Finding> {
    let url = prometheus.url("/api/v1/rules");
    let answer: Result<Data<Groups>, String> = prometheus.http.json(&url, None).await;
    let groups = match answer {
        Ok(answer) => answer.data.groups,
        Err(problem) => {
            return vec![Finding::problem(
                "rules",
                "Prometheus does not say which rules it has",
                vec![problem],
            )];
        }
    };
    let all: Vec<&Rule> = groups.iter().flat_map(|group| &group.rules).collect();
    let bad = all.iter().filter(|rule| rule.health == "err");
    let bad: Vec<String> = bad.map(|rule| format!("{}: {}", rule.name, rule.last_error)).collect();
    if bad.is_empty() {
        return vec![Finding::fine("rules", format!("{} rules, none fails", all.len()))];
    }
    vec![
        Finding::problem("rule", "rules fail: these alerts stay silent", bad)
            .why("an alert whose expression fails can never fire")
            .mend("mcpmon validate --in-images; two series of the same labels are the usual cause"),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Managers {
    active_alertmanagers: Vec<serde_json::Value>,
}

/// Whether Prometheus knows whom to tell.
async fn connected(patient: &Patient<'_>, prometheus: &Subject<'_>) -> Vec<Finding> {
    if !patient.project.stack.has("alertmanager") {
        return Vec::new();
    }
    let url = prometheus.url("/api/v1/alertmanagers");
    let answer: Result<Data<Managers>, String> = prometheus.http.json(&url, None).await;
    match answer {
        Ok(answer) if answer.data.active_alertmanagers.is_empty() => vec![
            Finding::problem("alerts-arrive", "Prometheus tells no Alertmanager", Vec::new())
                .why("alerts fire and nobody is told")
                .mend("mcpmon reload"),
        ],
        Ok(_) => Vec::new(),
        Err(problem) => vec![Finding::problem(
            "alerts-arrive",
            "Prometheus does not say whom it tells",
            vec![problem],
        )],
    }
}

/// Whether receivers take what they are sent.
async fn notifications(alertmanager: &Subject<'_>) -> Vec<Finding> {
    let text = match alertmanager.http.text(&alertmanager.url("/metrics"), None).await {
        Ok(text) => text,
        Err(problem) => {
            return vec![Finding::problem(
                "notifications",
                "Alertmanager does not answer",
                vec![problem],
            )];
        }
    };
    let failed = by_label(&text, "alertmanager_notifications_failed_total", "integration");
    let failed: Vec<String> = failed
        .into_iter()
        .filter(|(_, count)| *count > 0.0)
        .map(|(integration, count)| {
            format!("{integration}: {count} messages failed since it started")
        })
        .collect();
    if failed.is_empty() {
        return vec![Finding::fine("notifications", "no receiver refused a message")];
    }
    vec![
        Finding::problem("notifications", "receivers refuse messages", failed)
            .why("somebody should have been told, and was not")
            .mend("mcpmon logs alertmanager shows what they answer; mcpmon route test --send tries each receiver"),
    ]
}

/// Whether the collector gets rid of its lines.
async fn logs(collector: &Subject<'_>) -> Vec<Finding> {
    let Ok(text) = collector.http.text(&collector.url("/metrics"), None).await else {
        return Vec::new();
    };
    let mut dropped = BTreeMap::new();
    for name in ["promtail_dropped_entries_total", "loki_write_dropped_entries_total"] {
        dropped.extend(by_label(&text, name, "reason"));
    }
    let dropped: Vec<(String, f64)> = dropped.into_iter().filter(|(_, n)| *n > 0.0).collect();
    let Some((first, _)) = dropped.first() else {
        return vec![Finding::fine("logs", "the collector dropped no line")];
    };
    let mend = match first.as_str() {
        "rate_limited" => {
            "components: {loki: {config: {limits_config: {ingestion_rate_mb: 8}}}} in the manifest"
        }
        "line_too_long" => {
            "components: {loki: {config: {limits_config: {max_line_size: 1MB}}}} in the manifest"
        }
        "stream_limited" => "fewer values in `logs.labels`: each combination is a stream",
        _ => "mcpmon logs loki shows why it did not take them",
    };
    let lines = dropped.iter().map(|(reason, n)| format!("{n} lines: {reason}")).collect();
    vec![
        Finding::problem("logs", "the collector drops lines", lines)
            .why("what is dropped is found nowhere")
            .mend(mend),
    ]
}

/// Sums of a metric by the value of one label.
fn by_label(text: &str, metric: &str, label: &str) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(metric).and_then(|rest| rest.strip_prefix('{')) else {
            continue;
        };
        let Some((labels, value)) = rest.rsplit_once('}') else { continue };
        let start = labels.find(&format!("{label}=\"")).map(|at| at + label.len() + 2);
        let of = start.and_then(|at| labels.get(at..)?.split('"').next());
        if let (Some(of), Ok(value)) = (of, value.trim().parse::<f64>()) {
            *sums.entry(of.to_owned()).or_insert(0.0) += value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_by_a_label() {
        let text = "a_total{reason=\"x\",host=\"1\"} 2\na_total{host=\"2\",reason=\"x\"} 3\na_total{reason=\"y\"} 0\nab_total{reason=\"z\"} 9\n";
        let sums = by_label(text, "a_total", "reason");
        assert_eq!(sums, BTreeMap::from([("x".to_owned(), 5.0), ("y".to_owned(), 0.0)]));
    }
}
