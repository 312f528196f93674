//! Does the engine answer, and what is it?

use std::time::Instant;

use super::Check;
use super::finding::Finding;
use super::round::Round;

pub const CHECK: Check = Check {
    name: "engine",
    title: "the Docker engine answers",
    look: |round| Box::pin(look(round)),
};

async fn look(round: &Round<'_>) -> Finding {
    let started = Instant::now();
    if let Err(problem) = round.containers().await {
        return Finding::from(problem).advise("`docker version` asks the same question");
    }
    let facts = round.context.reader.facts();
    let (major, minor) = facts.api_version;
    Finding::passed(format!(
        "Docker {} (API {major}.{minor}, {}/{}) answered in {} ms",
        facts.engine_version,
        facts.os,
        facts.arch,
        started.elapsed().as_millis()
    ))
}
