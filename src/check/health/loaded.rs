//! Does each program run with the files that were rendered?

use futures_util::future::join_all;
use std::time::Instant;

use super::Check;
use super::finding::Finding;
use super::round::Round;
use crate::check::proof::{self, Mismatch};
use crate::plan::Unit;

pub const CHECK: Check = Check {
    name: "loaded",
    title: "what is loaded is what was rendered",
    look: |round| Box::pin(look(round)),
};

async fn look(round: &Round<'_>) -> Finding {
    let units: Vec<&Unit> = round.context.units.iter().filter(|u| u.proof.is_some()).collect();
    if units.is_empty() {
        return Finding::skipped("no program of the stack prints what it has loaded");
    }
    let found = join_all(units.iter().map(|unit| prove(round, unit))).await;
    let first = units.iter().zip(&found).find(|(_, found)| found.is_err());
    let first = first.map(|(unit, _)| unit.spec.name.clone());
    let failed: Vec<Mismatch> = found.into_iter().filter_map(Result::err).collect();
    let Some(first) = first else {
        let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        return Finding::passed(names.join(", "));
    };
    let again = failed.iter().all(|mismatch| mismatch.again);
    let evidence = failed.into_iter().flat_map(|mismatch| mismatch.lines).collect();
    let finding = Finding { again, ..Finding::failed(evidence) };
    if !again {
        return finding;
    }
    finding.advise(format!(
        "`mcpmon up` brings files and containers to what the manifest says; a program that did not read its files does so at `docker restart {first}`"
    ))
}

async fn prove<'a>(round: &Round<'a>, unit: &'a Unit) -> proof::Attempt {
    let named = |problem: String| Mismatch::from(format!("{}: {problem}", unit.name));
    let subject = round.subject(unit).await.map_err(named)?;
    proof::attempt(&subject, Instant::now()).await
}
