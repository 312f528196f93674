//! Targets and questions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mcpmon::mcp::report::StepName;
use mcpmon::mcp::target::{At, Call, Command, Depth, Http, Protocol, Tls};
use mcpmon::mcp::{self, Ask, Eras, Reason, Report, Target};

pub fn http(url: &str) -> Http {
    Http {
        url: url.parse().unwrap(),
        host_header: None,
        credentials: None,
        tls: Tls::default(),
        accept_auth_challenge: false,
    }
}

pub fn at(http: Http) -> Target {
    Target { name: "double".to_owned(), at: At::Http(Box::new(http)), protocol: Protocol::Auto }
}

pub fn target(url: &str) -> Target {
    at(http(url))
}

pub fn speaking(url: &str, protocol: Protocol) -> Target {
    Target { protocol, ..target(url) }
}

/// A shell script that stands for a server.
pub fn script(text: &str) -> Target {
    program("/bin/sh", &["-c", text])
}

pub fn program(program: &str, args: &[&str]) -> Target {
    let command = Command {
        program: program.to_owned(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        env: BTreeMap::new(),
        dir: None,
        as_nobody: false,
    };
    Target { name: "double".to_owned(), at: At::Stdio(command), protocol: Protocol::Auto }
}

pub fn ask() -> Ask {
    Ask {
        depth: Depth::Tools,
        deadline: Duration::from_secs(5),
        expect_tools: Vec::new(),
        call: None,
    }
}

pub fn within(milliseconds: u64) -> Ask {
    Ask { deadline: Duration::from_millis(milliseconds), ..ask() }
}

pub fn calling(tool: &str) -> Ask {
    Ask { call: Some(Call { tool: tool.to_owned(), arguments: serde_json::Map::new() }), ..ask() }
}

/// Asks with nothing remembered, and sees to it that the deadline holds.
pub async fn probe(target: &Target, ask: &Ask) -> Report {
    probe_with(target, ask, &Eras::default()).await
}

pub async fn probe_with(target: &Target, ask: &Ask, eras: &Eras) -> Report {
    let started = Instant::now();
    let report = mcp::probe(target, ask, eras).await;
    // The runtime shares its cores with other tests.
    let limit = ask.deadline + Duration::from_millis(500);
    assert!(started.elapsed() < limit, "{:?}: {report:?}", started.elapsed());
    report
}

/// Why it failed.
#[track_caller]
pub fn reason(report: &Report) -> Reason {
    report.failure.as_ref().unwrap_or_else(|| panic!("it did not fail: {report:?}")).reason
}

/// Reason and message.
#[track_caller]
pub fn failure(report: &Report) -> (Reason, &str) {
    let failure = report.failure.as_ref().unwrap_or_else(|| panic!("it did not fail: {report:?}"));
    assert!(!report.success);
    assert!(!failure.advice.is_empty(), "no advice: {failure:?}");
    assert!(!failure.message.contains('\n') && !failure.advice.contains('\n'));
    (failure.reason, &failure.message)
}

#[track_caller]
pub fn succeeded(report: &Report) {
    assert!(report.success, "{report:?}");
    assert!(report.failure.is_none());
}

/// The steps with their success.
pub fn steps(report: &Report) -> Vec<(StepName, bool)> {
    report.steps.iter().map(|step| (step.name, step.success)).collect()
}

/// The names of the steps that worked.
pub fn worked(report: &Report) -> Vec<StepName> {
    report.steps.iter().filter(|step| step.success).map(|step| step.name).collect()
}
