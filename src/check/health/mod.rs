//! The checks of a running stack. One file each; `CHECKS` is the list.

mod alertmanager;
mod certificates;
mod containers;
mod drift;
mod engine;
mod finding;
mod grafana;
mod loaded;
mod logs;
mod mcp;
mod ready;
mod round;
mod rules;
mod targets;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

pub use round::HealthContext;

use super::report::{CheckResult, Report, Verdict};
use finding::Finding;
use round::Round;

/// Longest time of one check, whatever hangs.
const LONGEST: Duration = Duration::from_secs(20);
/// Steps of waiting.
const STEP: Duration = Duration::from_millis(200);

type Look = for<'a> fn(&'a Round<'a>) -> Pin<Box<dyn Future<Output = Finding> + 'a>>;

/// One question to a stack.
struct Check {
    name: &'static str,
    title: &'static str,
    look: Look,
}

/// All checks; causes come before what follows from them.
const CHECKS: [Check; 12] = [
    engine::CHECK,
    containers::CHECK,
    certificates::CHECK,
    ready::CHECK,
    loaded::CHECK,
    targets::CHECK,
    mcp::CHECK,
    rules::CHECK,
    alertmanager::CHECK,
    logs::CHECK,
    grafana::CHECK,
    drift::CHECK,
];

/// Name and title of every check.
pub fn names() -> Vec<(&'static str, &'static str)> {
    CHECKS.iter().map(|check| (check.name, check.title)).collect()
}

/// Runs the named checks, or all of them, side by side.
pub async fn health(context: &HealthContext<'_>, only: &[String]) -> Report {
    let started = Instant::now();
    let chosen: Vec<&Check> = CHECKS
        .iter()
        .filter(|check| only.is_empty() || only.iter().any(|name| name == check.name))
        .collect();
    let results = run(context, &chosen).await;
    Report::new(&context.stack.name, results, milliseconds(started))
}

/// Runs the checks until none fails. Those that failed are run again; what can never pass by itself
/// ends the wait.
pub async fn wait_healthy(
    context: &HealthContext<'_>,
    only: &[String],
    deadline: Instant,
) -> Report {
    let started = Instant::now();
    let mut report = health(context, only).await;
    loop {
        let failed: Vec<&CheckResult> =
            report.checks.iter().filter(|check| check.verdict == Verdict::Failed).collect();
        let hopeless = failed.iter().any(|check| !check.again);
        if failed.is_empty() || hopeless || Instant::now() + STEP > deadline {
            return report;
        }
        tokio::time::sleep(STEP).await;
        let chosen: Vec<&Check> = CHECKS
            .iter()
            .filter(|check| failed.iter().any(|failed| failed.name == check.name))
            .collect();
        let anew = run(context, &chosen).await;
        let checks = report
            .checks
            .into_iter()
            .map(|old| anew.iter().find(|new| new.name == old.name).cloned().unwrap_or(old))
            .collect();
        report = Report::new(&context.stack.name, checks, milliseconds(started));
    }
}

async fn run(context: &HealthContext<'_>, chosen: &[&Check]) -> Vec<CheckResult> {
    let round = Round::new(context);
    join_all(chosen.iter().map(|check| run_one(&round, check))).await
}

async fn run_one(round: &Round<'_>, check: &Check) -> CheckResult {
    let started = Instant::now();
    let finding = match tokio::time::timeout(LONGEST, (check.look)(round)).await {
        Ok(finding) => finding,
        Err(_) => Finding::failed(vec![format!("no result within {} s", LONGEST.as_secs())]),
    };
    CheckResult {
        name: check.name,
        title: check.title,
        verdict: finding.verdict,
        evidence: finding.evidence,
        advice: finding.advice,
        duration_ms: milliseconds(started),
        again: finding.again,
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
