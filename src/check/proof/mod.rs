//! Proof that what a process has loaded is what was rendered.

mod alertmanager;
mod config;
pub mod grafana;
mod metric;
pub mod prometheus;
pub mod rules;
pub mod targets;

use std::time::{Duration, Instant};

use super::subject::Subject;
use crate::catalog::Proof;

/// Steps at first: most programs have loaded their files when they say so.
const FIRST_STEP: Duration = Duration::from_millis(25);
/// Steps of something that takes long.
const LAST_STEP: Duration = Duration::from_millis(500);

/// What is not as rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was rendered, and what is loaded instead.
    pub lines: Vec<String>,
    /// Whether asking again is of use; a wrong password stays wrong, and locks the account.
    pub again: bool,
}

impl Mismatch {
    /// Something that may be right a moment later.
    pub fn new(lines: Vec<String>) -> Self {
        Self { lines, again: true }
    }
}

impl From<String> for Mismatch {
    fn from(line: String) -> Self {
        Self::new(vec![line])
    }
}

/// One look.
pub type Attempt = Result<(), Mismatch>;

/// As [`Attempt`], from what was found.
fn nothing_in(lines: Vec<String>) -> Attempt {
    if lines.is_empty() { Ok(()) } else { Err(Mismatch::new(lines)) }
}

/// Compares what a process has loaded with what was rendered, again and again until `timeout`.
///
/// # Errors
/// What was rendered, and what is loaded instead.
pub async fn prove(subject: &Subject<'_>, timeout: Duration) -> Result<(), Vec<String>> {
    attempt(subject, Instant::now() + timeout).await.map_err(|mismatch| mismatch.lines)
}

/// As [`prove`]; says as well whether asking again is of use.
pub async fn attempt(subject: &Subject<'_>, deadline: Instant) -> Attempt {
    match &subject.unit.proof {
        None => Ok(()),
        Some(Proof::Prometheus) => prometheus::prove(subject, deadline).await,
        Some(Proof::Alertmanager) => alertmanager::prove(subject, deadline).await,
        Some(Proof::Grafana) => grafana::prove(subject, deadline).await,
        Some(Proof::Config(path)) => {
            until(deadline, async || config::loaded(subject, path).await).await
        }
        Some(Proof::Metric(name)) => {
            until(deadline, async || metric::is_one(subject, name).await).await
        }
    }
}

/// Looks until it is right, for ever wrong, or too late.
async fn until(deadline: Instant, look: impl AsyncFn() -> Attempt) -> Attempt {
    let mut step = FIRST_STEP;
    loop {
        let found = look().await;
        let over = Instant::now() + step > deadline;
        match found {
            Err(mismatch) if mismatch.again && !over => tokio::time::sleep(step).await,
            found => return found,
        }
        step = (step * 3 / 2).min(LAST_STEP);
    }
}

/// All that several looks found.
fn together<const N: usize>(attempts: [Attempt; N]) -> Attempt {
    let mut lines = Vec::new();
    let mut again = true;
    for mismatch in attempts.into_iter().filter_map(Result::err) {
        again &= mismatch.again;
        for line in mismatch.lines {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    if lines.is_empty() { Ok(()) } else { Err(Mismatch { lines, again }) }
}
