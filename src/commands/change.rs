//! What every command that changes a running stack takes.

use super::up::parse_duration;
use crate::apply::Options;
use crate::manifest::Duration;

/// What every command that changes a running stack takes.
#[derive(Debug, clap::Args)]
pub struct ChangeArgs {
    /// Why, for those who look at `mcpmon history`
    #[arg(long, short, value_name = "TEXT")]
    pub message: Option<String>,
    /// Leave what a failed change made as it is, to be looked at
    #[arg(long)]
    pub keep_on_failure: bool,
    /// Waiting for others.
    #[command(flatten)]
    pub lock: LockArgs,
}

/// What every command takes that another one may keep waiting.
#[derive(Debug, clap::Args)]
pub struct LockArgs {
    /// Wait until another change of this stack has ended: 10m, or as long as it says
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "10m", value_parser = parse_duration)]
    pub wait_lock: Option<Duration>,
}

impl LockArgs {
    /// How long to wait.
    pub fn wait(&self) -> Option<std::time::Duration> {
        self.wait_lock.map(Duration::std)
    }
}

impl ChangeArgs {
    /// The options of a change that waits so long until everything is ready.
    pub fn options(&self, command: &'static str, timeout: Duration) -> Options {
        Options {
            message: self.message.clone(),
            wait_lock: self.lock.wait(),
            keep_on_failure: self.keep_on_failure,
            ..Options::new(command, timeout.std())
        }
    }
}
