//! What was changed by hand: containers, files in volumes, what programs have loaded.

use std::time::Instant;

use futures_util::future::join_all;
use serde::Serialize;

use crate::check::http::Http;
use crate::check::proof;
use crate::check::subject::Subject;
use crate::engine::Status;
use crate::history::Snapshot;
use crate::plan::{Action, Observed, Plan, Unit, UnitPlan};
use crate::stack::{Secrets, Stack};

/// Something that is not as mcpmon left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Component or service.
    pub name: String,
    /// What was changed: `container`, `file` or `loaded`.
    pub kind: &'static str,
    /// What was seen.
    pub what: String,
    /// What mends it.
    pub mend: &'static str,
}

/// What mends what a plan's steps are about.
const UP: &str = "mcpmon up";
/// What mends a program that runs with something else than its files.
const RELOAD: &str = "mcpmon reload";

/// Containers and files that are neither as they were applied nor as they are wanted.
pub fn found(
    observed: &Observed,
    units: &[Unit],
    planned: &Plan,
    past: Option<&Snapshot>,
) -> Vec<Drift> {
    let mut all = Vec::new();
    for step in &planned.units {
        let Some(unit) = units.get(step.index) else { continue };
        let drift = |kind, what: String| Drift { name: step.name.clone(), kind, what, mend: UP };
        let was_there = past.is_some_and(|past| past.containers.contains_key(&step.name));
        match step.action {
            Action::Create if was_there => {
                all.push(drift("container", "its container was removed".to_owned()));
            }
            Action::Start => all.push(drift("container", step.reason.clone())),
            Action::Recreate if step.by_hand => {
                all.push(drift("container", step.reason.clone()));
            }
            _ => {}
        }
        let edited = edited(observed, unit, step, past);
        all.extend(edited.into_iter().map(|what| drift("file", what)));
    }
    all
}

/// Files that are not as they were applied.
fn edited(
    observed: &Observed,
    unit: &Unit,
    step: &UnitPlan,
    past: Option<&Snapshot>,
) -> Vec<String> {
    let applied = past.and_then(|past| past.bundle.components.get(&unit.name));
    let (Some(applied), Some(live)) = (applied, observed.live.get(&unit.name)) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for change in &step.files {
        let path = change.path();
        match (applied.get(path), live.get(path)) {
            (Some(applied), Some(live)) if applied.text.as_bytes() != live.content => {
                lines.push(format!("{path} was edited in the volume"));
            }
            (Some(_), None) => lines.push(format!("{path} was removed from the volume")),
            (None, Some(_)) if !path.starts_with("secrets/") && !unit.files.contains_key(path) => {
                lines.push(format!("{path} was put into the volume"));
            }
            _ => {}
        }
    }
    lines
}

/// Programs that have loaded something else than the files that are there, with GET requests alone.
pub async fn loaded(
    observed: &Observed,
    stack: &Stack,
    units: &[Unit],
    secrets: &Secrets,
) -> Vec<Drift> {
    let http = Http::default().remembering();
    let running = units.iter().filter(|unit| {
        let container = observed.containers.get(&unit.spec.name);
        unit.proof.is_some() && container.is_some_and(|c| c.state.status == Status::Running)
    });
    let looks = running.map(|unit| {
        let http = http.clone();
        async move {
            // What it should have loaded is what is there now, not what is wanted.
            let there = match observed.live.get(&unit.name) {
                Some(live) => unit.having(live.iter().map(|(p, f)| (p, f.content.clone(), f.mode))),
                None => unit.clone(),
            };
            let container = observed.containers.get(&unit.spec.name);
            let lines = match Subject::new(&there, container, stack, secrets, http) {
                Ok(subject) => match proof::attempt(&subject, Instant::now()).await {
                    Ok(()) => Vec::new(),
                    Err(mismatch) => mismatch.lines,
                },
                Err(problem) => vec![problem],
            };
            let drift =
                |what| Drift { name: unit.name.clone(), kind: "loaded", what, mend: RELOAD };
            lines.into_iter().map(drift).collect::<Vec<_>>()
        }
    });
    join_all(looks).await.into_iter().flatten().collect()
}
