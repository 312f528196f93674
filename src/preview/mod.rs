//! What `mcpmon plan` shows: the steps, why each is taken, what differs, and what was changed past
//! the manifest. It holds a [`Reader`], and so cannot change anything.
//!
//! * [`cause`] which fields of the manifest lead to which step
//! * [`setting`] how two containers differ
//! * [`drift`] what was changed by hand
//! * [`report`] the whole, for programs; `text` says it to people
//! * [`world`] what a saved plan was made for

pub mod cause;
pub mod drift;
pub mod report;
pub mod setting;
mod text;
pub mod world;

pub use report::Report;
pub use world::{Saved, World};

use std::collections::BTreeMap;

use crate::commands::Project;
use crate::engine::Reader;
use crate::history::{History, Snapshot, place};
use crate::plan::{self, Observed, Plan, Unit};
use crate::stack::Secrets;
use crate::upgrade::{self, Move};

/// All that a preview is made of.
pub struct Seen {
    /// What there is.
    pub observed: Observed,
    /// What is to be done.
    pub planned: Plan,
    /// The generation that runs, where one is known.
    pub past: Option<Snapshot>,
    /// What programs have loaded that is not in their files.
    pub loaded: Vec<drift::Drift>,
    /// Components that are brought to another version.
    pub moves: Vec<Move>,
}

/// Looks at everything that concerns a stack.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn look(
    reader: &Reader,
    project: &Project,
    secrets: &Secrets,
    units: &[Unit],
) -> anyhow::Result<Seen> {
    let stack = &project.stack;
    let observe = async { Ok(plan::observe(reader, &stack.name, units, None).await?) };
    let (observed, (history, past)) = futures_util::try_join!(observe, past(reader, &stack.name))?;
    let planned = plan::plan(&observed, units);
    let loaded = drift::loaded(&observed, stack, units, secrets).await;
    let seen = (&observed.containers, &history);
    let moves = upgrade::guard(reader, project, units, seen, &BTreeMap::new()).await?;
    Ok(Seen { observed, planned, past, loaded, moves })
}

/// All generations, and what the one that runs was made of.
async fn past(reader: &Reader, stack: &str) -> anyhow::Result<(History, Option<Snapshot>)> {
    let Some(container) = place::find(reader, stack).await? else {
        return Ok((History::default(), None));
    };
    let history = History::read(reader, &container).await?;
    let Some(number) = history.current().map(|generation| generation.number) else {
        return Ok((history, None));
    };
    // Without it there is a plan as well, only with fewer reasons.
    let snapshot = history.snapshot(reader, &container, number).await.ok();
    Ok((history, snapshot))
}
