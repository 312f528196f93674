//! `mcpmon logs test` and the list of `mcpmon query`, which need nothing that runs.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use command::Folder;
use serde_json::Value;

const MANIFEST: &str = r#"
name: acme
components: {grafana: {enabled: false}}
services:
  search: {mcp: "http://search:7001/mcp", container: search-1, group: ai, logs: {parse: logfmt, redact: false}}
  test: {mcp: "http://test:7001/mcp", container: test-1}
  apart: {mcp: "http://apart:7001/mcp"}
logs:
  labels: [tenant]
  drop: [healthz]
  files: [{path: /var/log/app/*.log, service: test, labels: {tier: web}}]
  syslog: {}
queries:
  mine: {description: What runs, expr: up}
"#;

fn folder() -> Folder {
    Folder::new().file("mcpmon.yaml", MANIFEST)
}

fn json(arguments: &str) -> Value {
    let ended = folder().mcpmon(&format!("logs test --output json {arguments}")).ends(0);
    serde_json::from_str(&ended.out).unwrap()
}

#[test]
fn each_stage_shows_what_it_makes_of_a_line() {
    let out = folder()
        .mcpmon(r#"logs test {"level":"info","tenant":"a","mail":"ann@example.org"}"#)
        .ends(0);
    assert_eq!(
        out.out,
        r#"
line        {"level":"info","tenant":"a","mail":"ann@example.org"}
json        2 fields
            level="info" tenant="a"
labels      set
            level="info" tenant="a"
drop        `healthz` does not match
redact      email: once
            {"level":"info","tenant":"a","mail":"[redacted:email]"}
labels      set
stored      {"level":"info","tenant":"a","mail":"[redacted:email]"}
labels      {job="stack", level="info", stack="acme", stream="stdout", tenant="a"}
time        when it is read
"#
    );
    out.says("source `stack`, the pipeline of all lines without one of their own");
}

#[test]
fn a_dropped_line_ends_where_it_is_dropped() {
    let document = json("healthz");
    let entry = &document["entries"][0];
    assert_eq!(entry["line"], Value::Null);
    let last = entry["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["stage"], &last["dropped"]), (&"drop".into(), &true.into()));
    assert!(
        folder().mcpmon("logs test healthz").ends(0).out.contains("dropped     it is not stored")
    );
}

#[test]
fn a_service_has_its_own_pipeline_source_and_labels() {
    let document = json("--service search level=warn");
    assert_eq!(
        (&document["source"], &document["services"][0]),
        (&"services".into(), &"search".into())
    );
    let labels = &document["entries"][0]["labels"];
    for (label, value) in [
        ("job", "services"),
        ("service", "search"),
        ("group", "ai"),
        ("service_group", "ai"),
        ("container", "search-1"),
        ("level", "warn"),
    ] {
        assert_eq!(labels[label], value, "{label}");
    }
    let document = json("--service test --source files x");
    assert_eq!(document["entries"][0]["labels"]["tier"], "web");
    assert_eq!(document["services"], Value::Null);
    assert_eq!(json("--source syslog x")["entries"][0]["labels"]["job"], "syslog");
}

#[test]
fn what_cannot_be_tested_is_said() {
    let run = |arguments: &str| folder().mcpmon(&format!("logs test {arguments} x")).ends(2);
    run("--service serch").says("there is no service `serch`: did you mean `search`?");
    run("--service apart").says("no line of `apart` is collected");
    run("--source journal")
        .says("no lines come from `journal`: known here: stack, services, files, syslog");
}

#[test]
fn a_service_named_like_the_subcommand_can_be_shown() {
    use clap::Parser as _;
    use mcpmon::cli::{Cli, Command};
    let names = |line: &str| match Cli::try_parse_from(line.split(' ')).unwrap().command {
        Command::Logs(args) => (args.names, args.command.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(names("mcpmon logs test x"), (vec![], true));
    assert_eq!(names("mcpmon logs -- test"), (vec!["test".to_owned()], false));
    assert_eq!(names("mcpmon logs --follow test"), (vec!["test".to_owned()], false));
    assert_eq!(
        names("mcpmon logs search test"),
        (vec!["search".to_owned(), "test".to_owned()], false)
    );
    assert_eq!(names("mcpmon logs help"), (vec!["help".to_owned()], false));
}

#[test]
fn saved_queries_are_listed_with_the_teams_own() {
    let list = folder().mcpmon("query").ends(0).out;
    for line in ["request-rate", "logql   Error lines of all services", "mine", "What runs"] {
        assert!(list.contains(line), "{line} is not in\n{list}");
    }
    folder()
        .mcpmon("query mine --service search")
        .ends(2)
        .says("`--service` has no place in this query");
    folder().mcpmon("query eror-percentage").ends(2).says("did you mean `error-percentage`?");
    folder().mcpmon("query errors --service serch").ends(2).says("did you mean `search`?");
    folder().mcpmon("query errors --group cor").ends(2).says("there is no group `cor`");
}
