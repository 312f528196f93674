//! Files that no template makes: rules, their tests, targets and dashboards.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::bail;

use super::{dashboards, rules, view};
use crate::catalog::{Catalog, Generator};
use crate::route;
use crate::slo;
use crate::stack::{NOBODY, ScrapeJob, Stack};
use crate::yaml;

/// What is generated once and shared by components.
pub struct Generated {
    rules: rules::Compiled,
    dashboards: BTreeMap<String, String>,
    /// The file of the dashboard that Grafana opens with, under the folder of dashboards.
    pub home_dashboard: String,
}

impl Generated {
    /// Compiles rules and dashboards.
    pub fn new(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Self> {
        let rules = compile_rules(stack, catalog)?;
        let names = rendered_dashboards(stack, catalog)?;
        let dashboards = compile_dashboards(stack, catalog, &rules, &names)?;
        let home = names.first().map_or(dashboards::RUNBOOKS, String::as_str);
        let home_dashboard = dashboards::identity(&catalog.assets, home)?.file(home);
        Ok(Self { rules, dashboards, home_dashboard })
    }

    /// Name under the generator's folder → text.
    pub fn files(
        &self,
        generator: Generator,
        stack: &Stack,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        match generator {
            Generator::Rules => {
                let mut files = BTreeMap::new();
                for file in &self.rules.files {
                    files.insert(name(&file.path), yaml::emit(&file.content)?);
                }
                for (name, own) in &stack.alerts.own {
                    let file = format!("own-{name}.yml");
                    files.insert(file, own.text.clone());
                }
                Ok(files)
            }
            Generator::RuleTests => self
                .rules
                .tests
                .iter()
                .map(|t| Ok((name(&t.path), yaml::emit(&t.content)?)))
                .collect(),
            Generator::Targets => {
                Ok(stack.jobs.iter().map(|job| (name(&job.file), targets(job))).collect())
            }
            Generator::Dashboards => Ok(self.dashboards.clone()),
            Generator::MessageTemplates => Ok(stack.notifications.templates.clone()),
        }
    }

    /// All runbooks as one page.
    pub fn runbooks_markdown(&self) -> String {
        rules::runbooks_markdown(&self.rules)
    }
}

/// All objectives as one page, with whom each of their alerts reaches.
pub fn objectives(stack: &Stack) -> String {
    let told = |objective: &slo::Slo, tier: Option<&slo::Tier>| -> Vec<String> {
        let labels = objective.labels(tier, objective.subjects.first());
        let receivers = route::told(&stack.notifications.root, &labels);
        let mut names: Vec<String> = receivers
            .iter()
            .map(|told| told.route.receiver.clone())
            .filter(|receiver| receiver != NOBODY)
            .collect();
        names.dedup();
        names
    };
    slo::slos_markdown(&stack.slos, &told)
}

/// The file's name without its folder.
fn name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Prometheus' `file_sd` format with one target a line, so that a new service is one new line.
fn targets(job: &ScrapeJob) -> String {
    let mut out = String::from("[");
    for (index, target) in job.targets.iter().enumerate() {
        let line = serde_json::json!({"targets": [target.address], "labels": target.labels});
        let _ = write!(out, "{}\n  {line}", if index == 0 { "" } else { "," });
    }
    out.push_str(if job.targets.is_empty() { "]\n" } else { "\n]\n" });
    out
}

fn compile_rules(stack: &Stack, catalog: &Catalog) -> anyhow::Result<rules::Compiled> {
    let overrides = stack
        .alerts
        .overrides
        .iter()
        .map(|(name, wanted)| {
            let wanted = rules::Override {
                threshold: wanted.threshold,
                r#for: wanted.hold.map(|d| d.to_string()),
                severity: wanted.severity,
                enabled: None,
                tiers: wanted
                    .tiers
                    .iter()
                    .map(|(severity, tier)| {
                        let r#for = tier.hold.map(|d| d.to_string());
                        (*severity, rules::TierOverride { threshold: tier.threshold, r#for })
                    })
                    .collect(),
            };
            (name.clone(), wanted)
        })
        .collect();
    let components: BTreeSet<String> =
        stack.components.values().map(|part| part.kind.clone()).collect();
    let grafana = stack.components.get("grafana").map(view::url);
    let runbook_url = |alert: &str| grafana.as_ref().map(|url| dashboards::runbook_url(url, alert));
    let mut compiled = rules::compile(
        &catalog.assets,
        &rules::Input {
            packs: &stack.alerts.packs,
            disable: &stack.alerts.disable,
            overrides: &overrides,
            dialects: &stack.dialects,
            components: &components,
            scrape_interval_seconds: stack.scrape.interval_seconds,
            runbook_url: &runbook_url,
        },
    )?;
    let slos = slo::compile(&stack.slos, &runbook_url);
    if let Some(both) =
        slos.alerts.iter().find(|own| compiled.alerts.iter().any(|other| other.name == own.name))
    {
        bail!(
            "the rule pack `{}` and an objective both have an alert `{}`: give the objective another `alert`",
            both.pack,
            both.name
        );
    }
    compiled.files.extend(slos.files);
    compiled.tests.extend(slos.tests);
    compiled.runbooks.extend(slos.runbooks);
    compiled.alerts.extend(slos.alerts);
    Ok(compiled)
}

/// The dashboards that have something to show: a component that one needs may be switched off.
fn rendered_dashboards(stack: &Stack, catalog: &Catalog) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for name in &stack.dashboards {
        let needed = dashboards::requires(&catalog.assets, name)?;
        if needed.iter().all(|component| stack.components.contains_key(component)) {
            names.push(name.clone());
        }
    }
    names.push(dashboards::RUNBOOKS.to_owned());
    Ok(names)
}

fn compile_dashboards(
    stack: &Stack,
    catalog: &Catalog,
    rules: &rules::Compiled,
    names: &[String],
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !stack.components.contains_key("grafana") {
        return Ok(files);
    }
    let components: BTreeMap<String, bool> =
        catalog.names().map(|name| (name.to_owned(), stack.has(name))).collect();
    let thresholds: BTreeMap<String, f64> = rules
        .alerts
        .iter()
        .filter_map(|alert| Some((alert.name.clone(), alert.threshold?)))
        .collect();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most 75 seconds.
    let context = dashboards::Context {
        stack: &stack.name,
        scrape_interval_seconds: stack.scrape.interval_seconds.ceil() as u64,
        components: &components,
        dashboards: names,
        thresholds: &thresholds,
    };
    for name in names.iter().filter(|name| *name != dashboards::RUNBOOKS) {
        let json = dashboards::compile(&catalog.assets, name, &context)?;
        let identity = dashboards::identity(&catalog.assets, name)?;
        files.insert(identity.file(name), pretty(&json)?);
    }
    let books: Vec<(&str, &str)> =
        rules.runbooks.iter().map(|book| (book.alert.as_str(), book.markdown.as_str())).collect();
    let page = dashboards::identity(&catalog.assets, dashboards::RUNBOOKS)?;
    files.insert(page.file(dashboards::RUNBOOKS), pretty(&dashboards::runbooks(&books)?)?);
    Ok(files)
}

fn pretty(json: &serde_json::Value) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(json)?;
    text.push('\n');
    Ok(text)
}
