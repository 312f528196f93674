//! The queries of a rendered dashboard, as Grafana would send them: what a check runs against the
//! live stack.

use std::collections::BTreeMap;

use serde_json::Value;

/// One query of one panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelQuery {
    /// The dashboard's uid.
    pub dashboard: String,
    /// The panel's title; `annotation: <name>` for a mark on the time axis.
    pub panel: String,
    /// How the series of the query are called.
    pub legend: String,
    /// What the panel says when there is nothing to show.
    pub empty: Option<String>,
    /// The uid of the data source that it asks.
    pub datasource: String,
    /// PromQL or LogQL without Grafana's macros and variables.
    pub expr: String,
    /// Whether Grafana asks for the newest value only.
    pub instant: bool,
}

/// A variable of which the reader sees one value at a time, and where its values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The variable's name.
    pub name: String,
    /// The series that carry the label.
    pub series: String,
    /// The label whose values they are.
    pub label: String,
}

/// The span that stands for `$__range` and the like: long enough for any rate.
const RANGE_SECONDS: u64 = 3600;

/// The variables that are to be filled with a value that exists.
pub fn choices(dashboard: &Value) -> Vec<Choice> {
    let variables = variables(dashboard, &BTreeMap::new());
    let asked = |variable: &Value| {
        let query = variable["query"]["query"].as_str()?;
        let (series, label) =
            query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(',')?;
        Some(Choice {
            name: text(&variable["name"]),
            series: fill(series, &variables, 15),
            label: label.trim().to_owned(),
        })
    };
    let list = list(&dashboard["templating"]["list"]);
    list.iter().filter(|variable| variable["multi"] != true).filter_map(asked).collect()
}

/// All queries of a dashboard. A variable becomes what is chosen for it, else what it is when the
/// dashboard is opened; one whose values come from a query then matches everything.
pub fn queries(dashboard: &Value, chosen: &BTreeMap<String, String>) -> Vec<PanelQuery> {
    let uid = text(&dashboard["uid"]);
    let variables = variables(dashboard, chosen);
    let mut found = Vec::new();
    for panel in panels(dashboard) {
        for target in list(&panel["targets"]) {
            let step = target["interval"].as_str().and_then(seconds).unwrap_or(15);
            let empty = panel.pointer("/fieldConfig/defaults/noValue");
            found.push(PanelQuery {
                dashboard: uid.clone(),
                panel: text(&panel["title"]),
                legend: text(&target["legendFormat"]),
                empty: empty.and_then(Value::as_str).map(str::to_owned),
                datasource: text(&target["datasource"]["uid"]),
                expr: fill(&text(&target["expr"]), &variables, step),
                instant: target["instant"] == true || target["queryType"] == "instant",
            });
        }
    }
    for annotation in list(&dashboard["annotations"]["list"]) {
        if let Some(expr) = annotation["target"]["expr"].as_str() {
            found.push(PanelQuery {
                dashboard: uid.clone(),
                panel: format!("annotation: {}", text(&annotation["name"])),
                legend: text(&annotation["titleFormat"]),
                empty: Some("nothing to mark".to_owned()),
                datasource: text(&annotation["datasource"]["uid"]),
                expr: fill(expr, &variables, 15),
                instant: false,
            });
        }
    }
    found
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    list(&dashboard["panels"])
        .iter()
        .flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"])))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn seconds(duration: &str) -> Option<u64> {
    duration.strip_suffix('s')?.parse().ok()
}

/// Name and value of each variable; `None` for one that stands for all values.
fn variables(
    dashboard: &Value,
    chosen: &BTreeMap<String, String>,
) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = list(&dashboard["templating"]["list"])
        .iter()
        .map(|variable| {
            let name = text(&variable["name"]);
            let opened = variable["current"]["value"].as_str();
            let value = chosen.get(&name).map(String::as_str).or(opened).map(str::to_owned);
            (name, value)
        })
        .collect();
    // `$service_group` must not be read as `$service` and a rest.
    found.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    found
}

fn fill(expr: &str, variables: &[(String, Option<String>)], step: u64) -> String {
    // Four scrapes: two samples are in it even when one scrape is missed.
    let rate = format!("{}s", step * 4);
    let range = format!("{RANGE_SECONDS}s");
    let mut expr = expr.to_owned();
    for (macro_name, value) in [
        ("__rate_interval", rate.as_str()),
        ("__range_s", "3600"),
        ("__range_ms", "3600000"),
        ("__interval_ms", "60000"),
        ("__interval", rate.as_str()),
        ("__auto", rate.as_str()),
        ("__range", range.as_str()),
    ] {
        expr = replace(&expr, macro_name, value);
    }
    for (name, value) in variables {
        if let Some(value) = value {
            expr = replace(&expr, name, value);
        } else {
            // "Equal to the chosen service" becomes "any service".
            for written in [format!("${name}"), format!("${{{name}}}")] {
                expr = expr.replace(&format!("=\"{written}\""), "=~\".*\"");
                expr = expr.replace("!=~\".*\"", "!=\"\"");
            }
            expr = replace(&expr, name, ".*");
        }
    }
    expr
}

fn replace(expr: &str, name: &str, value: &str) -> String {
    expr.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
}
