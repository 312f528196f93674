//! Asks a running stack every query of its dashboards and looks at every alert: which show something?
//! `scripts/coverage` starts it.
// What a program of the tests prints is what it is for.
#![allow(clippy::print_stdout)]

mod ask;
mod selectors;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ask::Stack;
use clap::Parser;
use mcpmon::render::dashboards::{PROMETHEUS_UID, PanelQuery, choices, queries};
use serde::Deserialize;
use serde_json::Value as Json;

/// Which panels and alerts of a running stack have data.
#[derive(Debug, Parser)]
struct Args {
    /// Prometheus, as `http://127.0.0.1:9090`
    #[arg(long)]
    prometheus: String,
    /// Loki; without it no dashboard may ask it
    #[arg(long)]
    loki: Option<String>,
    /// Folder with the rendered dashboards
    #[arg(long)]
    dashboards: PathBuf,
    /// How far back to look, in minutes
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// What may be empty, and why
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/coverage/explained.yaml"))]
    explained: PathBuf,
}

/// What may be empty on a stack that works, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explained {
    /// Dashboard's uid → panel, or `panel / legend` → reason.
    panels: BTreeMap<String, BTreeMap<String, String>>,
    /// Alert → reason.
    alerts: BTreeMap<String, String>,
}

/// What came of a query or an alert.
enum Outcome {
    Data(String),
    /// There is nothing to show, and the series that would tell exist.
    Quiet(String),
    Explained(String),
    Missing(String),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let range = Duration::from_secs(args.minutes * 60);
    let text = std::fs::read_to_string(&args.explained)?;
    let explained: Explained = mcpmon::yaml::from_str("explained.yaml", &text)?;
    let stack = Stack::new(args.prometheus, args.loki, range);
    let mut panels = Vec::new();
    for file in dashboards(&args.dashboards)? {
        let text = std::fs::read_to_string(&file)?;
        let json: Json = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        panels.extend(look_at_panels(&stack, &json, &explained).await?);
    }
    let alerts = look_at_alerts(&stack, &explained).await?;
    let missing = print("panels", "query", &panels) + print("alerts", "alert", &alerts);
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn dashboards(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(dashboards(&path)?);
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

async fn look_at_panels(
    stack: &Stack,
    dashboard: &Json,
    explained: &Explained,
) -> Result<Vec<(String, Outcome)>> {
    let fillings = fillings(stack, dashboard).await?;
    let mut found = Vec::new();
    let first = fillings.first().cloned().unwrap_or_default();
    for (index, query) in queries(dashboard, &first).into_iter().enumerate() {
        let mut rows = 0;
        // A reader who sees nothing for one service looks at the next.
        for filling in &fillings {
            let Some(filled) = queries(dashboard, filling).into_iter().nth(index) else { break };
            rows =
                stack.rows(&filled.datasource, &filled.expr, filled.instant).await.with_context(
                    || format!("{} > {}: {}", filled.dashboard, filled.panel, filled.expr),
                )?;
            if rows > 0 {
                break;
            }
        }
        let name = format!("{} > {} / {}", query.dashboard, query.panel, query.legend);
        let outcome = if rows > 0 {
            Outcome::Data(rows.to_string())
        } else {
            nothing(stack, &query, explained).await?
        };
        found.push((name, outcome));
    }
    Ok(found)
}

async fn nothing(stack: &Stack, query: &PanelQuery, explained: &Explained) -> Result<Outcome> {
    let (_, absent) = stack.absent(&query.datasource, &query.expr).await?;
    if let (Some(empty), true) = (&query.empty, absent.is_empty()) {
        return Ok(Outcome::Quiet(empty.clone()));
    }
    let reasons = explained.panels.get(&query.dashboard);
    let of_query = format!("{} / {}", query.panel, query.legend);
    let reason = reasons.and_then(|all| all.get(&of_query).or_else(|| all.get(&query.panel)));
    Ok(match reason {
        Some(reason) => Outcome::Explained(reason.clone()),
        None if absent.is_empty() => Outcome::Missing(query.expr.clone()),
        None => Outcome::Missing(format!("no series {}", absent.join(" "))),
    })
}

/// Every way to choose a value for the variables that have one at a time.
async fn fillings(stack: &Stack, dashboard: &Json) -> Result<Vec<BTreeMap<String, String>>> {
    let mut all = vec![BTreeMap::new()];
    for choice in choices(dashboard) {
        let values = stack.values(&choice.label, &choice.series).await?;
        let mut next = Vec::new();
        for chosen in &all {
            for value in &values {
                let mut chosen: BTreeMap<String, String> = chosen.clone();
                chosen.insert(choice.name.clone(), value.clone());
                next.push(chosen);
            }
        }
        all = next;
    }
    Ok(all)
}

async fn look_at_alerts(stack: &Stack, explained: &Explained) -> Result<Vec<(String, Outcome)>> {
    let history = stack.history().await?;
    let mut found = Vec::new();
    for rule in stack.alerts().await? {
        let text = |key: &str| rule[key].as_str().unwrap_or_default().to_owned();
        let (name, health) = (text("name"), text("health"));
        let (all, absent) = stack.absent(PROMETHEUS_UID, &text("query")).await?;
        let seen: BTreeSet<&str> = history
            .iter()
            .filter(|(alert, _)| *alert == name)
            .map(|(_, state)| state.as_str())
            .collect();
        let seen =
            if seen.is_empty() { "never".to_owned() } else { Vec::from_iter(seen).join(", ") };
        let state =
            format!("{:8}  seen {seen:15}  {} of {all} series", text("state"), all - absent.len());
        let outcome = if health != "ok" && health != "unknown" {
            Outcome::Missing(format!("cannot be evaluated: {}", text("lastError")))
        } else if all == 0 || absent.len() < all {
            Outcome::Data(if absent.is_empty() {
                state
            } else {
                format!("{state}, not {}", absent.join(" "))
            })
        } else {
            let reason = explained.alerts.get(&name).cloned();
            reason.map_or_else(
                || Outcome::Missing(format!("no series {}", absent.join(" "))),
                Outcome::Explained,
            )
        };
        found.push((
            format!("{name} ({})", rule["labels"]["severity"].as_str().unwrap_or("-")),
            outcome,
        ));
    }
    Ok(found)
}

/// Prints a table and its sum; gives the number of rows that have no data and no reason.
fn print(title: &str, head: &str, rows: &[(String, Outcome)]) -> usize {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    println!("\n{:width$}  data", format!("{title}: {head}"));
    let mut counts = [0; 4];
    for (name, outcome) in rows {
        let (index, text) = match outcome {
            Outcome::Data(what) => (0, what.clone()),
            Outcome::Quiet(why) => (1, format!("quiet: {why}")),
            Outcome::Explained(why) => (2, format!("no data, explained: {why}")),
            Outcome::Missing(why) => (3, format!("NO DATA: {why}")),
        };
        if let Some(count) = counts.get_mut(index) {
            *count += 1;
        }
        println!("{name:width$}  {text}");
    }
    let [data, quiet, explained, missing] = counts;
    println!(
        "{title}: {} in all, {data} with data, {quiet} quiet, {explained} explained, {missing} without data",
        rows.len()
    );
    missing
}
