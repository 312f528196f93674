//! Does every component say that it is ready?

use futures_util::future::join_all;
use std::time::Instant;

use super::Check;
use super::finding::Finding;
use super::round::Round;
use crate::catalog::Ready;
use crate::check::ready::answered;
use crate::plan::Unit;

pub const CHECK: Check =
    Check { name: "ready", title: "every component is ready", look: |round| Box::pin(look(round)) };

async fn look(round: &Round<'_>) -> Finding {
    let asked = round.context.units.iter().filter_map(|unit| {
        let ready = unit.ready.as_ref()?;
        Some(ask(round, unit, ready))
    });
    let answers = join_all(asked).await;
    let all = answers.len();
    let failed: Vec<String> = answers.iter().filter_map(|answer| answer.clone().err()).collect();
    if failed.is_empty() {
        let slowest = answers.into_iter().filter_map(Result::ok).max_by_key(|(_, ms)| *ms);
        let slowest = slowest.map(|(name, ms)| format!(", the slowest is {name} with {ms} ms"));
        return Finding::passed(format!("{all} of {all}{}", slowest.unwrap_or_default()));
    }
    Finding::failed(failed).advise(
        "`mcpmon logs NAME` shows what it waits for; `mcpmon health-check --wait` waits with it",
    )
}

async fn ask<'a>(
    round: &Round<'a>,
    unit: &'a Unit,
    ready: &Ready,
) -> Result<(String, u128), String> {
    let started = Instant::now();
    let named = |problem: String| format!("{}: {problem}", unit.name);
    let subject = round.subject(unit).await.map_err(named)?;
    let login = subject.login.as_ref().filter(|_| ready.login);
    let answer = subject.http.get(&subject.url(&ready.path), login).await.map_err(named)?;
    answered(&answer, ready).map_err(named)?;
    Ok((unit.name.clone(), started.elapsed().as_millis()))
}
