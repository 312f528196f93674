//! Files that no template makes: rules, their tests, targets and dashboards.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::bail;

use super::{dashboards, json, people, rules, view};
use crate::catalog::{Catalog, Generator};
use crate::parallel;
use crate::route;
use crate::slo;
use crate::stack::{NOBODY, Probed, ScrapeJob, Stack};
use crate::yaml;

/// What is generated once and shared by components.
pub struct Generated {
    /// What each generator made.
    pub files: BTreeMap<Generator, Files>,
    /// All runbooks as one page.
    pub runbooks: String,
}

/// Name under the generator's folder → text.
pub type Files = BTreeMap<String, String>;

impl Generated {
    /// Compiles rules and dashboards and writes out every file.
    pub fn new(
        stack: &Stack,
        catalog: &Catalog,
        dashboards: &[dashboards::Identity],
    ) -> anyhow::Result<Self> {
        let rules = compile_rules(stack, catalog)?;
        // Writing out takes longer than all else.
        let (dashboards, (rule_files, rule_tests)) = rayon::join(
            || compile_dashboards(stack, catalog, &rules, dashboards),
            || rayon::join(|| rule_files(stack, &rules), || rule_tests(&rules)),
        );
        let targets = stack.jobs.iter().map(|job| (within(&job.file), targets(job))).collect();
        let files = BTreeMap::from([
            (Generator::Rules, rule_files?),
            (Generator::RuleTests, rule_tests?),
            (Generator::Targets, targets),
            (Generator::Fleet, [("services.json".to_owned(), fleet(&stack.fleet))].into()),
            (Generator::Dashboards, dashboards?),
            (Generator::MessageTemplates, stack.notifications.templates.clone()),
        ]);
        Ok(Self { files, runbooks: rules::runbooks_markdown(&rules, &people::markdown(stack)) })
    }
}

/// The dashboards that templates speak of.
pub fn dashboards(stack: &Stack, rendered: &[dashboards::Identity]) -> view::Dashboards {
    let home_dashboard = rendered.first().map(dashboards::Identity::file).unwrap_or_default();
    let of_server = rendered.iter().find(|dashboard| dashboard.name == "mcp-service");
    let mcp_dashboard = match (stack.components.get("grafana"), of_server) {
        (Some(grafana), Some(of_server)) => {
            format!("{}/d/{}?var-service=", view::url(grafana), of_server.uid)
        }
        _ => String::new(),
    };
    view::Dashboards { home_dashboard, mcp_dashboard }
}

fn rule_files(stack: &Stack, rules: &rules::Compiled) -> anyhow::Result<Files> {
    let texts =
        parallel::each(&rules.files, |file| Ok((within(&file.path), yaml::emit(&file.content)?)))?;
    let mut files: Files = texts.into_iter().collect();
    for (name, own) in &stack.alerts.own {
        files.insert(format!("own-{name}.yml"), own.text.clone());
    }
    Ok(files)
}

fn rule_tests(rules: &rules::Compiled) -> anyhow::Result<Files> {
    // YAML too, and written in a tenth of the time: nobody but promtool reads it.
    let texts = parallel::each(&rules.tests, |test| {
        Ok((within(&test.path), json::pretty(&test.content)?))
    })?;
    Ok(texts.into_iter().collect())
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

/// A file's path within the folder of what is generated.
fn within(path: &str) -> String {
    path.split_once('/').map_or(path, |(_, within)| within).to_owned()
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

/// The services that the agent asks, one a line.
fn fleet(services: &[Probed]) -> String {
    let mut out = String::from("{\"services\": {");
    for (index, service) in services.iter().enumerate() {
        let (name, entry) = (&service.name, &service.entry);
        let _ = write!(out, "{}\n  \"{name}\": {entry}", if index == 0 { "" } else { "," });
    }
    out.push_str(if services.is_empty() { "}}\n" } else { "\n}}\n" });
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
    let stood_in = stack.stand_ins().map(|(_, of, _)| of.clone());
    let components: BTreeSet<String> =
        stack.components.values().map(|part| part.kind.clone()).chain(stood_in).collect();
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

/// The dashboards that have something to show, with the page of runbooks behind them: a component that one
/// needs may be switched off.
pub fn rendered_dashboards(
    stack: &Stack,
    catalog: &Catalog,
) -> anyhow::Result<Vec<dashboards::Identity>> {
    let covers =
        parallel::each(&stack.dashboards, |name| dashboards::cover(&catalog.assets, name))?;
    let has_all = |needed: &[String]| needed.iter().all(|component| stack.provides(component));
    let covers = covers.into_iter().filter(|(_, needed)| has_all(needed));
    let mut rendered: Vec<_> = covers.map(|(identity, _)| identity).collect();
    rendered.push(dashboards::identity(&catalog.assets, dashboards::RUNBOOKS)?);
    Ok(rendered)
}

fn compile_dashboards(
    stack: &Stack,
    catalog: &Catalog,
    rules: &rules::Compiled,
    rendered: &[dashboards::Identity],
) -> anyhow::Result<Files> {
    if !stack.components.contains_key("grafana") {
        return Ok(Files::new());
    }
    let components: BTreeMap<String, bool> =
        catalog.names().map(|name| (name.to_owned(), stack.provides(name))).collect();
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
        dashboards: rendered,
        thresholds: &thresholds,
        links: &people::links(stack),
    };
    let files = parallel::each(rendered, |identity| {
        let dashboard = if identity.name == dashboards::RUNBOOKS {
            let books = rules.runbooks.iter();
            let books: Vec<(&str, &str)> =
                books.map(|book| (book.alert.as_str(), book.markdown.as_str())).collect();
            dashboards::runbooks(&books, context.links)?
        } else {
            dashboards::compile(&catalog.assets, &identity.name, &context)?
        };
        Ok((identity.file(), dashboard))
    })?;
    Ok(files.into_iter().collect())
}
