//! The rule packs and dialects: they compile, promtool accepts what comes of them, their tests pass,
//! and their tests notice when a rule is wrong.

#[path = "rules/promtool.rs"]
mod promtool;
#[path = "rules/setting.rs"]
mod setting;

use mcpmon::render::rules::{Override, Unit};
use promtool::{files, promtool};
use setting::Setting;

/// Checks and runs everything that a setting compiles to.
fn prove(setting: &Setting) {
    let compiled = setting.compile().unwrap();
    let files = files(&compiled);
    let paths = |prefix: &str| -> Vec<String> {
        files
            .iter()
            .filter(|(path, _)| path.starts_with(prefix))
            .map(|(path, _)| path.clone())
            .collect()
    };
    let (rules, tests) = (paths("rules/"), paths("tests/"));
    let run = |command: &[&str], paths: &[String]| {
        let paths = paths.iter().map(String::as_str).collect::<Vec<_>>();
        let (ok, text) = promtool(&files, &[command, &paths].concat());
        assert!(ok, "{text}");
    };
    run(&["check", "rules", "--lint=all", "--lint-fatal"], &rules);
    run(&["test", "rules"], &tests);
}

#[test]
fn everything_passes_its_own_tests() {
    prove(&Setting::all());
}

#[test]
fn tests_follow_an_override_of_every_threshold_and_every_for() {
    let mut setting = Setting::all();
    for (name, facts) in setting.catalog().packs.values().flat_map(|pack| &pack.alerts) {
        let threshold = facts.threshold.map(|threshold| match facts.unit {
            Some(Unit::Share) => threshold * 0.7,
            Some(Unit::Count) => threshold + 3.0,
            _ => threshold * 1.5,
        });
        let minutes = facts.r#for.strip_suffix('m').and_then(|m| m.parse::<u32>().ok());
        let r#for = minutes.map(|minutes| format!("{}m", minutes + 7));
        let change = Override { threshold, r#for, ..Override::default() };
        setting.overrides.insert(name.clone(), change);
    }
    prove(&setting);
}
