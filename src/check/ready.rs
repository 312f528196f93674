//! Waiting until every container answers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep, timeout};

use super::http::{Answer, Http};
use super::subject;
use crate::catalog::Ready;
use crate::engine::{Container, PublishedPort, Reader, Status};
use crate::plan::Unit;

/// Steps at first: the stack is ready as soon as it is.
const FIRST_STEP: Duration = Duration::from_millis(20);
/// Steps of something that takes long.
const LAST_STEP: Duration = Duration::from_millis(500);
/// How often the engine is asked about a container: seldom enough to cost it nothing.
const LOOK: Duration = Duration::from_millis(100);
/// A container without a question to ask is ready when it was seen to run for that long.
const SETTLED: Duration = Duration::from_secs(1);
/// One question's longest time: a program that hangs is asked again.
const QUESTION: Duration = Duration::from_secs(2);
/// After one failure, others that fail for the same cause are waited for that long.
const TOGETHER: Duration = Duration::from_millis(150);
/// Lines of the log that are shown.
const LOG_LINES: usize = 15;

/// A container that is not ready.
#[derive(Clone, Debug)]
pub struct NotReady {
    /// The component or service.
    pub unit: String,
    /// Its container.
    pub container: String,
    /// What is the matter.
    pub reason: String,
    /// The exit code of a process that ended.
    pub exit_code: Option<i64>,
    /// The last lines it wrote.
    pub log: Vec<String>,
}

impl NotReady {
    /// What the user reads.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", self.unit, self.reason)];
        lines.extend(self.log.iter().map(|line| format!("  | {line}")));
        if self.log.is_empty() {
            lines.push(format!("  it wrote nothing; more: `docker inspect {}`", self.container));
        }
        lines
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

/// Unit → when the engine said that it had started the container that was just made for it.
pub type Begun = BTreeMap<String, Instant>;

/// Waits until every unit is ready, side by side. `on_ready` hears of each with the time it took.
///
/// Those that cannot be asked are looked at once more at the end: by then they had as long as the slowest
/// to show that they do not stay.
///
/// # Errors
/// As soon as one ended, restarts or ran out of memory; or those that are not ready at the deadline.
pub async fn wait_ready(
    reader: &Reader,
    units: &[&Unit],
    begun: &Begun,
    deadline: Instant,
    on_ready: &dyn Fn(&str, Duration),
) -> Result<(), Vec<NotReady>> {
    let started = Instant::now();
    let http = Http::default();
    let mut waiting: FuturesUnordered<_> = units
        .iter()
        .map(|unit| {
            let http = &http;
            let begun = begun.get(&unit.name).copied();
            async move { (*unit, wait_for(reader, http, unit, begun, deadline).await) }
        })
        .collect();
    let mut silent: Vec<(&Unit, i64)> = Vec::new();
    let mut failed = Vec::new();
    loop {
        let next = if failed.is_empty() {
            waiting.next().await
        } else {
            timeout(TOGETHER, waiting.next()).await.ok().flatten()
        };
        match next {
            Some((unit, Ok(restarts))) => {
                on_ready(&unit.name, started.elapsed());
                if unit.ready.is_none() {
                    silent.push((unit, restarts));
                }
            }
            Some((_, Err(error))) => failed.push(error),
            None if failed.is_empty() => break,
            None => return Err(failed),
        }
    }
    for (unit, restarts) in silent {
        if let Err(failure) = look(reader, unit, &mut Some(restarts)).await {
            failed.push(not_ready(reader, unit, failure).await);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed) }
}

/// Waits until one unit is ready, and tells how often its container was restarted before.
async fn wait_for(
    reader: &Reader,
    http: &Http,
    unit: &Unit,
    begun: Option<Instant>,
    deadline: Instant,
) -> Result<i64, NotReady> {
    match watch(reader, http, unit, begun, deadline).await {
        Ok(restarts) => Ok(restarts),
        Err(failure) => Err(not_ready(reader, unit, failure).await),
    }
}

/// A failure, with what the container wrote last.
async fn not_ready(reader: &Reader, unit: &Unit, (reason, exit_code): Failure) -> NotReady {
    let container = unit.spec.name.clone();
    let log = reader.logs_tail(&container, LOG_LINES).await.unwrap_or_default();
    NotReady { unit: unit.name.clone(), container, reason, exit_code, log }
}

type Failure = (String, Option<i64>);

async fn watch(
    reader: &Reader,
    http: &Http,
    unit: &Unit,
    begun: Option<Instant>,
    deadline: Instant,
) -> Result<i64, Failure> {
    let started = Instant::now();
    let allowed =
        unit.ready.as_ref().map_or(deadline, |ready| deadline.min(started + ready.timeout.std()));
    let mut step = FIRST_STEP;
    let mut restarts = None;
    let mut looked: Option<(Instant, Container)> = None;
    let mut seen_first = None;
    let mut client = None;
    loop {
        if looked.as_ref().is_none_or(|(at, _)| at.elapsed() >= LOOK) {
            let container = look(reader, unit, &mut restarts).await?;
            let now = Instant::now();
            // One that was made and never restarted has run since it began.
            let begun = begun.filter(|_| container.state.restart_count == 0);
            seen_first.get_or_insert(begun.unwrap_or(now));
            looked = Some((now, container));
        }
        let answer = match (&looked, &unit.ready) {
            (Some((_, container)), Some(ready)) => {
                ask(http, unit, container, ready, &mut client).await
            }
            // From answer to answer: the engine keeps a question waiting while it starts the container again,
            // and then says that it runs.
            (Some((at, _)), None) if seen_first.is_some_and(|first| *at - first >= SETTLED) => {
                Ok(())
            }
            _ => Err("it has not settled yet".to_owned()),
        };
        let Err(reason) = answer else { return Ok(restarts.unwrap_or_default()) };
        if Instant::now() >= allowed {
            // What happened to the container says more than what did not answer.
            look(reader, unit, &mut restarts).await?;
            let waited = started.elapsed().as_secs_f64();
            return Err((format!("not ready after {waited:.1} s: {reason}"), None));
        }
        sleep(step.min(allowed.saturating_duration_since(Instant::now()))).await;
        step = if started.elapsed() < Duration::from_secs(2) {
            FIRST_STEP
        } else {
            (step * 3 / 2).min(LAST_STEP)
        };
    }
}

/// The container, if nothing is wrong with it.
async fn look(
    reader: &Reader,
    unit: &Unit,
    restarts: &mut Option<i64>,
) -> Result<Container, Failure> {
    let container = reader.container(&unit.spec.name).await;
    let container = container
        .map_err(|error| (error.to_string(), None))?
        .ok_or_else(|| ("there is no container".to_owned(), None))?;
    let state = &container.state;
    let before = *restarts.get_or_insert(state.restart_count);
    let code = state.exit_code;
    if state.oom_killed {
        let limit = unit.spec.memory_bytes.unwrap_or_default() >> 20;
        let reason = format!(
            "it ran out of memory (limit {limit} MiB): raise `resources.memory` of {}",
            unit.name
        );
        return Err((reason, Some(code)));
    }
    if state.restart_count > before || state.status == Status::Restarting {
        let times = state.restart_count.max(1);
        return Err((
            format!("it ended with exit code {code} and keeps being restarted ({times}×)"),
            Some(code),
        ));
    }
    match state.status {
        Status::Exited | Status::Dead => {
            let error =
                if state.error.is_empty() { String::new() } else { format!(": {}", state.error) };
            Err((format!("it ended with exit code {code}{error}"), Some(code)))
        }
        Status::Created if !state.error.is_empty() => {
            Err((format!("it could not be started: {}", state.error), Some(code)))
        }
        Status::Paused => Err(("it is paused: `docker unpause` wakes it".to_owned(), None)),
        Status::Removing => Err(("it is being removed".to_owned(), None)),
        _ => Ok(container),
    }
}

/// Whether a component says that it is ready.
async fn ask(
    http: &Http,
    unit: &Unit,
    container: &Container,
    ready: &Ready,
    client: &mut Option<(PublishedPort, String, Http)>,
) -> Result<(), String> {
    let port = unit.port.and_then(|port| container.published(port));
    let port = port.ok_or_else(|| "it publishes no port".to_owned())?;
    // A client that speaks TLS is costly to make, and a restarted container may have another port.
    if client.as_ref().is_none_or(|(at, _, _)| at != port) {
        let (base, http) = subject::speak(unit, port, http.clone())?;
        *client = Some((port.clone(), base, http));
    }
    let Some((_, base, http)) = client else { return Ok(()) };
    let url = format!("{base}{}", ready.path);
    let login = if ready.login { subject::own_login(unit) } else { None };
    match timeout(QUESTION, http.get(&url, login.as_ref())).await {
        Ok(answer) => answered(&answer?, ready),
        Err(_) => Err(format!("GET {url}: no answer within {QUESTION:?}")),
    }
}

/// Whether an answer says that a component is ready.
///
/// # Errors
/// What it says instead.
pub fn answered(answer: &Answer, ready: &Ready) -> Result<(), String> {
    let Some(says) = &ready.says else { return answer.clone().good().map(drop) };
    // Such an answer explains a bad status better than the status itself does.
    let document: serde_json::Value = match answer.json() {
        Ok(document) => document,
        Err(problem) => return Err(answer.clone().good().err().unwrap_or(problem)),
    };
    match document.pointer(&says.at).and_then(|value| value.as_str()) {
        Some(word) if says.one_of.iter().any(|good| good == word) => Ok(()),
        Some(word) => Err(format!("{}: it says `{word}`", answer.asked)),
        None => {
            Err(answer.clone().good().err().unwrap_or_else(|| {
                format!("{}: the answer has nothing at {}", answer.asked, says.at)
            }))
        }
    }
}
