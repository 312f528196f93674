//! Does every container run, and did each run without a break?

use futures_util::future::join_all;

use super::Check;
use super::finding::{Finding, at_most_ten, count};
use super::round::{Round, either};
use crate::check::http::shorten;
use crate::engine::{Container, Status};
use crate::plan::Unit;

pub const CHECK: Check = Check {
    name: "containers",
    title: "every container runs",
    look: |round| Box::pin(async { either(look(round).await) }),
};

/// Lines of the log that are shown.
const LOG_LINES: usize = 5;
/// Restarts after which a short run is one of a loop.
const LOOP: i64 = 3;
/// A run that is shorter than this proves nothing.
const LOOP_SECONDS: i64 = 60;
/// As much of a line as says what it is about.
const LOG_WIDTH: usize = 200;

async fn look(round: &Round<'_>) -> Result<Finding, Finding> {
    let containers = round.containers().await?;
    let units = round.context.units;
    let mut down = Vec::new();
    let mut restarted = Vec::new();
    for unit in units {
        let Some(container) = containers.get(&unit.spec.name) else {
            down.push((unit, format!("{}: there is no container", unit.name)));
            continue;
        };
        match (problem(container), restarts(unit, container)) {
            (Some(problem), _) => down.push((unit, format!("{}: {problem}", unit.name))),
            (None, Some(line)) if is_looping(container) => down.push((unit, line)),
            (None, line) => restarted.extend(line),
        }
    }
    if !down.is_empty() {
        let first = down.first().map(|(unit, _)| unit.name.clone()).unwrap_or_default();
        let evidence = join_all(down.iter().map(|(unit, line)| with_log(round, unit, line))).await;
        return Err(Finding::failed(at_most_ten(evidence)).advise(format!(
            "`mcpmon up` starts them again; `mcpmon logs {first}` shows why it ended"
        )));
    }
    if !restarted.is_empty() {
        return Err(Finding::warning(at_most_ten(restarted))
            .advise("`mcpmon logs NAME` shows why it ended; more memory is `resources.memory`"));
    }
    Ok(Finding::passed(format!("{} of {}, none was restarted", units.len(), units.len())))
}

/// Why a container is not running.
fn problem(container: &Container) -> Option<String> {
    let state = &container.state;
    let memory = if state.oom_killed { ", out of memory" } else { "" };
    let error = if state.error.is_empty() { String::new() } else { format!(": {}", state.error) };
    match state.status {
        Status::Running => None,
        Status::Exited | Status::Dead => Some(format!(
            "ended at {} with exit code {}{memory}{error}",
            moment(&state.finished_at),
            state.exit_code
        )),
        Status::Restarting => Some(format!(
            "ends with exit code {}{memory} and keeps being restarted ({}×)",
            state.exit_code, state.restart_count
        )),
        other => Some(format!("{}{error}", format!("{other:?}").to_lowercase())),
    }
}

fn restarts(unit: &Unit, container: &Container) -> Option<String> {
    let state = &container.state;
    let times = usize::try_from(state.restart_count).ok().filter(|times| *times > 0)?;
    let memory = if state.oom_killed { " after it ran out of memory" } else { "" };
    Some(format!(
        "{}: was restarted {} since it was made{memory}; runs since {}",
        unit.name,
        count(times, "time"),
        moment(&state.started_at)
    ))
}

/// Whether it ends each time soon after it was started. A container that runs at this very moment
/// may be between two falls.
fn is_looping(container: &Container) -> bool {
    let started: Option<jiff::Timestamp> = container.state.started_at.parse().ok();
    let ran = started.map(|started| jiff::Timestamp::now().duration_since(started).as_secs());
    container.state.restart_count >= LOOP && ran.is_some_and(|ran| ran < LOOP_SECONDS)
}

async fn with_log(round: &Round<'_>, unit: &Unit, line: &str) -> String {
    let log = round.context.reader.logs_tail(&unit.spec.name, LOG_LINES).await.unwrap_or_default();
    log.iter().fold(line.to_owned(), |text, line| text + "\n  | " + &shorten(line, LOG_WIDTH))
}

/// A time without its fractions.
fn moment(rfc3339: &str) -> &str {
    rfc3339.split('.').next().unwrap_or(rfc3339)
}
