//! What the agent shows of the engine, and to whom.

use serde::Serialize;

use super::{AGENT, Component, Stack};
use crate::catalog::ScrapeSpec;
use crate::gate::Scope;
use crate::manifest::Manifest;

/// What the agent shows of the engine.
#[derive(Clone, Debug, Serialize)]
pub struct Gate {
    /// Which containers, in the words of the agent's configuration.
    pub scope: Scope,
    /// Whether a component reads it.
    pub serves: bool,
    /// Where that finds it.
    pub address: &'static str,
}

/// What the agent is called in the network between it and its readers.
pub const NAME: &str = "engine";
/// The same with the port that the engine's clients know.
const ADDRESS: &str = "engine:2375";

/// Name of the network between the agent of a stack and those that read the engine through it.
pub fn engine_network(stack: &str) -> String {
    format!("{stack}-engine")
}

/// Nothing where nobody would look at it: the agent gets no socket then.
pub fn resolve(manifest: &Manifest, stack: &Stack) -> Option<Gate> {
    let agent = stack.components.get(AGENT)?;
    let scope = match agent.settings.get("containers")?.as_str()? {
        "all" => Scope::All,
        "fleet" => Scope::Fleet {
            stack: stack.name.clone(),
            containers: manifest
                .services
                .values()
                .filter_map(|service| service.container.as_ref())
                .map(ToString::to_string)
                .collect(),
        },
        _ => return None,
    };
    let serves = stack.components.values().any(|part| part.spec.reads_engine);
    let measures = agent.spec.stands_in_for.keys().any(|other| !stack.has(other));
    (serves || measures).then_some(Gate { scope, serves, address: ADDRESS })
}

impl Stack {
    /// Name of the network between the agent and those that read the engine through it.
    pub fn engine_network(&self) -> String {
        engine_network(&self.name)
    }

    /// Whether a component reads the engine through the agent, or is the agent that it reads.
    pub fn on_engine_network(&self, part: &Component) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.serves)
            && (part.spec.reads_engine || part.name == AGENT)
    }

    /// Components that serve the metrics of another, which is no part of the stack: who, of whom, and where.
    pub fn stand_ins(&self) -> impl Iterator<Item = (&Component, &String, &ScrapeSpec)> {
        let parts = self.components.values().filter(|_| self.gate.is_some());
        parts
            .flat_map(|part| part.spec.stands_in_for.iter().map(move |(of, at)| (part, of, at)))
            .filter(|(_, of, _)| !self.has(of))
    }

    /// Whether there are the metrics of a component: its own, or those of one that stands in for it.
    pub fn provides(&self, kind: &str) -> bool {
        self.has(kind) || self.stand_ins().any(|(_, of, _)| of == kind)
    }
}
