//! The Ruby that Fluentd and Logstash run over lines: it does what `mcpmon logs test` says.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use mcpmon::stack::logs::evaluate::Evaluator;
use serde_json::{Value as Json, json};

use crate::{MANIFEST, rendered};

const LOGS: &str = r"
logs:
  parse: json
  labels: [tenant]
  timestamp: {field: time, format: rfc3339}
  drop: ['GET /health$', '^\s*$']
  redact: {patterns: {order: '(?i)\border[-_](\d{4,})'}}
";

const LINES: [&str; 22] = [
    "plain",
    "",
    "   ",
    "GET /health",
    "GET /healthy",
    r#"{"level":"INFO","tenant":"a","time":"2026-01-02T03:04:05.123456Z","message":"hi"}"#,
    r#"{"level":"warn","time":"2026-01-02T03:04:05+02:00","password":"hunter22","n":1}"#,
    r#"{"level":"INFO","message":"Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789"}"#,
    r#"{"broken": "#,
    "mail to someone@example.org about it",
    "order_12345 and ORDER-9 and order-778899",
    "https://user:secretpassword@example.org/x?a=b",
    "token=abcdef0123456789abcdef0123456789",
    "api_key: \"sk-0123456789abcdefghijABCDEFGHIJ\" end",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
    "-----BEGIN RSA PRIVATE KEY-----",
    "äöü password=größe🙂x und mehr",
    "PASSWORD='a b c', secret = \"q w\"; x",
    "{\"level\":5,\"tenant\":null,\"time\":\"nonsense\"}",
    "a\tb\u{0}c password=\u{1}x",
];

/// Answers of a program to records; `None` where the line is left out.
fn run(program: &str, tree: &BTreeMap<String, String>, records: &Json) -> Vec<Option<Json>> {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in tree {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/elk/run.rb");
    let mut ruby = Command::new("ruby")
        .args([script, program, dir.path().to_str().unwrap()])
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ruby runs: install Ruby 3");
    ruby.stdin.take().unwrap().write_all(records.to_string().as_bytes()).unwrap();
    let output = ruby.wait_with_output().unwrap();
    assert!(output.status.success(), "ruby failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn fluentd_and_logstash_do_what_logs_test_says() {
    let (stack, tree) = rendered(&format!("{MANIFEST}{LOGS}"));
    let source = stack.logs.sources.iter().find(|source| source.name == "services").unwrap();
    let pipeline = source.pipelines.last().unwrap();
    let evaluator = Evaluator::new(pipeline).unwrap();
    let records: Vec<Json> = LINES
        .iter()
        .map(|line| json!({"log": format!("{line}\n"), "source": "stdout", "container_name": "/mcp-server"}))
        .collect();
    let fluentd = run("fluentd", &tree, &json!(records));
    let events: Vec<Json> = LINES.iter().map(|line| json!({"message": line})).collect();
    let logstash = run("logstash", &tree, &json!(events));
    let mut changed = 0;
    for ((line, fluentd), logstash) in LINES.iter().zip(fluentd).zip(logstash) {
        let trace = evaluator.run(std::iter::once(*line), &BTreeMap::new()).pop();
        let expected = trace.as_ref().and_then(|trace| trace.line.clone());
        for (program, answer) in [("fluentd", &fluentd), ("logstash", &logstash)] {
            let said = answer.as_ref().and_then(|answer| answer["message"].as_str());
            assert_eq!(said, expected.as_deref(), "{program}: {line:?}");
            let Some(answer) = answer else { continue };
            for label in ["level", "tenant"] {
                let wanted = trace.as_ref().and_then(|trace| trace.labels.get(label)).cloned();
                let has = answer.get(label).and_then(Json::as_str).map(str::to_owned);
                assert_eq!(
                    has.unwrap_or_default(),
                    wanted.unwrap_or_default(),
                    "{program}: {line:?}: {label}"
                );
            }
            if let Some(wanted) = trace.as_ref().and_then(|trace| trace.timestamp.as_ref()) {
                let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
                let has = answer["@timestamp"].as_str().unwrap();
                assert_eq!(at(has), at(wanted), "{program}: {line:?}");
            }
        }
        changed += usize::from(expected.as_deref() != Some(*line));
    }
    assert!(changed >= 10, "the lines hold something to redact and to drop: {changed}");
}

/// A record may be JSON already, and hold secrets wherever it likes.
#[test]
fn every_value_of_an_event_is_redacted() {
    let (_, tree) = rendered(MANIFEST);
    let secret = "Bearer abcdefghijklmnopqrstuvwxyz0123456789";
    let event = json!({"message": "ok", "a": {"b": [{"c": secret}]}, "n": 5});
    let answer = run("logstash", &tree, &json!([event])).remove(0).unwrap();
    assert!(!answer.to_string().contains("abcdefghijklmnop"), "{answer}");
    assert_eq!(answer["n"], 5);
}

#[test]
fn lines_are_named_after_their_container() {
    let (_, tree) = rendered(MANIFEST);
    let records = json!([
        {"log": "a", "source": "stderr", "container_name": "/mcp-server"},
        {"log": "b", "source": "stdout", "container_name": "/acme-grafana", "dev.mcpmon.component": "grafana"},
    ]);
    let answers = run("fluentd", &tree, &records);
    let first = answers[0].as_ref().unwrap();
    assert_eq!(first["service"], "mcp-server");
    assert_eq!(first["group"], "core");
    assert_eq!(first["container"], "mcp-server");
    assert_eq!(first["stack"], "acme");
    assert_eq!(first["stream"], "stderr");
    assert_eq!(answers[1].as_ref().unwrap()["component"], "grafana");
}
