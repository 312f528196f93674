//! [`Document`] + [`Catalog`] → [`Stack`].

use super::{
    Alerts, JobPace, OwnRules, Scrape, ScrapeJob, ServiceInfo, Stack, checks, components, fleet,
    gate, logs, notifications, probes, runs, slos, targets,
};
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Severity};
use crate::manifest::{Document, Duration, Pace};
use crate::yaml;

/// A stack and what is worth a warning about it.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The stack.
    pub stack: Stack,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// What is wrong with a manifest; at least one error.
pub type Failure = Vec<Diagnostic>;

/// Default time between two scrapes.
const INTERVAL: Duration = Duration::from_secs(15);

/// Resolves a manifest.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn resolve(document: &Document, catalog: &Catalog) -> Result<Resolved, Failure> {
    let mut found = Vec::new();
    let manifest = &document.manifest;
    let interval = manifest.defaults.scrape.interval.unwrap_or(INTERVAL);
    let timeout =
        manifest.defaults.scrape.timeout.unwrap_or_else(|| Duration::from_secs(10).min(interval));
    let scrape = Scrape {
        interval: interval.to_string(),
        timeout: timeout.to_string(),
        interval_seconds: interval.seconds(),
    };
    let mut secrets = Vec::new();
    let mut services = targets::resolve(document, catalog, &mut secrets, &mut found);
    let probes = probes::resolve(document, &mut secrets, &mut found);
    let fleet = fleet::resolve(document, &mut secrets, &mut found);
    let asked = !manifest.probes.is_empty();
    let parts = components::resolve(document, catalog, asked, &mut secrets, &mut found);
    let mut jobs = services.jobs();
    // Job and rules stand also while there is no target, so that the first one needs no reload.
    if parts.contains_key(fleet::AGENT) {
        services.dialects.insert(fleet::DIALECT.to_owned());
        let pace = Pace::usual(&manifest.defaults.probe);
        jobs.push(ScrapeJob {
            pace: Some(JobPace {
                interval: pace.interval.to_string(),
                timeout: pace.timeout.to_string(),
            }),
            ..targets::plain_job(fleet::JOB, Some(fleet::AGENT), fleet.targets)
        });
    }
    if !probes.targets.is_empty() {
        jobs.push(targets::plain_job("probes", Some("blackbox-exporter"), probes.targets));
    }
    let runs = runs::resolve(document, &mut secrets, &mut found);
    let notifications = notifications::resolve(document, catalog, &mut secrets, &mut found);
    let logs = logs::resolve(document, catalog, &mut found);
    let alerts = alerts(document, &mut found);
    let slos = slos::resolve(document, catalog, &mut found);
    let mut stack = Stack {
        name: manifest.name.to_string(),
        collector: manifest.collector,
        scrape,
        jobs,
        own_jobs: Vec::new(),
        probe_modules: probes.modules,
        fleet: fleet.services,
        gate: None,
        notifications,
        logs,
        components: parts,
        runs,
        services: manifest
            .services
            .iter()
            .map(|(name, service)| ServiceInfo {
                name: name.to_string(),
                group: service.group.to_string(),
                scraped: service.metrics.is_some()
                    || service.run.as_ref().is_some_and(|r| r.demo.is_some()),
                logged: service.run.is_some() || service.container.is_some(),
                host: {
                    let metrics = service.metrics.as_ref().map(|metrics| &metrics.url);
                    let mcp = service.mcp.as_ref().and_then(|mcp| mcp.0.url.as_ref());
                    metrics.or(mcp).map(|url| url.host().to_owned())
                },
            })
            .collect(),
        dialects: services.dialects,
        alerts,
        slos,
        dashboards: dashboards(document),
        contacts: manifest.contacts.clone(),
        links: manifest.links.clone(),
        networks: manifest.networks.iter().map(ToString::to_string).collect(),
        secrets,
    };
    stack.gate = gate::resolve(manifest, &stack);
    stack.own_jobs = targets::own_jobs(&stack);
    checks::run(document, catalog, &stack, &mut found);
    // A secret that a disabled component would have read is nobody's business.
    let is_run = |name: &str| stack.runs.iter().any(|run| run.name == name);
    stack.secrets.retain(|secret| {
        stack.components.contains_key(&secret.component) || is_run(&secret.component)
    });

    let position = |d: &Diagnostic| d.span.map(|s| (s.source, s.start));
    found.sort_by_key(|a| (a.severity, position(a)));
    found.dedup();
    if found.iter().any(|d| d.severity == Severity::Error) {
        return Err(found);
    }
    Ok(Resolved { stack, warnings: found })
}

/// The dashboards that are named, and those of objectives where there are any.
fn dashboards(document: &Document) -> Vec<String> {
    let mut names = document.manifest.dashboards.clone();
    if !document.manifest.slos.is_empty() {
        for own in ["slo", "slo-detail"] {
            if names.iter().all(|name| name != own) {
                names.push(own.to_owned());
            }
        }
    }
    names
}

/// Rule packs, overrides and the team's own rule files.
fn alerts(document: &Document, found: &mut Vec<Diagnostic>) -> Alerts {
    let alerts = &document.manifest.alerts;
    let mut own = std::collections::BTreeMap::new();
    if let Some(dir) = &alerts.rules_dir {
        let span = document.locate(&["alerts".into(), "rules_dir".into()]);
        let path = document.dir.join(dir);
        match std::fs::read_dir(&path) {
            Err(error) => found.push(
                Diagnostic::error(span, format!("cannot read the folder {}: {}", path.display(), crate::manifest::io_reason(&error)))
                    .help("make it, or remove `rules_dir`; a relative path starts at the manifest's folder"),
            ),
            Ok(entries) => {
                let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
                files.sort();
                for file in files {
                    let is_yaml = file.extension().is_some_and(|e| e == "yml" || e == "yaml");
                    let Some(stem) = file.file_stem().and_then(|s| s.to_str()) else { continue };
                    if !is_yaml {
                        continue;
                    }
                    match own_rules(&file) {
                        Ok(rules) => match own.get(stem) {
                            None => _ = own.insert(stem.to_owned(), rules),
                            Some(other) => found.push(
                                Diagnostic::error(
                                    span,
                                    format!("{} and {} have the same name", other.path, rules.path),
                                )
                                .help("give one of them another name"),
                            ),
                        },
                        Err((message, help)) => {
                            found.push(Diagnostic { help, ..Diagnostic::error(span, message) });
                        }
                    }
                }
            }
        }
    }
    Alerts {
        packs: alerts.packs.clone(),
        disable: alerts.disable.iter().cloned().collect(),
        overrides: alerts.overrides.clone(),
        own,
    }
}

/// Reads one rule file; whether its expressions are right is for Prometheus to say.
fn own_rules(file: &std::path::Path) -> Result<OwnRules, (String, Option<String>)> {
    let path = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|e| (format!("cannot read {path}: {e}"), None))?;
    let node = yaml::parse(0, &text).map_err(|problem| {
        let (line, column) = yaml::line_column(&text, problem.span.start);
        (format!("{path}:{line}:{column}: {}", problem.message), problem.help)
    })?;
    if !matches!(node.get("groups").map(|groups| &groups.value), Some(yaml::Value::List(_))) {
        let help = "a rule file begins with `groups:` and a list of groups under it";
        return Err((format!("{path} is no Prometheus rule file"), Some(help.to_owned())));
    }
    Ok(OwnRules { path, content: node.to_json(), text })
}
