//! The rule packs and dialects: they compile, promtool accepts what comes of them, their tests pass,
//! and their tests notice when a rule is wrong.
// A test may stop at the first surprise, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/dashboards.rs"]
mod dashboards;
#[path = "rules/mutants.rs"]
mod mutants;
#[path = "rules/panels.rs"]
mod panels;
#[path = "rules/promtool.rs"]
mod promtool;
#[path = "rules/read.rs"]
mod read;
#[path = "rules/setting.rs"]
mod setting;

use mcpmon::assets::Assets;
use mcpmon::render::rules::{Override, Severity, TierOverride, Unit, runbooks_markdown};
use promtool::{Trial, failed, files, promtool};
use serde_json::{Value as Json, json};
use setting::Setting;

/// Checks and runs everything that settings compile to.
fn prove(settings: &[Setting]) {
    let compiled = settings.iter().map(|setting| setting.compile().unwrap());
    let files: Vec<_> = compiled.flat_map(|compiled| files(&compiled)).collect();
    promtool::prove(&files);
}

#[test]
fn everything_passes_its_own_tests() {
    prove(&Setting::each());
}

#[test]
fn tests_follow_an_override_of_every_threshold_and_every_for() {
    let mut settings = Setting::each();
    for setting in &mut settings {
        let pack = setting.packs[0].clone();
        for (name, facts) in &setting.catalog().packs[&pack].alerts {
            let other = |threshold: f64| match facts.unit {
                Some(Unit::Share) => threshold * 0.7,
                Some(Unit::Count) => threshold + 3.0,
                _ => threshold * 1.5,
            };
            let minutes = facts.r#for.strip_suffix('m').and_then(|m| m.parse::<u32>().ok());
            let r#for = minutes.map(|minutes| format!("{}m", minutes + 7));
            let tier = |&(severity, threshold): &(Severity, f64)| {
                let threshold = Some(other(threshold));
                (severity, TierOverride { threshold, r#for: r#for.clone() })
            };
            let change = Override {
                threshold: facts.threshold.map(other),
                tiers: facts.tiers.iter().map(tier).collect(),
                r#for: r#for.clone(),
                ..Override::default()
            };
            setting.overrides.insert(name.clone(), change);
        }
    }
    prove(&settings);
}

#[test]
fn the_tests_of_an_alert_notice_when_it_is_wrong() {
    let mutants = mutants::mutants(&Setting::everything());
    let trial = |mutant: &mutants::Mutant| Trial {
        files: vec![
            ("rule.yml".to_owned(), mutant.rule.to_string()),
            ("test.yml".to_owned(), mutant.tests.to_string()),
        ],
        test: "test.yml".to_owned(),
    };
    let trials: Vec<Trial> = mutants.iter().map(trial).collect();
    let killed = failed(&trials).into_iter().zip(&mutants);
    let survivors: Vec<&str> =
        killed.filter(|(killed, _)| !killed).map(|(_, mutant)| mutant.what.as_str()).collect();
    println!("{} mutants", mutants.len());
    assert!(survivors.is_empty(), "these wrong rules pass their tests:\n{}", survivors.join("\n"));
}

/// A dialect that counts in milliseconds and has nothing but what is required beside.
const OWN: &str = r#"description: mine
detect: [own_total]
roles:
  requests:
    - {counter: own_total, test: {series: {'own_total{code="200"}': 0+540x20}, value: 9}}
  errors:
    - counter: own_total
      where: code=~"5.."
      test:
        series: {'own_total{code="200"}': 0+540x20, 'own_total{code="500"}': 0+60x20}
        value: {rate: 1, share: 0.1}
  latency:
    - histogram: own_ms
      unit: ms
      test:
        series:
          'own_ms_bucket{le="200.0"}': 0+60x20
          'own_ms_bucket{le="400.0"}': 0+120x20
          'own_ms_bucket{le="+Inf"}': 0+120x20
        value: {p50: 0.2, p95: 0.38, p99: 0.396}
"#;

#[test]
fn a_dialect_of_ones_own_is_one_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("dialects")).unwrap();
    std::fs::write(dir.path().join("dialects/own.yaml"), OWN).unwrap();
    let mut setting = Setting::usual();
    setting.assets = Assets::with_own(dir.path().to_owned());
    setting.dialects = ["own".to_owned()].into();
    setting.packs.clear();
    prove(&[setting]);
}

#[test]
fn the_queries_of_the_runbooks_are_promql() {
    let page = runbooks_markdown(&Setting::everything(), "");
    let queries: Vec<&str> =
        page.split("```promql\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect();
    let rule = |(number, query)| json!({"record": format!("q{number}"), "expr": query});
    let rules: Vec<Json> = queries.iter().enumerate().map(rule).collect();
    let file = json!({"groups": [{"name": "queries", "rules": rules}]});
    let (ok, text) =
        promtool(&[("rule.yml".to_owned(), file.to_string())], &["check", "rules", "rule.yml"]);
    assert!(ok && text.contains(&format!("{} rules found", queries.len())), "{text}");
}
