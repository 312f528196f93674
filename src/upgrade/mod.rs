//! Other versions of the stack's programs: what changes on the way, and where there is no way back.
//!
//! What breaks between two versions stands in `versions.yaml` of each component's folder. Here it is
//! walked: pure, but for the question whether there is data that an older version could not read.
//!
//! * [`running`] which version runs, or ran last over the data that is there
//! * [`mod@guard`] refuses what the data does not allow
//! * [`report`] what `mcpmon upgrade` shows; `text` says it to people
//! * [`hold`] a manifest in which some components stay at what they run

pub mod guard;
pub mod hold;
pub mod report;
pub mod running;
mod text;

pub use guard::{guard, require};
pub use report::Report;
pub use running::images;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::Break;
use crate::history::ImageUsed;
use crate::plan::Unit;
use crate::stack::Stack;
use crate::version::Version;

/// One component that a change brings to another version.
#[derive(Clone, Debug, Serialize)]
pub struct Move {
    /// Its name among the containers.
    pub name: String,
    /// The version that runs, or that ran last over its data.
    pub from: Version,
    /// The version that is to run.
    pub to: Version,
    /// What changes on the way; on the way back, what is undone.
    pub breaks: Vec<Break>,
    /// Why its data does not allow that; nothing where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Move {
    /// Whether it goes to an older version.
    pub fn is_back(&self) -> bool {
        self.to < self.from
    }

    /// For people: the move, and what it brings.
    pub fn lines(&self) -> Vec<String> {
        let Self { name, from, to, .. } = self;
        if self.is_back() {
            let mut lines = vec![format!("{name} back from {from} to {to}, before these changes:")];
            lines.extend(
                self.breaks.iter().map(|found| format!("  {}: {}", found.at, found.changes)),
            );
            return lines;
        }
        let mut lines = vec![format!("{name} from {from} to {to}:")];
        for found in &self.breaks {
            lines.push(format!("  {}: {}", found.at, found.changes));
            lines.push(format!("    {}", found.advice));
            if let Some(store) = &found.store {
                lines.push(format!("    No way back: {}.", store.reason));
            }
        }
        lines
    }
}

/// The image of each unit that is wanted, as a tag names it: a rollback may ask for a digest.
pub fn wanted(units: &[Unit], pinned: &BTreeMap<String, ImageUsed>) -> BTreeMap<String, String> {
    let image = |unit: &Unit| {
        pinned
            .get(&unit.name)
            .map_or_else(|| unit.spec.image.clone(), |used| used.reference.clone())
    };
    units.iter().map(|unit| (unit.name.clone(), image(unit))).collect()
}

/// Every component whose version changes, in the order in which they start. Of an image whose tag
/// names no version nothing is said.
pub fn moves(
    stack: &Stack,
    running: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Vec<Move> {
    let of = |part: &crate::stack::Component| {
        let version = |images: &BTreeMap<String, String>| {
            images.get(&part.name).and_then(|image| part.spec.version_of(image))
        };
        let (from, to) = (version(running)?, version(wanted)?);
        if from == to {
            return None;
        }
        let versions = &part.spec.versions;
        let breaks = versions.between(&from, &to).into_iter().cloned().collect();
        let refused = versions.no_way_back(&from, &to).map(|(_, store)| store.reason.clone());
        Some(Move { name: part.name.clone(), from, to, breaks, refused })
    };
    stack.components.values().filter_map(of).collect()
}
