//! How many probes are made at once, and how often one service is asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::mcp::Report;
use crate::mcp::target::Depth;

/// Whose turn it is to ask one service.
pub type Turn = Mutex<Option<Last>>;

/// The last answer of a service.
#[derive(Debug)]
pub struct Last {
    at: Instant,
    depth: Depth,
    report: Arc<Report>,
}

/// How a question may go on.
pub enum Entry {
    /// Somebody else asked the same a moment ago: that answer holds.
    Known(Arc<Report>),
    /// Ask, and then [`Place::answered`].
    Ask(Place),
}

/// A place among the probes that are made; nobody else asks the service meanwhile.
pub struct Place {
    turn: OwnedMutexGuard<Option<Last>>,
    _permit: OwnedSemaphorePermit,
}

/// Why a question could not be put within its deadline.
#[derive(Debug)]
pub enum Busy {
    /// Another probe of the service took too long.
    Service,
    /// Too many other probes were under way.
    Agent,
}

/// Waits for a place, until the deadline. Two questions about one service become one probe where they ask
/// the same within `apart`.
pub async fn enter(
    turn: &Arc<Turn>,
    permits: &Arc<Semaphore>,
    depth: Depth,
    apart: Duration,
    deadline: Instant,
) -> Result<Entry, Busy> {
    let turn = timeout_at(deadline, Arc::clone(turn).lock_owned()).await;
    let turn = turn.map_err(|_| Busy::Service)?;
    if let Some(last) = &*turn
        && last.depth == depth
        && last.at.elapsed() < apart
    {
        return Ok(Entry::Known(Arc::clone(&last.report)));
    }
    match timeout_at(deadline, Arc::clone(permits).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(Entry::Ask(Place { turn, _permit: permit })),
        // The permits are never closed.
        Ok(Err(_)) | Err(_) => Err(Busy::Agent),
    }
}

impl Place {
    /// Makes room for the next one, who may take this answer.
    pub fn answered(mut self, depth: Depth, report: &Arc<Report>) {
        *self.turn = Some(Last { at: Instant::now(), depth, report: Arc::clone(report) });
    }
}
