//! The whole of a preview, for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cause::{self, Causes, Field};
use super::drift::{self, Drift};
use super::setting::{self, Setting};
use super::{Seen, World};
use crate::catalog::Effect;
use crate::commands::Project;
use crate::diff;
use crate::engine::Tree;
use crate::plan::{Action, FileChange, Unit, UnitPlan};
use crate::stack::Secrets;
use crate::upgrade::Move;

/// What `mcpmon plan --output json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Shape of this document.
    pub schema_version: u32,
    /// The stack.
    pub stack: String,
    /// The generation that runs, where one is known.
    pub generation: Option<u64>,
    /// Whether there is anything to do.
    pub pending: bool,
    /// Containers, in the order in which they start, and those that go.
    pub steps: Vec<Step>,
    /// Whether the network is made.
    pub network: bool,
    /// Images that would be pulled.
    pub pull: Vec<String>,
    /// Components that are brought to another version, and what that changes.
    pub upgrades: Vec<Move>,
    /// Container names that are somebody else's: nothing can be applied.
    pub taken_names: Vec<String>,
    /// Fields of the manifest that changed since that generation.
    pub fields: Vec<Field>,
    /// What was changed past the manifest.
    pub drift: Vec<Drift>,
}

/// What is done about one container.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Component or service.
    pub name: String,
    /// `unchanged`, `update`, `reload`, `restart`, `start`, `recreate`, `create` or `remove`.
    pub action: &'static str,
    /// Why.
    pub reason: String,
    /// Fields of the manifest that it comes from.
    pub because: Vec<Field>,
    /// How the container differs from the one that was made.
    pub container: Vec<Setting>,
    /// Files that change.
    pub files: Vec<File>,
}

/// A file that changes.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// Path under the configuration folder.
    pub path: String,
    /// `added`, `changed` or `removed`.
    pub change: &'static str,
    /// What makes it take effect: `none`, `watched`, `reload` or `restart`.
    pub effect: Effect,
    /// Whether it is a secret: then nothing of it is shown.
    pub secret: bool,
    /// The difference as a unified diff.
    pub diff: String,
}

/// Makes the report.
pub fn report(project: &Project, secrets: &Secrets, units: &[Unit], seen: &Seen) -> Report {
    let Seen { observed, planned, past, loaded, moves } = seen;
    let then = past.as_ref().and_then(|past| past.document().ok());
    let causes = match &then {
        Some(then) if !planned.is_empty() => cause::find(project, then, units, secrets),
        _ => Causes::default(),
    };
    let mut steps: Vec<Step> = planned
        .units
        .iter()
        .filter_map(|step| Some((step, units.get(step.index)?)))
        .map(|(step, unit)| {
            let applied = past.as_ref().and_then(|past| past.containers.get(&step.name));
            let container = match applied {
                Some(applied) if step.action == Action::Recreate => {
                    setting::differences(applied, &unit.shown_container())
                }
                _ => Vec::new(),
            };
            let because =
                if step.action == Action::None { Vec::new() } else { causes.of(&unit.spec.name) };
            Step {
                name: step.name.clone(),
                action: step.action.as_str(),
                reason: step.reason.clone(),
                because,
                container,
                files: files(unit, step, observed.live.get(&step.name)),
            }
        })
        .collect();
    steps.extend(planned.remove.iter().map(|name| Step {
        name: name.clone(),
        action: "remove",
        reason: "the manifest does not name it".to_owned(),
        because: causes.of(name),
        container: Vec::new(),
        files: Vec::new(),
    }));
    let mut pull: Vec<String> = units.iter().map(|unit| unit.spec.image.clone()).collect();
    pull.sort_unstable();
    pull.dedup();
    pull.retain(|image| {
        !observed.images.contains_key(image) && !crate::engine::image_self::is_self(image)
    });
    let mut drift = drift::found(observed, units, planned, past.as_ref());
    drift.extend(loaded.iter().cloned());
    Report {
        schema_version: 1,
        stack: project.stack.name.clone(),
        generation: past.as_ref().map(|past| past.number),
        pending: !planned.is_empty() || !drift.is_empty(),
        steps,
        network: planned.network,
        pull,
        upgrades: moves.clone(),
        taken_names: observed.foreign.iter().map(|(n, what)| format!("{n}: {what}")).collect(),
        fields: causes.fields,
        drift,
    }
}

/// The fingerprints of what was seen.
pub fn world(project: &Project, units: &[Unit], seen: &Seen) -> World {
    World::of(&project.bundle.hash(), &seen.observed, units, &seen.planned)
}

fn files(unit: &Unit, step: &UnitPlan, live: Option<&Tree>) -> Vec<File> {
    if step.action == Action::Create {
        // Everything is new; what it is `mcpmon render` shows.
        return Vec::new();
    }
    step.files.iter().map(|change| file(unit, change, live)).collect()
}

fn file(unit: &Unit, change: &FileChange, live: Option<&Tree>) -> File {
    let path = change.path();
    let wanted = unit.files.get(path);
    let there = live.and_then(|live| live.get(path));
    let secret =
        wanted.is_some_and(|file| file.secret) || there.is_some_and(|file| file.mode & 0o044 == 0);
    let word = match change {
        FileChange::Added(_) => "added",
        FileChange::Changed(_) => "changed",
        FileChange::Removed(_) => "removed",
    };
    let diff = if secret {
        String::new()
    } else {
        let text = |bytes: Option<&Vec<u8>>| {
            bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
        };
        let before = text(there.map(|file| &file.content));
        let after = text(wanted.map(|file| &file.content));
        diff::covered(path, &before, &after)
    };
    File { path: path.to_owned(), change: word, effect: unit.effect(change), secret, diff }
}

impl Report {
    /// How many containers are to be dealt with in each way; those that stay as they are left out.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for step in self.steps.iter().filter(|step| step.action != Action::None.as_str()) {
            *counts.entry(step.action).or_default() += 1;
        }
        counts
    }
}
