//! Rule packs and dialects → Prometheus rule files, their promtool tests and the runbooks.
//!
//! ```text
//! templates/prometheus/rules/<pack>.yaml ─ pack.rs ──┐ overrides   ┌ alert.rs   → rules/<pack>.yml
//! templates/dialects/<name>.yaml ─ dialect.rs ───────┴─ compile() ─┤ case.rs    → tests/<pack>[-long].test.json
//!                                                                  ├ record.rs  → rules/dialect-<name>.yml
//!                                                                  ├ prove.rs   → tests/dialect-<name>.test.json
//!                                                                  └ runbook.rs → RUNBOOKS.md
//! ```
//! Nothing here knows a service: every rule is grouped by its labels, so the number of rules is the
//! same for one service and for ten thousand.

mod alert;
mod case;
mod catalog;
mod compile;
mod contract;
mod dialect;
pub(crate) mod duration;
mod pack;
mod prove;
mod record;
mod runbook;
mod text;

pub use catalog::{AlertFacts, Catalog, PackFacts, catalog, catalog_of, dialects, read_ahead};
pub use compile::compile;
pub use contract::{Need, Shape, Source};
pub use dialect::Dialect;
pub(crate) use dialect::{Roles, TimeUnit, Tools as ToolRole};
pub use pack::{Severity, Unit};
pub use runbook::runbooks_markdown;

use std::collections::{BTreeMap, BTreeSet};

use crate::render::json::{Json, json};

/// What the rules of a stack depend on.
pub struct Input<'a> {
    /// Names of the rule packs in use, in the order of the manifest.
    pub packs: &'a [String],
    /// Alerts that are left out, as `<alert>` or `<pack>/<alert>`.
    pub disable: &'a BTreeSet<String>,
    /// Changes to single alerts, by `<alert>` or `<pack>/<alert>`.
    pub overrides: &'a BTreeMap<String, Override>,
    /// Names of the dialects that at least one service speaks.
    pub dialects: &'a BTreeSet<String>,
    /// Names of the enabled components: an alert that requires another one is left out.
    pub components: &'a BTreeSet<String>,
    /// How often a target is scraped unless it says otherwise.
    pub scrape_interval_seconds: f64,
    /// Where the runbook of an alert can be read.
    pub runbook_url: &'a (dyn Fn(&str) -> Option<String> + Sync),
}

/// What a manifest changes about one alert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Override {
    /// The value beyond which it fires.
    pub threshold: Option<f64>,
    /// How long the condition must hold, as a Prometheus duration.
    pub r#for: Option<String>,
    /// How urgent it is.
    pub severity: Option<Severity>,
    /// `false` leaves it out.
    pub enabled: Option<bool>,
    /// Changes to its further severities.
    pub tiers: BTreeMap<Severity, TierOverride>,
}

/// What a manifest changes about a further severity of an alert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TierOverride {
    /// The value beyond which it fires.
    pub threshold: Option<f64>,
    /// How long the condition must hold, as a Prometheus duration.
    pub r#for: Option<String>,
}

/// Everything that comes from the rule packs and dialects.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// Rule files for Prometheus.
    pub files: Vec<RuleFile>,
    /// Unit tests for `promtool test rules`.
    pub tests: Vec<TestFile>,
    /// What to do when an alert fires.
    pub runbooks: Vec<Runbook>,
    /// The alerts in effect.
    pub alerts: Vec<AlertInfo>,
}

/// A rule file.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleFile {
    /// `rules/<pack>.yml` or `rules/dialect-<name>.yml`.
    pub path: String,
    /// Its content.
    pub content: Json<'static>,
}

/// A file of promtool unit tests; it names its rule file relative to itself.
#[derive(Clone, Debug, PartialEq)]
pub struct TestFile {
    /// `tests/<pack>.test.json`, `tests/<pack>-long.test.json` or `tests/dialect-<name>.test.json`.
    pub path: String,
    /// Its content.
    pub content: Json<'static>,
}

impl RuleFile {
    /// A file of these groups.
    pub fn new(path: String, groups: Vec<Json<'static>>) -> Self {
        Self { path, content: json!({"groups": groups}) }
    }
}

impl TestFile {
    /// Tests that read these rule files and evaluate them every so many seconds (promtool knows one such
    /// interval for a file), in this order of their groups, if it matters.
    pub fn new(
        path: String,
        rule_files: Vec<String>,
        evaluation: u64,
        group_eval_order: Vec<String>,
        tests: Vec<Json<'static>>,
    ) -> Self {
        let mut content = json!({
            "rule_files": rule_files,
            "evaluation_interval": duration::format(evaluation),
        });
        if !group_eval_order.is_empty() {
            content.set("group_eval_order", group_eval_order);
        }
        content.set("fuzzy_compare", true);
        content.set("tests", tests);
        Self { path, content }
    }
}

/// The runbook of one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Runbook {
    /// The alert.
    pub alert: String,
    /// The pack it comes from.
    pub pack: String,
    /// How urgent it is; several where it has tiers.
    pub severities: Vec<Severity>,
    /// What it says, without a service's name.
    pub summary: String,
    /// The page, without its title.
    pub markdown: String,
}

/// An alert in effect.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertInfo {
    /// Its name.
    pub name: String,
    /// The pack it comes from.
    pub pack: String,
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about: availability, errors, latency, saturation, monitoring …
    pub category: String,
    /// What it means, in one line.
    pub summary: String,
    /// How long its condition must hold.
    pub r#for: String,
    /// The value beyond which it fires, if it has one.
    pub threshold: Option<f64>,
}
