//! What both tests of dashboards need: a stack with everything on, and every dashboard compiled.

use std::collections::BTreeMap;

use mcpmon::assets::Assets;
use mcpmon::render::dashboards::{self, Context};
use serde_json::Value;

const COMPONENTS: [&str; 13] = [
    "agent",
    "alertmanager",
    "alloy",
    "blackbox-exporter",
    "cadvisor",
    "grafana",
    "loki",
    "mosquitto-exporter",
    "node-exporter",
    "postgres-exporter",
    "prometheus",
    "promtail",
    "redis-exporter",
];

/// Compiles a dashboard for a stack that has every component but those.
pub fn compile(assets: &Assets, name: &str, without: &[&str]) -> anyhow::Result<Value> {
    let components: BTreeMap<String, bool> =
        COMPONENTS.iter().map(|name| ((*name).to_owned(), !without.contains(name))).collect();
    let mut dashboards = dashboards::names(assets);
    dashboards.retain(|name| !name.ends_with("logs") || components["loki"]);
    dashboards.push(dashboards::RUNBOOKS.to_owned());
    let dashboards = dashboards.iter().map(|name| dashboards::identity(assets, name));
    let dashboards = dashboards.collect::<anyhow::Result<Vec<_>>>()?;
    let thresholds = BTreeMap::from([
        ("ElevatedErrorRate".to_owned(), 0.01),
        ("HighErrorRate".to_owned(), 0.05),
        ("HighLatency".to_owned(), 1.0),
    ]);
    let ctx = Context {
        stack: "acme",
        scrape_interval_seconds: 15,
        components: &components,
        dashboards: &dashboards,
        thresholds: &thresholds,
        links: &[],
    };
    Ok(serde_json::from_str(&dashboards::compile(assets, name, &ctx)?)?)
}

/// Every shipped dashboard with its name, and the page of runbooks.
pub fn all() -> Vec<(String, Value)> {
    let assets = Assets::shipped();
    let mut all: Vec<(String, Value)> = dashboards::names(&assets)
        .into_iter()
        .map(|name| {
            let json = compile(&assets, &name, &[]).expect("it compiles");
            (name, json)
        })
        .collect();
    let texts = [("ServiceDown", "# Means\nIt is down."), ("HighLatency", "# Means\nIt is slow.")];
    let page = dashboards::runbooks(&texts, &[]).expect("the names differ");
    let page = serde_json::from_str(&page).expect("it is JSON");
    all.push((dashboards::RUNBOOKS.to_owned(), page));
    all
}
