//! What is remembered of servers between two probes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::target::{At, Protocol, Target};

/// Generations of the protocol that differ in how a conversation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// `server/discover`, no session: 2026-07-28 and later.
    Modern,
    /// `initialize`: 2024-11-05 to 2025-11-25.
    Legacy,
}

/// Targets that are remembered; beyond these the one that was met first is forgotten.
const CAPACITY: usize = 10_000;
/// A server that goes on speaking the old way after it has learnt the new one is asked anew after this.
const MAX_AGE: Duration = Duration::from_hours(1);

/// The era (and transport) that each target answered in last, for at most a fixed number of targets.
#[derive(Debug, Default)]
pub struct Eras {
    known: Mutex<HashMap<String, (Protocol, Instant)>>,
}

impl Eras {
    /// How many targets are remembered.
    pub fn len(&self) -> usize {
        self.locked(|known| known.len())
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, target: &Target) -> Option<Protocol> {
        let key = key(target);
        self.locked(|known| {
            let (protocol, since) = known.get(&key)?;
            (since.elapsed() < MAX_AGE).then_some(*protocol)
        })
    }

    /// Remembers in which protocol a target answered. Told again it does not grow younger.
    pub(super) fn learn(&self, target: &Target, protocol: Protocol) {
        let key = key(target);
        self.locked(|known| {
            if let Some((same, since)) = known.get(&key)
                && *same == protocol
                && since.elapsed() < MAX_AGE
            {
                return;
            }
            if known.len() >= CAPACITY && !known.contains_key(&key) {
                let oldest = known.iter().min_by_key(|(_, (_, since))| *since);
                if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                    known.remove(&oldest);
                }
            }
            known.insert(key, (protocol, Instant::now()));
        });
    }

    pub(super) fn forget(&self, target: &Target) {
        let key = key(target);
        self.locked(|known| {
            known.remove(&key);
        });
    }

    fn locked<T>(&self, look: impl FnOnce(&mut HashMap<String, (Protocol, Instant)>) -> T) -> T {
        // Each change is a single insertion or removal, so nothing can be found half done.
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A service that moves to another address is another server.
fn key(target: &Target) -> String {
    match &target.at {
        At::Http(http) => format!("{}\n{}", target.name, http.url),
        At::Stdio(command) => {
            format!("{}\n{}\n{}", target.name, command.program, command.args.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::target::Command;

    fn target(name: &str, program: &str) -> Target {
        let command = Command {
            program: program.to_owned(),
            args: Vec::new(),
            env: std::collections::BTreeMap::new(),
            dir: None,
            as_nobody: false,
        };
        Target { name: name.to_owned(), at: At::Stdio(command), protocol: Protocol::Auto }
    }

    #[test]
    fn a_target_is_a_name_at_an_address() {
        let eras = Eras::default();
        eras.learn(&target("a", "x"), Protocol::Legacy);
        assert_eq!(eras.get(&target("a", "x")), Some(Protocol::Legacy));
        assert_eq!(eras.get(&target("a", "y")), None);
        assert_eq!(eras.get(&target("b", "x")), None);
        eras.forget(&target("a", "x"));
        assert!(eras.is_empty());
    }

    #[test]
    fn the_oldest_makes_room() {
        let eras = Eras::default();
        for at in 0..=CAPACITY {
            eras.learn(&target(&at.to_string(), "x"), Protocol::Modern);
        }
        assert_eq!(eras.len(), CAPACITY);
        assert_eq!(eras.get(&target("0", "x")), None);
        assert_eq!(eras.get(&target(&CAPACITY.to_string(), "x")), Some(Protocol::Modern));
    }
}
