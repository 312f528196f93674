//! What a change is told beside the manifest.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::history::ImageUsed;
use crate::lockfile::Lockfile;
use crate::preview::World;

/// What a change is told beside the manifest.
#[derive(Clone, Debug)]
pub struct Options {
    /// The command, as users typed it: `mcpmon up`.
    pub command: &'static str,
    /// When images are pulled.
    pub pull: Pull,
    /// How long everything may take to become ready.
    pub timeout: Duration,
    /// Refuse to bring up a stack of which nothing runs.
    pub only_running: bool,
    /// Why, for those who look back.
    pub message: Option<String>,
    /// How long to wait for another change to end.
    pub wait_lock: Option<Duration>,
    /// Leave what a failed change made, to be looked at.
    pub keep_on_failure: bool,
    /// The only state of the stack that the change may be made to.
    pub expected: Option<World>,
    /// The only images that containers may be made of.
    pub locked: Option<Lockfile>,
    /// The generation that is brought back.
    pub restores: Option<Restored>,
    /// Whether what breaks between versions was told already.
    pub told: bool,
    /// Images by component or service that take the place of those that the stack names.
    pub images: BTreeMap<String, ImageUsed>,
}

impl Options {
    /// A change that waits so long, and is told nothing else.
    pub fn new(command: &'static str, timeout: Duration) -> Self {
        Self {
            command,
            pull: Pull::Missing,
            timeout,
            only_running: false,
            message: None,
            wait_lock: None,
            keep_on_failure: false,
            expected: None,
            locked: None,
            restores: None,
            told: false,
            images: BTreeMap::new(),
        }
    }
}

/// A generation that is brought back.
#[derive(Clone, Copy, Debug)]
pub struct Restored {
    /// Its number.
    pub number: u64,
    /// Whether its very files and images ran before, proven: no program has to check them once more.
    pub proven: bool,
}

/// When images are pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Pull {
    /// Those that the engine does not have.
    #[default]
    Missing,
    /// All of them, to get what a tag names now.
    Always,
    /// None.
    Never,
}
