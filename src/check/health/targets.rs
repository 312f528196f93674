//! Does Prometheus reach every target?

use serde::Deserialize;

use super::Check;
use super::finding::{Finding, at_most_ten, count};
use super::round::{Round, either};
use crate::check::proof::prometheus::Data;
use crate::check::proof::targets::{self, ActiveTarget};
use crate::check::subject::Subject;

pub const CHECK: Check = Check {
    name: "targets",
    title: "every target is up",
    look: |round| Box::pin(async { either(look(round).await) }),
};

/// How far back the moment is searched at which a target was up last.
const LOOK_BACK_MINUTES: u32 = 60;

async fn look(round: &Round<'_>) -> Result<Finding, Finding> {
    let subject = round.component("prometheus").await?;
    let all = targets::all(&subject).await?;
    let bad: Vec<&ActiveTarget> = all.iter().filter(|target| target.health != "up").collect();
    if all.is_empty() {
        return Err(Finding::failed(vec!["Prometheus scrapes nothing yet".to_owned()]).advise(
            "it looks for targets every 5 s: `mcpmon health-check --wait` waits for that",
        ));
    }
    if bad.is_empty() {
        return Ok(Finding::passed(format!("{} of {}", all.len(), all.len())));
    }
    let down: Vec<&ActiveTarget> = bad.iter().copied().filter(|t| t.health == "down").collect();
    let since = last_up(&subject, &down).await;
    let mut evidence = vec![format!("{} of {} are up", all.len() - bad.len(), all.len())];
    evidence.extend(at_most_ten(bad.iter().map(|target| line(target, &since)).collect()));
    Err(Finding::failed(evidence).advise(advice(round, &bad)))
}

fn line(target: &ActiveTarget, since: &[Last]) -> String {
    let name = name(target);
    if target.health != "down" {
        return format!("{name} ({}): not scraped yet", target.scrape_url);
    }
    let last = since.iter().find(|last| {
        target.labels.get("instance") == Some(&last.metric.instance)
            && target.labels.get("job") == Some(&last.metric.job)
    });
    let ago = last.and_then(|last| Some(last.value.0 - last.value.1.parse::<f64>().ok()?));
    let since = match ago {
        Some(ago) => format!("down for {ago:.0} s"),
        None => format!("down, and never up in the last {LOOK_BACK_MINUTES} minutes"),
    };
    // Prometheus repeats the address in front of the cause.
    let error = target.last_error.rsplit("\": ").next().unwrap_or(&target.last_error);
    format!("{name} ({}): {since}: {error}", target.scrape_url)
}

fn name(target: &ActiveTarget) -> &str {
    ["service", "probe", "component", "instance"]
        .iter()
        .find_map(|label| target.labels.get(*label))
        .map_or("?", String::as_str)
}

#[derive(Deserialize)]
struct Vector {
    result: Vec<Last>,
}
#[derive(Deserialize)]
struct Last {
    metric: Series,
    value: (f64, String),
}
#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    instance: String,
    #[serde(default)]
    job: String,
}

/// When targets were up last. Only those that will be named are asked for: the question is dear.
async fn last_up(subject: &Subject<'_>, down: &[&ActiveTarget]) -> Vec<Last> {
    let instances: Vec<String> = down
        .iter()
        .take(10)
        .filter_map(|target| target.labels.get("instance"))
        .map(|instance| instance.replace('.', "\\\\."))
        .collect();
    if instances.is_empty() {
        return Vec::new();
    }
    let query = format!(
        "max_over_time(timestamp(up{{instance=~\"{}\"}} == 1)[{LOOK_BACK_MINUTES}m:5s])",
        instances.join("|")
    );
    let url = reqwest::Url::parse_with_params(&subject.url("/api/v1/query"), [("query", &query)]);
    let Ok(url) = url else { return Vec::new() };
    // Without an answer the target is just as down; only the moment is not known.
    let answer: Result<Data<Vector>, String> = subject.http.json(url.as_str(), None).await;
    answer.map(|answer| answer.data.result).unwrap_or_default()
}

fn advice(round: &Round<'_>, bad: &[&ActiveTarget]) -> String {
    let Some(first) = bad.iter().find(|target| target.health == "down") else {
        return "the first scrape is due within the scrape interval: `mcpmon health-check --wait` waits for it".to_owned();
    };
    // What is asked may be one of several of its kind, or the exporter that asks for a probe.
    let name = name(first);
    let asked = reqwest::Url::parse(&first.scrape_url).ok();
    let host = asked.as_ref().and_then(reqwest::Url::host_str);
    let ours = round.context.units.iter().find(|unit| {
        unit.name == name || unit.is_component && host == Some(unit.spec.name.as_str())
    });
    match first.labels.get("service") {
        _ if ours.is_some() => format!(
            "`mcpmon logs {}` shows what it says; `mcpmon up` starts it if it does not run",
            ours.map_or(name, |unit| unit.name.as_str())
        ),
        Some(service) => format!(
            "is it running, and is `services.{service}.metrics` the address under which containers reach it? ({})",
            count(bad.len(), "target")
        ),
        None => format!("`mcpmon logs {name}` shows what it says"),
    }
}
