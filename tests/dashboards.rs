//! Every dashboard, compiled: the rules that each panel keeps, and what a wrong file is told.

use std::collections::{BTreeMap, BTreeSet};

use mcpmon::assets::Assets;
use mcpmon::render::dashboards::{self, Context};
use serde_json::Value;

const COMPONENTS: [&str; 7] =
    ["alertmanager", "alloy", "grafana", "loki", "node-exporter", "prometheus", "promtail"];

/// Types that need nothing installed; Angular's `graph` and `singlestat` are gone since Grafana 12.
const CORE: [&str; 16] = [
    "row",
    "alertlist",
    "barchart",
    "bargauge",
    "dashlist",
    "gauge",
    "heatmap",
    "histogram",
    "logs",
    "piechart",
    "stat",
    "state-timeline",
    "status-history",
    "table",
    "text",
    "timeseries",
];

fn components(off: &[&str]) -> BTreeMap<String, bool> {
    COMPONENTS.iter().map(|name| ((*name).to_owned(), !off.contains(name))).collect()
}

fn rendered() -> Vec<String> {
    let mut names = dashboards::names(&Assets::shipped());
    names.push(dashboards::RUNBOOKS.to_owned());
    names
}

fn compile(name: &str, off: &[&str]) -> anyhow::Result<Value> {
    let (components, dashboards) = (components(off), rendered());
    let ctx = Context {
        stack: "acme",
        scrape_interval_seconds: 15,
        components: &components,
        dashboards: &dashboards,
    };
    dashboards::compile(&Assets::shipped(), name, &ctx)
}

fn all() -> Vec<(String, Value)> {
    dashboards::names(&Assets::shipped())
        .into_iter()
        .map(|name| {
            let json = compile(&name, &[]).expect("it compiles");
            (name, json)
        })
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = list(&dashboard["panels"]);
    top.iter().flat_map(|p| std::iter::once(p).chain(list(&p["panels"]))).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

#[test]
fn dump() {
    for (name, json) in all() {
        println!("{name} {}", panels(&json).len());
    }
}
