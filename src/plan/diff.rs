//! Observed + wanted → steps.

use std::collections::BTreeMap;

use super::by_hand::by_hand;
use super::observed::Observed;
use super::wanted::Unit;
use crate::catalog::Effect;
use crate::engine::{Container, Status, image_self, labels};

/// The folder of secrets among a unit's files.
const SECRETS: &str = "secrets";

/// What is to be done, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    None,
    /// Files that the process watches.
    Update,
    /// Files, and the process is asked to read them.
    Reload,
    /// Files, and the process starts anew in its container.
    Restart,
    /// The container is there and not running.
    Start,
    /// The container is made anew.
    Recreate,
    /// There is no container.
    Create,
}

impl Action {
    /// The word that users read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "unchanged",
            Self::Update => "update",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Start => "start",
            Self::Recreate => "recreate",
            Self::Create => "create",
        }
    }
}

/// How a file differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// It is new.
    Added(String),
    /// Its content, mode or owner differs.
    Changed(String),
    /// Nothing renders it any more.
    Removed(String),
}

impl FileChange {
    /// The file's path under `live/`.
    pub fn path(&self) -> &str {
        match self {
            Self::Added(path) | Self::Changed(path) | Self::Removed(path) => path,
        }
    }

    /// Whether there was no such file.
    const fn is_new(&self) -> bool {
        matches!(self, Self::Added(_))
    }
}

/// What is to be done about one container.
#[derive(Clone, Debug)]
pub struct UnitPlan {
    /// Position among the wanted units.
    pub index: usize,
    /// Component or service.
    pub name: String,
    /// What is done.
    pub action: Action,
    /// Why, for people.
    pub reason: String,
    /// Whether somebody changed the container past the manifest.
    pub by_hand: bool,
    /// Files that change.
    pub files: Vec<FileChange>,
}

/// Everything that is to be done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Per container, in start order.
    pub units: Vec<UnitPlan>,
    /// Containers that nothing wants any more.
    pub remove: Vec<String>,
    /// Whether the network must be made.
    pub network: bool,
    /// Whether the network between the agent and its readers must be made.
    pub engine_network: bool,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        !self.network
            && !self.engine_network
            && self.remove.is_empty()
            && self.units.iter().all(|unit| unit.action == Action::None)
    }

    /// One line per change.
    pub fn lines(&self) -> Vec<String> {
        let changes = self
            .units
            .iter()
            .filter(|unit| unit.action != Action::None)
            .map(|unit| format!("{} {}: {}", unit.action.as_str(), unit.name, unit.reason));
        changes
            .chain(
                self.remove
                    .iter()
                    .map(|name| format!("remove {name}: the manifest does not name it")),
            )
            .collect()
    }
}

/// The steps from what is observed to what is wanted.
pub fn plan(observed: &Observed, units: &[Unit]) -> Plan {
    let planned =
        units.iter().enumerate().map(|(index, unit)| plan_unit(observed, index, unit)).collect();
    let wanted = |name: &String| units.iter().any(|unit| unit.spec.name == *name);
    let remove = observed.containers.keys().filter(|name| !wanted(name)).cloned().collect();
    // Who has a name in it is who is read there.
    let read = units.iter().any(|unit| !unit.spec.aliases.is_empty());
    Plan {
        units: planned,
        remove,
        network: observed.network.is_none(),
        engine_network: read && observed.engine_network.is_none(),
    }
}

fn plan_unit(observed: &Observed, index: usize, unit: &Unit) -> UnitPlan {
    let container = observed.containers.get(&unit.spec.name);
    let files = match container {
        Some(_) => file_changes(observed, unit),
        None => unit.files.keys().cloned().map(FileChange::Added).collect(),
    };
    let (action, reason) = match container {
        None => (Action::Create, "there is no container".to_owned()),
        Some(container) => decide(observed, unit, container, &files),
    };
    let by_hand = container.is_some_and(|c| is_as_made(unit, c)) && action == Action::Recreate;
    UnitPlan { index, name: unit.name.clone(), action, reason, by_hand, files }
}

fn decide(
    observed: &Observed,
    unit: &Unit,
    container: &Container,
    files: &[FileChange],
) -> (Action, String) {
    if !is_as_made(unit, container) {
        let reason = if container.image == unit.spec.image {
            "its container's settings changed".to_owned()
        } else {
            format!("image {} → {}", container.image, unit.spec.image)
        };
        return (Action::Recreate, reason);
    }
    // The name of mcpmon's own image says which build is in it; two that packed it at the same moment made two of them.
    let image =
        observed.images.get(&unit.spec.image).filter(|_| !image_self::is_self(&unit.spec.image));
    if image.is_some_and(|image| image.id != container.image_id) {
        return (Action::Recreate, format!("the image {} is another one now", unit.spec.image));
    }
    let changed = by_hand(&unit.spec, container);
    if !changed.is_empty() {
        return (Action::Recreate, format!("it was changed by hand: {}", changed.join(", ")));
    }
    if let Some(name) = outside(observed, unit, container) {
        return (Action::Recreate, format!("it is not in the network {name}"));
    }
    match container.state.status {
        Status::Running | Status::Restarting => {}
        Status::Paused => return (Action::Recreate, "it is paused".to_owned()),
        _ => {
            return (
                Action::Start,
                format!("it is not running (exit code {})", container.state.exit_code),
            );
        }
    }
    // Somebody emptied the volume. Who watches a folder watches nothing once it was removed, also when another one has its name.
    if !files.is_empty() && files.iter().all(FileChange::is_new) && files.len() == unit.files.len()
    {
        return (Action::Restart, "all its files were removed".to_owned());
    }
    let effect = files.iter().map(|change| unit.effect(change)).max().unwrap_or(Effect::None);
    let action = match effect {
        _ if files.is_empty() => Action::None,
        Effect::None | Effect::Watched => Action::Update,
        Effect::Reload if unit.reload.is_some() => Action::Reload,
        Effect::Reload | Effect::Restart => Action::Restart,
    };
    (action, describe(files))
}

/// A network that a container should be in and is not: somebody took it out, or what made it died before it joined. One that
/// does not run remembers its networks, and cannot start when they were removed, also where others have their names now.
fn outside<'a>(observed: &Observed, unit: &'a Unit, container: &Container) -> Option<&'a str> {
    let joined = |name: &str| match container.networks.get(name) {
        None => false,
        Some(_) if container.state.status.is_alive() => true,
        Some(at) => at.network.is_empty() || observed.network_id(name) == Some(&*at.network),
    };
    unit.spec.networks().find(|name| !joined(name))
}

/// Whether the container was made from what is wanted now.
fn is_as_made(unit: &Unit, container: &Container) -> bool {
    container.labels.get(labels::SPEC_HASH) == unit.spec.labels.get(labels::SPEC_HASH)
}

impl Unit {
    /// What makes a change of a file take effect. A file that nothing renders any more had the
    /// effect of its neighbours in the same folder.
    pub fn effect(&self, change: &FileChange) -> Effect {
        let path = change.path();
        if let Some(file) = self.files.get(path) {
            return file.effect;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder == SECRETS {
            return self.secrets;
        }
        let neighbours =
            self.files.iter().filter(|(p, _)| p.rsplit_once('/').map_or("", |(f, _)| f) == folder);
        neighbours.map(|(_, file)| file.effect).max().unwrap_or(Effect::Reload)
    }
}

fn file_changes(observed: &Observed, unit: &Unit) -> Vec<FileChange> {
    let empty = BTreeMap::new();
    let live = observed.live.get(&unit.name).unwrap_or(&empty);
    let mut changes = Vec::new();
    for (path, file) in &unit.files {
        match live.get(path) {
            None => changes.push(FileChange::Added(path.clone())),
            Some(there) => {
                let same = there.content == file.content
                    && there.mode & 0o7777 == file.mode()
                    && (there.uid, there.gid) == unit.owner;
                if !same {
                    changes.push(FileChange::Changed(path.clone()));
                }
            }
        }
    }
    changes.extend(
        live.keys()
            .filter(|path| !unit.files.contains_key(*path))
            .cloned()
            .map(FileChange::Removed),
    );
    changes
}

/// `prometheus.yml and 2 more changed`
fn describe(files: &[FileChange]) -> String {
    let words: Vec<String> = files
        .iter()
        .take(2)
        .map(|change| match change {
            FileChange::Added(path) => format!("{path} is new"),
            FileChange::Changed(path) => format!("{path} changed"),
            FileChange::Removed(path) => format!("{path} is gone"),
        })
        .collect();
    let rest = files.len().saturating_sub(words.len());
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    words.join(", ") + &more
}
