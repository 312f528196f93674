//! Dashboards: short YAML in `templates/grafana/dashboards/` becomes Grafana's Classic JSON, which
//! Grafana 11 to 13 read. Everything that Grafana wants said in many words is said here, once.

mod checks;
mod columns;
mod field;
mod frame;
mod grid;
mod kinds;
mod look;
mod panel;
mod queries;
mod runbooks;
pub mod spec;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;

use crate::assets::Assets;
use crate::diagnostic::suggest;
use crate::render::json::{self, Json, json};
pub use queries::{Choice, PanelQuery, choices, queries};
pub use runbooks::{runbook_panel_id, runbook_url, runbooks};

/// The uid of the Prometheus data source in every Grafana that mcpmon renders.
pub const PROMETHEUS_UID: &str = "prometheus";
/// The uid of the Loki data source.
pub const LOKI_UID: &str = "loki";
/// The uid of the Alertmanager data source.
pub const ALERTMANAGER_UID: &str = "alertmanager";
/// The name under which the page of runbooks stands among the dashboards.
pub const RUNBOOKS: &str = "runbooks";

const SOURCES: &str = "grafana/dashboards";
/// Where Grafana lists what names no other folder.
const HOME_FOLDER: &str = "mcpmon";
/// The model of Grafana 11. Later versions lift it to theirs when they load it; an earlier number
/// would only make them do more, a later one would be read wrongly by 11.
const SCHEMA_VERSION: u32 = 39;
/// Panels of an unknown age are taken for Angular ones and "migrated".
const PLUGIN_VERSION: &str = "11.0.0";

/// What a dashboard may know about the stack that it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The stack's name: the label `stack` of its log lines.
    pub stack: &'a str,
    /// The shortest step that makes sense, and the base of `$__rate_interval`.
    pub scrape_interval_seconds: u64,
    /// Every component that there is, and whether it is enabled.
    pub components: &'a BTreeMap<String, bool>,
    /// Every dashboard that is rendered, [`RUNBOOKS`] among them: links lead to these only.
    pub dashboards: &'a [Identity],
    /// The threshold of every alert that is on, overrides included: panels turn their colour where
    /// the alert fires.
    pub thresholds: &'a BTreeMap<String, f64>,
    /// Pages elsewhere that every dashboard leads to: title and address.
    pub links: &'a [(String, String)],
}

impl Context<'_> {
    fn has(&self, component: &str) -> bool {
        self.components.get(component).copied().unwrap_or(false)
    }
    fn rendered(&self, dashboard: &str) -> Option<&Identity> {
        self.dashboards.iter().find(|known| known.name == dashboard)
    }
}

/// Names of all dashboards, sorted.
pub fn names(assets: &Assets) -> Vec<String> {
    assets.names(SOURCES, ".yaml")
}

/// What Grafana knows a dashboard by: it refuses to load any when two of them share a uid, or a title
/// within a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What manifests and files call it.
    pub name: String,
    /// Links, bookmarks and `runbook_url` depend on it.
    pub uid: String,
    /// The folder that lists it.
    pub folder: String,
    /// The heading.
    pub title: String,
    /// What it shows, in one line.
    pub description: String,
}

impl Identity {
    /// Where the dashboard's file is written: Grafana makes its folders from those of the files.
    pub fn file(&self) -> String {
        format!("{}/{}.json", self.folder, self.name)
    }
}

/// What Grafana knows a dashboard by.
pub fn identity(assets: &Assets, name: &str) -> Result<Identity> {
    if name == RUNBOOKS {
        return Ok(runbooks::identity());
    }
    Ok(cover(assets, name)?.0)
}

/// What Grafana knows a dashboard by, and the components without which it has nothing to show. Its panels are
/// not read.
pub fn cover(assets: &Assets, name: &str) -> Result<(Identity, Vec<String>)> {
    let spec::Cover { title, description, uid, folder, requires, .. } = load(assets, name)?;
    let identity =
        Identity { name: name.to_owned(), uid: self::uid(name, uid), folder, title, description };
    Ok((identity, requires))
}

fn uid(name: &str, own: Option<String>) -> String {
    own.unwrap_or_else(|| format!("mcpmon-{name}"))
}

/// The alerts whose thresholds a dashboard uses, sorted: each must be in a rule pack.
pub fn alerts_named(assets: &Assets, name: &str) -> Result<Vec<String>> {
    let spec: spec::Dashboard = load(assets, name)?;
    let panels = spec.rows.iter().flat_map(|row| &row.panels);
    let all = panels.flat_map(|p| p.queries.iter().map(|q| &q.thresholds).chain([&p.thresholds]));
    let bounds = all.flatten().flat_map(|t| t.above.values().chain(t.below.values()));
    let mut named: Vec<String> = bounds
        .filter_map(|bound| match bound {
            spec::Bound::Alert(alert) => Some(alert.clone()),
            spec::Bound::Number(_) => None,
        })
        .collect();
    named.sort();
    named.dedup();
    Ok(named)
}

/// Compiles one dashboard to Grafana's Classic JSON.
///
/// # Errors
/// A text that names the file and the panel: the dashboard does not exist, its file does not follow
/// the language, or it requires a component that is not enabled.
pub fn compile(assets: &Assets, name: &str, ctx: &Context<'_>) -> Result<String> {
    let mut spec = load(assets, name)?;
    checks::check_name(name)?;
    let file = path(name);
    checks::check(&spec, ctx).with_context(|| file.clone()).map_err(flat)?;
    if let Some(missing) = spec.requires.iter().find(|component| !ctx.has(component)) {
        bail!("the dashboard `{name}` needs the component `{missing}`, which is not enabled");
    }
    checks::expand_terms(&mut spec, ctx.stack);
    checks::resolve_bounds(&mut spec, ctx);
    frame::add_marks(&mut spec);
    // The service dashboard needs no link to itself.
    let service = ctx.rendered("service").filter(|_| name != "service");
    let panels = panel::panels(&spec, service.map(|service| service.uid.as_str()), ctx);
    let links = frame::links(&spec, name, ctx);
    let mut tags = vec!["mcpmon"];
    tags.extend(spec.tags.iter().map(String::as_str));
    let own = json!({
        "annotations": frame::annotations(&spec),
        "links": links,
        "panels": panels,
        "refresh": &spec.refresh,
        "tags": tags,
        "templating": {"list": frame::variables(&spec)},
        "time": { "from": format!("now-{}", spec.time), "to": "now" },
    });
    let uid = uid(name, spec.uid.clone());
    let head = Head { uid: &uid, title: &spec.title, description: &spec.description };
    json::pretty(&dashboard(head, own))
}

#[derive(Clone, Copy)]
struct Head<'a> {
    uid: &'a str,
    title: &'a str,
    description: &'a str,
}

/// The part that is the same for every dashboard, around what is its own.
fn dashboard<'a>(head: Head<'a>, own: Json<'a>) -> Json<'a> {
    let mut json = json!({
        "id": Json::Null,
        "uid": head.uid,
        "title": head.title,
        "description": head.description,
        "schemaVersion": SCHEMA_VERSION,
        // A provisioned dashboard cannot be saved over; to try a query and to copy a panel it must
        // still be possible to open the editor.
        "editable": true,
        "fiscalYearStartMonth": 0,
        // One cross-hair over all charts: what happened at the same time stands out.
        "graphTooltip": 1,
        // Without the five seconds that Grafana offers first.
        "timepicker": { "refresh_intervals": ["10s", "30s", "1m", "5m", "15m", "30m", "1h"] },
        "timezone": "browser",
        "weekStart": "",
    });
    json.merge(own);
    json
}

fn path(name: &str) -> String {
    format!("{SOURCES}/{name}.yaml")
}

fn load<T: DeserializeOwned>(assets: &Assets, name: &str) -> Result<T> {
    let file = path(name);
    let Some(dashboard) = assets.yaml(&file)? else {
        let known = names(assets);
        let advice = suggest(name, known.iter().map(String::as_str));
        bail!("there is no dashboard `{name}` ({advice})");
    };
    Ok(dashboard)
}

/// One line instead of a chain: `file: panel: problem`.
#[allow(clippy::needless_pass_by_value)]
fn flat(error: anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
