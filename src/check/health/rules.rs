//! Does Prometheus evaluate every rule?

use jiff::Timestamp;
use serde::Deserialize;

use super::Check;
use super::finding::{Finding, at_most_ten, count};
use super::round::{Round, either};
use crate::check::http::shorten;
use crate::check::proof::prometheus::Data;
use crate::check::proof::rules::{self, LoadedGroup};

pub const CHECK: Check = Check {
    name: "rules",
    title: "every rule is evaluated",
    look: |round| Box::pin(async { either(look(round).await) }),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clock {
    server_time: String,
}

async fn look(round: &Round<'_>) -> Result<Finding, Finding> {
    let subject = round.component("prometheus").await?;
    let runtime = subject.url("/api/v1/status/runtimeinfo");
    let (groups, clock) =
        tokio::join!(rules::groups(&subject), subject.http.json::<Data<Clock>>(&runtime, None));
    let (groups, clock) = (groups?, clock?);
    if groups.is_empty() {
        return Err(Finding::skipped("there are no rules"));
    }
    // Prometheus' own clock: the engine may be on another host.
    let now: Option<Timestamp> = clock.data.server_time.parse().ok();
    let bad: Vec<String> = groups.iter().flat_map(|group| problems(group, now)).collect();
    let all: usize = groups.iter().map(|group| group.rules.len()).sum();
    let summary = format!("{} in {}", count(all, "rule"), count(groups.len(), "group"));
    if bad.is_empty() {
        let firing = firing(&groups);
        let firing = if firing.is_empty() { "nothing".to_owned() } else { firing.join(", ") };
        return Ok(Finding::passed(format!("{summary}; firing: {firing}")));
    }
    let mut evidence = vec![summary];
    evidence.extend(at_most_ten(bad));
    Err(Finding::failed(evidence).advise(
        "a rule that was just loaded is evaluated within its interval (`mcpmon health-check --wait`); one that fails needs another expression",
    ))
}

fn problems(group: &LoadedGroup, now: Option<Timestamp>) -> Vec<String> {
    let mut found: Vec<String> = group
        .rules
        .iter()
        .filter(|rule| rule.health == "err")
        .map(|rule| format!("{} ({}): {}", rule.name, group.name, shorten(&rule.last_error, 300)))
        .collect();
    let waiting = group.rules.iter().filter(|rule| rule.health == "unknown").count();
    if waiting > 0 {
        let every = group.interval;
        let rules = count(waiting, "rule");
        found.push(format!("{}: {rules} not evaluated yet (due every {every} s)", group.name));
    }
    if let (true, Some(age)) = (found.is_empty(), age(&group.last_evaluation, now)) {
        // Three missed turns, and never less than a scheduling hiccup.
        let late = (3.0 * group.interval).max(30.0);
        if age > late {
            let interval = group.interval;
            found.push(format!(
                "{}: evaluated {age:.0} s ago, though it is due every {interval} s",
                group.name
            ));
        }
    }
    found
}

fn age(moment: &str, now: Option<Timestamp>) -> Option<f64> {
    let moment: Timestamp = moment.parse().ok()?;
    Some(now?.duration_since(moment).as_secs_f64())
}

/// Names of the alerts that fire, but the one that always does.
fn firing(groups: &[LoadedGroup]) -> Vec<String> {
    let mut names: Vec<String> = groups
        .iter()
        .flat_map(|group| &group.rules)
        .filter(|rule| rule.state == "firing" && rule.name != "Watchdog")
        .map(|rule| rule.name.clone())
        .collect();
    names.dedup();
    names
}
