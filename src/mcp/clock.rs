//! How much time there is.

use std::time::Duration;

use tokio::time::Instant;

/// A share of the deadline, within bounds, is kept for ending what was begun.
const KEPT_SHARE: u32 = 10;
const KEPT_LEAST: Duration = Duration::from_millis(100);
const KEPT_MOST: Duration = Duration::from_millis(500);

/// No probe takes longer, whatever is asked for.
const LONGEST: Duration = Duration::from_hours(1);

/// The moments at which a probe has to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// No more questions after this.
    pub work: Instant,
    /// Nothing at all after this.
    pub end: Instant,
}

impl Clock {
    pub fn new(deadline: Duration) -> Self {
        let deadline = deadline.min(LONGEST);
        let kept = (deadline / KEPT_SHARE).clamp(KEPT_LEAST, KEPT_MOST).min(deadline / 2);
        let end = Instant::now() + deadline;
        Self { work: end - kept, end }
    }

    /// Half of what is left for questions.
    pub fn half(&self) -> Instant {
        let now = Instant::now();
        now + self.work.saturating_duration_since(now) / 2
    }
}
