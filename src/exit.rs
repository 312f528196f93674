//! How a command ends.

use std::fmt;
use std::process::ExitCode;

/// What the exit code of a command means. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, healthy, or nothing to do.
    Done = 0,
    /// It failed, or the stack is unhealthy.
    Failed = 1,
    /// Wrong usage or a wrong manifest; nothing was touched.
    Usage = 2,
    /// The engine cannot be reached.
    NoEngine = 3,
    /// The change was rejected; the last good generation is running.
    Rejected = 4,
    /// There are changes that were not applied.
    Pending = 5,
    /// Interrupted by Ctrl-C, as shells number it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table of exit codes in `--help`.
pub const HELP: &str = "Exit codes:
  0  done, healthy, or nothing to do
  1  it failed, or the stack is unhealthy
  2  wrong usage or a wrong manifest; nothing was touched
  3  the Docker engine cannot be reached
  4  the change was rejected; the last good generation is running
  5  there are changes that were not applied (render --check, plan --detailed-exitcode)";

/// An error that knows how the command ends.
#[derive(Debug)]
pub struct Stop {
    /// How the command ends.
    pub exit: Exit,
    /// What the user reads, as it is.
    pub message: String,
}

impl Stop {
    /// An error that ends the command so.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Stop {}
