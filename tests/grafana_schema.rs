//! Every rendered dashboard against Grafana's own types (npm `@grafana/schema`). It needs npm, and
//! fails without it: a check that is skipped proves nothing.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::expect_used)]

#[path = "support/dashboards.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use mcpmon::assets::Assets;
use serde_json::{Value, json};

/// npm must not install into the same folder twice at once.
static INSTALL: Mutex<()> = Mutex::new(());

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grafana-schema")
}

fn npm(arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("npm");
    let output = command.args(arguments).current_dir(folder()).output();
    let output = output.expect("npm runs: install Node.js 20 or later");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn install() {
    let _one = INSTALL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !folder().join("node_modules/@grafana/schema").is_dir() {
        let (ok, text) = npm(&["ci", "--no-audit", "--no-fund"]);
        assert!(ok, "npm ci failed: {text}");
    }
}

/// Whether the dashboards fit, and what is said about it.
fn check(dashboards: &[(String, Value)]) -> (bool, String) {
    install();
    let dir = tempfile::tempdir().expect("a folder");
    for (name, json) in dashboards {
        std::fs::write(dir.path().join(format!("{name}.json")), json.to_string()).expect("a file");
    }
    npm(&["run", "--silent", "check", "--", dir.path().to_str().expect("a path")])
}

fn every_panel() -> Value {
    let dir = tempfile::tempdir().expect("a folder");
    let own = dir.path().join("grafana/dashboards");
    std::fs::create_dir_all(&own).expect("a folder");
    std::fs::copy(folder().join("every-panel.yaml"), own.join("every-panel.yaml")).expect("a copy");
    let assets = Assets::with_own(dir.path().to_owned());
    support::compile(&assets, "every-panel", &[]).expect("it compiles")
}

#[test]
fn every_dashboard_fits_grafanas_types() {
    let mut dashboards = support::all();
    dashboards.push(("every-panel".to_owned(), every_panel()));
    let count = dashboards.len();
    let (ok, text) = check(&dashboards);
    assert!(ok && text.contains(&format!("{count} dashboards fit")), "{text}");
}

#[test]
fn what_does_not_fit_is_found() {
    let good = every_panel();
    let panels = good["panels"].as_array().expect("panels");
    let index = |kind: &str| panels.iter().position(|p| p["type"] == kind).expect("the panel");
    let mut bad = Vec::new();
    let mut expected = Vec::new();
    for (at, value, said) in [
        (
            format!("/panels/{}/options/colorMode", index("stat")),
            json!("colourful"),
            "\"colourful\"",
        ),
        (format!("/panels/{}/options/showHeader", index("table")), json!("yes"), "\"yes\""),
        (format!("/panels/{}/options/displayMode", index("bargauge")), json!(1), "'number'"),
        (format!("/panels/{}/type", index("stat")), json!("singlestat"), "\"singlestat\""),
        (format!("/panels/{}/targets/0/instant", index("stat")), json!(1), "'boolean'"),
        ("/schemaVersion".to_owned(), json!("39"), "'string'"),
        ("/templating/list/0/refresh".to_owned(), json!(7), "'7'"),
        ("/panels/1/options".to_owned(), json!({ "colourMode": "value" }), "colourMode"),
    ] {
        let mut dashboard = good.clone();
        *dashboard.pointer_mut(&at).expect("the place") = value;
        let name = format!("bad{}", bad.len());
        expected.push((format!("{name}.ts: "), said, at));
        bad.push((name, dashboard));
    }
    let (ok, text) = check(&bad);
    assert!(!ok);
    for (file, said, at) in expected {
        let found = text.split(&file).skip(1).any(|rest| rest.contains(said));
        assert!(found, "{at} was not found: {text}");
    }
}
