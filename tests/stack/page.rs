//! The fleet page of a real stack in a real browser (npm `playwright-core` and `axe-core`, and Chromium).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{TestStack, docker, eventually};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page")
}

fn npm(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("npm").args(arguments).current_dir(folder()).output();
    let output = output.expect("npm runs: install Node.js 20 or later");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &said)
}

/// What the browser saw; nothing is wrong with it.
fn looked_at(url: &str) -> Value {
    let (ok, said) = npm(&["run", "--silent", "check", "--", url]);
    assert!(ok, "{said}");
    let json = said.rsplit_once('}').map_or(said.as_str(), |(json, _)| json);
    serde_json::from_str(&format!("{json}}}")).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[test]
fn people_see_who_answers_and_who_does_not() {
    if !folder().join("node_modules/playwright-core").is_dir() {
        let (ok, said) = npm(&["ci", "--no-audit", "--no-fund"]);
        assert!(ok, "npm ci failed: {said}");
    }
    let stack = TestStack::new("page");
    stack.manifest("defaults: {probe: {interval: 5s, timeout: 4s}}\n");
    stack.mcpmon(&["up"]).expect(0);
    let url = format!("http://127.0.0.1:{}/", stack.ports.agent);
    let page = || stack.text(stack.ports.agent, "/");
    eventually("all three answer", 60, || page().matches("</span> answering").count() == 3);

    let seen = looked_at(&url);
    assert_eq!(seen["views"], 6, "{seen}");
    assert_eq!(seen["title"], format!("{} MCP fleet", stack.name));
    let rows: Vec<&str> =
        seen["rows"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    for (row, name) in rows.iter().zip(["search", "translate", "weather"]) {
        assert!(row.contains(&format!("answering {name} http://{name}:8080/mcp {name}")), "{row}");
        assert!(row.contains("2026-07-28 modern, Streamable HTTP"), "{row}");
    }
    // Each leads to its dashboard.
    let board = format!(
        "http://127.0.0.1:{}/d/mcpmon-mcp-service?var-service=weather",
        stack.ports.grafana
    );
    assert!(page().replace("&#x2f;", "/").contains(&board), "{}", page());

    docker(&["stop", "-t", "1", &stack.container("weather")]);
    eventually("the one that is gone is seen", 60, || page().contains("</span> failing"));
    let seen = looked_at(&url);
    assert!(seen["rows"][0].as_str().unwrap().contains("failing"), "{seen}");
    assert!(seen["rows"][0].as_str().unwrap().contains("weather"), "{seen}");
    assert_eq!(seen["title"], format!("1 failing – {} MCP fleet", stack.name));
}
