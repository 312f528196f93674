//! The targets that Prometheus scrapes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value as Json;

use super::prometheus::Data;
use super::{Attempt, nothing_in};
use crate::check::compare;
use crate::check::subject::Subject;

/// As many targets as people read.
const SHOWN: usize = 5;

/// Every target of Prometheus.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Targets {
    /// Targets that are scraped.
    pub active_targets: Vec<ActiveTarget>,
}

/// A target that is scraped.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveTarget {
    /// Labels as they were discovered.
    pub discovered_labels: BTreeMap<String, String>,
    /// Labels of its series.
    pub labels: BTreeMap<String, String>,
    /// The job.
    pub scrape_pool: String,
    /// What is asked.
    pub scrape_url: String,
    /// What the last scrape failed with.
    #[serde(default)]
    pub last_error: String,
    /// When it was scraped last, RFC 3339.
    #[serde(default)]
    pub last_scrape: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
}

/// All targets that are scraped.
pub async fn all(subject: &Subject<'_>) -> Result<Vec<ActiveTarget>, String> {
    let url = subject.url("/api/v1/targets?state=active");
    let targets: Data<Targets> = subject.http.json(&url, None).await?;
    Ok(targets.data.active_targets)
}

/// An address and the labels that the files give it.
type Wanted = BTreeSet<(String, BTreeMap<String, String>)>;

/// Whether each rendered target is scraped, and none that went.
pub async fn active(subject: &Subject<'_>) -> Attempt {
    let Some(config) = subject.file("prometheus.yml") else { return Ok(()) };
    let config = compare::yaml("prometheus.yml", config)?;
    let active = all(subject).await?;
    let mut lines = Vec::new();
    for job in config.get("scrape_configs").and_then(Json::as_array).into_iter().flatten() {
        let name = job.get("job_name").and_then(Json::as_str).unwrap_or_default();
        // What another discovery finds is not ours to know.
        if let Some(wanted) = wanted(subject, job)? {
            lines.extend(compare_job(name, wanted, &active));
        }
    }
    nothing_in(lines)
}

/// The job's targets, if all of them stand in its files.
fn wanted(subject: &Subject<'_>, job: &Json) -> Result<Option<Wanted>, String> {
    let mut wanted = Wanted::new();
    for (key, value) in job.as_object().into_iter().flatten() {
        match key.as_str() {
            "static_configs" => add(value, &mut wanted),
            "file_sd_configs" => {
                let files = value.as_array().into_iter().flatten().filter_map(|f| f.get("files"));
                for file in files.filter_map(Json::as_array).flatten().filter_map(Json::as_str) {
                    let Some(text) = subject.file(file) else { return Ok(None) };
                    add(&compare::yaml(file, text)?, &mut wanted);
                }
            }
            other if other.ends_with("_sd_configs") => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(wanted))
}

fn add(groups: &Json, wanted: &mut Wanted) {
    for group in groups.as_array().into_iter().flatten() {
        let labels: BTreeMap<String, String> = group
            .get("labels")
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        let targets = group.get("targets").and_then(Json::as_array).into_iter().flatten();
        wanted.extend(targets.filter_map(|t| Some((t.as_str()?.to_owned(), labels.clone()))));
    }
}

fn compare_job(job: &str, mut wanted: Wanted, active: &[ActiveTarget]) -> Vec<String> {
    let mut gone = Vec::new();
    for target in active.iter().filter(|target| target.scrape_pool == job) {
        let discovered = &target.discovered_labels;
        let Some(address) = discovered.get("__address__") else { continue };
        let found = wanted.iter().find(|(wanted, labels)| {
            wanted == address
                && labels.iter().all(|(key, value)| discovered.get(key) == Some(value))
        });
        match found.cloned() {
            Some(found) => drop(wanted.remove(&found)),
            None => gone.push(named(address, discovered)),
        }
    }
    let new = wanted.iter().map(|(address, labels)| named(address, labels)).collect();
    let mut lines = Vec::new();
    lines.extend(listed(job, "rendered and not scraped yet", new));
    lines.extend(listed(job, "still scraped and not rendered", gone));
    lines
}

fn named(address: &str, labels: &BTreeMap<String, String>) -> String {
    match ["service", "probe", "component"].iter().find_map(|label| labels.get(*label)) {
        Some(name) => format!("{name} at {address}"),
        None => address.to_owned(),
    }
}

fn listed(job: &str, what: &str, mut names: Vec<String>) -> Option<String> {
    let count = names.len();
    names.truncate(SHOWN);
    let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
    (count > 0).then(|| format!("prometheus: job {job}: {what}: {}{more}", names.join(", ")))
}
