//! Does every MCP server answer? The agent asks, so that it is asked from where clients in the stack are.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Deserialize;

use super::Check;
use super::finding::{Finding, at_most_ten, count};
use super::round::{Round, either};
use crate::check::subject::Subject;
use crate::stack::{AGENT, Probed};

pub const CHECK: Check = Check {
    name: "mcp",
    title: "every MCP server answers a handshake",
    look: |round| Box::pin(async { either(look(round).await) }),
};

/// Longest time of one question: less than a check may take.
const LONGEST: Duration = Duration::from_secs(15);
/// Questions that are asked at the same time.
const AT_ONCE: usize = 100;

/// What the agent says of one probe.
#[derive(Deserialize)]
struct Answer {
    success: bool,
    failure: Option<Failure>,
    protocol: Option<Protocol>,
    server: Option<Server>,
    tools: Option<Vec<serde::de::IgnoredAny>>,
}
#[derive(Deserialize)]
struct Failure {
    reason: String,
    message: String,
    advice: String,
}
#[derive(Deserialize)]
struct Protocol {
    version: String,
}
#[derive(Deserialize)]
struct Server {
    name: String,
    version: String,
}

async fn look(round: &Round<'_>) -> Result<Finding, Finding> {
    let services = &round.context.stack.fleet;
    if services.is_empty() {
        return Ok(Finding::skipped("no service has `mcp`"));
    }
    let subject = round.component(AGENT).await?;
    let answers: Vec<(&Probed, Result<Answer, String>)> = futures_util::stream::iter(services)
        .map(async |service| (service, ask(&subject, service).await))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let good = answers.iter().filter(|(_, answer)| answer.as_ref().is_ok_and(|a| a.success));
    let good = good.count();
    if good == services.len() {
        let lines = answers.iter().filter_map(|(service, answer)| {
            Some(format!("{} ({})", service.name, about(answer.as_ref().ok()?)))
        });
        let lines = at_most_ten(lines.collect()).join(", ");
        return Ok(Finding::passed(format!("{good} of {good}: {lines}")));
    }
    let mut advice = None;
    let bad = answers.iter().filter_map(|(service, answer)| {
        let problem = match answer {
            Ok(answer) if answer.success => return None,
            Ok(answer) => {
                let failure = answer.failure.as_ref();
                advice = advice.take().or_else(|| failure.map(|failure| failure.advice.clone()));
                failure.map_or_else(
                    || "it failed without a reason".to_owned(),
                    |failure| format!("{}: {}", failure.reason, failure.message),
                )
            }
            Err(problem) => problem.clone(),
        };
        Some(format!("{} ({}): {problem}", service.name, service.instance))
    });
    let mut evidence = at_most_ten(bad.collect());
    evidence.insert(0, format!("{good} of {} answer", count(services.len(), "server")));
    let advice =
        advice.unwrap_or_else(|| format!("`mcpmon logs {AGENT}` shows what the agent says"));
    Err(Finding::failed(evidence).advise(advice))
}

async fn ask(subject: &Subject<'_>, service: &Probed) -> Result<Answer, String> {
    let url = subject.url(&format!("/probe?target={}&output=json", service.name));
    subject.http.through(&url, LONGEST).await?.good()?.json()
}

fn about(answer: &Answer) -> String {
    let server = answer.server.iter().flat_map(|server| [server.name.as_str(), &server.version]);
    let server: Vec<&str> = server.filter(|word| !word.is_empty()).collect();
    let tools = answer.tools.as_ref().map(|tools| count(tools.len(), "tool"));
    let version = answer.protocol.as_ref().map(|protocol| protocol.version.clone());
    let parts = [Some(server.join(" ")), version, tools];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
