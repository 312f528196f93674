//! What the rule compiler promises about its output, its messages and its documentation. Needs no engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "rules/read.rs"]
mod read;
#[path = "rules/setting.rs"]
mod setting;

use std::fmt::Write as _;

use mcpmon::assets::Assets;
use mcpmon::render::rules::{Compiled, Override, Severity, TierOverride, runbooks_markdown};
use read::Read;
use serde_json::Value as Json;
use setting::Setting;

/// A setting whose only pack is `text`.
fn own(text: &str) -> (tempfile::TempDir, Setting) {
    let dir = tempfile::tempdir().unwrap();
    let packs = dir.path().join("prometheus/rules");
    std::fs::create_dir_all(&packs).unwrap();
    std::fs::write(packs.join("own.yaml"), text).unwrap();
    let mut setting = Setting::usual();
    setting.assets = Assets::with_own(dir.path().to_owned());
    setting.packs = vec!["own".to_owned()];
    (dir, setting)
}

const ALERT: &str = r#"description: mine
alerts:
  Mine:
    expr: up < << threshold >>
    threshold: 0.5
    unit: share
    severity: warning
    category: errors
    summary: "{{ $labels.service }} is odd"
    description: It is.
    runbook: {means: a, impact: b, look: [run: mcpmon status], act: [c], tune: d}
    test:
      - {about: low, series: {up: 0x9 1x9}, fires: [{}], from: 0s, resolves: 10m}
      - {about: high, series: {up: 1x9}}
"#;

fn complaint(setting: &Setting) -> String {
    format!("{:#}", setting.compile().unwrap_err())
}

#[test]
fn a_pack_of_ones_own_compiles() {
    let (_dir, setting) = own(ALERT);
    let compiled = setting.compile().unwrap();
    let alert = compiled.alerts.first().unwrap();
    assert_eq!((alert.name.as_str(), alert.summary.as_str()), ("Mine", "SERVICE is odd"));
    let read = Read::of(&compiled);
    let rule = &read.files.last().unwrap().content["groups"][0]["rules"][0];
    assert_eq!(rule["expr"], "up < 0.5");
    assert_eq!(rule["labels"], serde_json::json!({"severity": "warning", "category": "errors"}));
    assert_eq!(rule["annotations"]["runbook_url"], "https://runbooks.example/mine");
}

#[test]
fn a_pack_of_ones_own_stands_in_for_the_one_that_ships_though_that_was_read_before() {
    let names = |compiled: Compiled| -> Vec<String> {
        compiled.alerts.into_iter().map(|alert| alert.name).collect()
    };
    let mut shipped = Setting::usual();
    shipped.packs = vec!["host".to_owned()];
    assert!(!names(shipped.compile().unwrap()).contains(&"Mine".to_owned()));
    let (dir, mut setting) = own(ALERT);
    let packs = dir.path().join("prometheus/rules");
    std::fs::rename(packs.join("own.yaml"), packs.join("host.yaml")).unwrap();
    setting.packs = vec!["host".to_owned()];
    assert_eq!(names(setting.compile().unwrap()), ["Mine"]);
}

#[test]
fn an_alert_is_not_whole_without_runbook_and_tests() {
    let page =
        "    runbook: {means: a, impact: b, look: [run: mcpmon status], act: [c], tune: d}\n";
    let (head, tests) = ALERT.split_once("    test:\n").unwrap();
    let low = tests.lines().next().unwrap();
    let high = tests.lines().nth(1).unwrap();
    for (text, message) in [
        (ALERT.replace(page, ""), "prometheus/rules/own.yaml:3:3: `runbook` is missing"),
        (head.to_owned(), "prometheus/rules/own.yaml:3:3: `test` is missing"),
        (
            format!("{head}    test: []\n"),
            "prometheus/rules/own.yaml: `Mine`: no test shows that it fires",
        ),
        (
            format!("{head}    test:\n{high}\n"),
            "prometheus/rules/own.yaml: `Mine`: no test shows that it fires",
        ),
        (
            format!("{head}    test:\n{low}\n"),
            "prometheus/rules/own.yaml: `Mine`: no test shows that it stays quiet",
        ),
        (
            ALERT.replace(", resolves: 10m", ""),
            "prometheus/rules/own.yaml: `Mine`: no test shows that it ends",
        ),
        (
            ALERT.replace(
                "severity: warning",
                "severity: warning\n    tiers: {critical: {threshold: 0.5}}",
            ),
            "prometheus/rules/own.yaml: `Mine`: `tiers` need thresholds that rise or fall with the severity",
        ),
        (
            ALERT.replace(
                "severity: warning",
                "severity: warning\n    tiers: {warning: {threshold: 0.2}}",
            ),
            "prometheus/rules/own.yaml: `Mine`: `tiers` need thresholds that rise or fall with the severity",
        ),
        (
            ALERT.replace("tune: d", "tune: \"\""),
            "prometheus/rules/own.yaml: `Mine`: its runbook has an empty section",
        ),
        (ALERT.replace("impact: b, ", ""), "prometheus/rules/own.yaml:11:5: `impact` is missing"),
        (
            ALERT.replace("    unit: share\n", ""),
            "prometheus/rules/own.yaml: `Mine`: `threshold` and `unit` go together",
        ),
        (
            ALERT.replace("severity: warning", "severity: warn"),
            "prometheus/rules/own.yaml:7:15: unknown value `warn` (did you mean `warning`?)",
        ),
        (
            ALERT.replace("<< threshold >>", "<< treshold >>"),
            "the alert `Mine`: cannot render `up < << treshold >>`: undefined value: `treshold` is undefined (in <string>:1)",
        ),
    ] {
        let (dir, setting) = own(&text);
        let said = complaint(&setting).replace(&format!("{}/", dir.path().display()), "");
        assert_eq!(said, message, "{text}");
    }
}

#[test]
fn a_wrong_name_or_override_is_named() {
    let mut setting = Setting::usual();
    setting.packs = vec!["service".to_owned()];
    assert_eq!(complaint(&setting), "there is no rule pack `service` (did you mean `services`?)");
    let mut setting = Setting::usual();
    setting.dialects = ["otel-htp".to_owned()].into();
    assert_eq!(complaint(&setting), "there is no dialect `otel-htp` (did you mean `otel-http`?)");
    for (alert, change, message) in [
        (
            "HighErrorRate",
            Override { threshold: Some(5.0), ..Override::default() },
            "the alert `HighErrorRate`: its threshold is a share from 0 to 1: 0.05 means 5 %, 5 can never be reached",
        ),
        (
            "HighLatency",
            Override { threshold: Some(-1.0), ..Override::default() },
            "the alert `HighLatency`: its threshold must be 0 or more, not -1",
        ),
        (
            "ServiceDown",
            Override { threshold: Some(1.0), ..Override::default() },
            "the alert `ServiceDown`: it has no threshold to change",
        ),
        (
            "ServiceDown",
            Override { r#for: Some("5".to_owned()), ..Override::default() },
            "the alert `ServiceDown`: `for`: `5` is no duration in whole seconds, such as 90s, 5m or 1h30m",
        ),
    ] {
        let mut setting = Setting::usual();
        setting.overrides.insert(alert.to_owned(), change);
        assert_eq!(complaint(&setting), message);
    }
}

#[test]
fn overrides_and_components_decide_what_is_in_effect() {
    let mut setting = Setting::usual();
    setting.disable.insert("ServiceSilent".to_owned());
    setting.components.remove("loki");
    let change = Override {
        threshold: Some(0.02),
        r#for: Some("10m".to_owned()),
        severity: Some(Severity::Critical),
        ..Override::default()
    };
    setting.overrides.insert("HighErrorRate".to_owned(), change);
    let off = Override { enabled: Some(false), ..Override::default() };
    setting.overrides.insert("HostRebooted".to_owned(), off);
    let compiled = setting.compile().unwrap();
    let names: Vec<&str> = compiled.alerts.iter().map(|alert| alert.name.as_str()).collect();
    for gone in [
        "ServiceSilent",
        "HostRebooted",
        "LokiRequestErrors",
        "NoLogsArriving",
        "PromtailDroppingLogs",
    ] {
        assert!(!names.contains(&gone), "{gone}");
    }
    let alert = compiled.alerts.iter().find(|alert| alert.name == "HighErrorRate").unwrap();
    assert_eq!((alert.severity, alert.r#for.as_str()), (Severity::Critical, "10m"));
    let text: String =
        Read::of(&compiled).files.iter().map(|file| file.content.to_string()).collect();
    assert!(text.contains("mcp:errors:ratio5m > 0.02 and"));
    assert_eq!(compiled, setting.compile().unwrap(), "the same input gives the same output");
}

#[test]
fn an_alert_of_two_packs_is_left_out_of_one_of_them() {
    let mut setting = Setting::usual();
    setting.packs = ["task-http", "customer-success"].map(str::to_owned).to_vec();
    assert_eq!(complaint(&setting), "two rule packs have an alert `HealthCheckFailing`");
    for alert in ["HighMemoryUsage", "HighCPUUsage"] {
        setting.disable.insert(format!("task-http/{alert}"));
    }
    setting.disable.insert("HealthCheckFailing".to_owned());
    let compiled = setting.compile().unwrap();
    let packs = |name: &str| -> Vec<&str> {
        let alerts = compiled.alerts.iter().filter(|alert| alert.name == name);
        alerts.map(|alert| alert.pack.as_str()).collect()
    };
    assert_eq!(packs("HighMemoryUsage"), ["customer-success"]);
    assert!(packs("HealthCheckFailing").is_empty(), "a name alone means it in every pack");
}

#[test]
fn a_tier_is_the_same_alert_at_another_severity() {
    let mut setting = Setting::usual();
    setting.packs = vec!["task-http".to_owned()];
    let tier = TierOverride { threshold: Some(0.97), r#for: Some("3m".to_owned()) };
    let change = |threshold| Override {
        threshold: Some(threshold),
        tiers: [(Severity::Critical, tier.clone())].into(),
        ..Override::default()
    };
    setting.overrides.insert("task-http/HighMemoryUsage".to_owned(), change(0.8));
    let compiled = setting.compile().unwrap();
    let read = Read::of(&compiled);
    let rules = read.files.iter().find(|file| file.path == "rules/task-http.yml").unwrap();
    let rules: Vec<_> = rules.content["groups"][0]["rules"].as_array().unwrap().iter().collect();
    let rules: Vec<_> = rules.iter().filter(|rule| rule["alert"] == "HighMemoryUsage").collect();
    let said = |key: &str| -> Vec<&str> {
        rules.iter().map(|r| r["labels"][key].as_str().or(r[key].as_str()).unwrap()).collect()
    };
    assert_eq!((said("severity"), said("for")), (vec!["warning", "critical"], vec!["10m", "3m"]));
    assert!(said("expr")[0].ends_with("> 0.8") && said("expr")[1].ends_with("> 0.97"));
    assert_eq!(compiled.alerts.iter().filter(|alert| alert.name == "HighMemoryUsage").count(), 1);
    setting.overrides.insert("task-http/HighMemoryUsage".to_owned(), change(0.99));
    assert!(complaint(&setting).contains("not warning 0.99, critical 0.97"));
}

#[test]
fn every_alert_says_what_a_reader_needs() {
    let compiled = Read::of(&Setting::everything());
    for file in compiled.files.iter().filter(|file| !file.path.contains("dialect-")) {
        for rule in file.content["groups"][0]["rules"].as_array().unwrap() {
            let name = &rule["alert"];
            assert!(rule["expr"].is_string() && rule["labels"]["category"].is_string(), "{name}");
            let text = |key: &str| rule["annotations"][key].as_str().unwrap_or_default();
            assert!(
                !text("summary").ends_with('.') && text("description").ends_with('.'),
                "{name}"
            );
            assert!(
                !text("summary").contains("$value"),
                "{name}: a summary with a value changes all the time"
            );
            assert!(
                text("runbook_url").ends_with(&name.as_str().unwrap().to_lowercase()),
                "{name}"
            );
        }
    }
}

#[test]
fn the_runbooks_have_a_contents_and_an_anchor_for_each_alert() {
    let compiled = Setting::everything();
    let page = runbooks_markdown(&compiled, "");
    for alert in &compiled.alerts {
        assert!(
            page.contains(&format!("| [{0}](#{1}) |", alert.name, alert.name.to_lowercase())),
            "{}",
            alert.name
        );
        assert!(page.contains(&format!("\n## {}\n", alert.name)), "{}", alert.name);
    }
    assert!(!page.contains("<<"), "a text was not rendered");
}

/// The generated part of `docs/rules.md`. With `MCPMON_BLESS=1` the file is rewritten.
#[test]
fn the_documentation_lists_what_there_is() {
    let mut table = String::new();
    for (pack, facts) in &Setting::usual().catalog().packs {
        let _ = write!(table, "\n### `{pack}`\n{}.\n\n", facts.description);
        table.push_str("| alert | severity | category | for | threshold | needs | what it says |\n|---|---|---|---|---|---|---|\n");
        for (name, alert) in &facts.alerts {
            let unit = alert.unit.map(|unit| serde_json::to_value(unit).unwrap());
            let unit = unit.as_ref().and_then(Json::as_str).unwrap_or_default().replace('_', " ");
            let tiers = &alert.tiers;
            let severities = [alert.severity].into_iter().chain(tiers.iter().map(|tier| tier.0));
            let severities: Vec<_> = severities.map(Severity::as_str).collect();
            let thresholds = alert.threshold.into_iter().chain(tiers.iter().map(|tier| tier.1));
            let thresholds: Vec<_> = thresholds.map(|t| t.to_string()).collect();
            let threshold = match thresholds.join(", ") {
                none if none.is_empty() => none,
                some => format!("{some} ({unit})"),
            };
            let _ = writeln!(
                table,
                "| `{name}` | {} | {} | {} | {threshold} | {} | {} |",
                severities.join(", "),
                alert.category,
                alert.r#for,
                alert.requires.join(", "),
                alert.summary,
            );
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, rest) = page.split_once("<!-- alerts -->\n").unwrap();
    let (found, tail) = rest.split_once("<!-- /alerts -->\n").unwrap();
    if std::env::var_os("MCPMON_BLESS").is_some() {
        std::fs::write(path, format!("{head}<!-- alerts -->\n{table}<!-- /alerts -->\n{tail}"))
            .unwrap();
        return;
    }
    assert_eq!(found, table, "write it anew with MCPMON_BLESS=1");
}

/// What the stacks ask for, as `docs/rules.md` says, is there under that name.
#[test]
fn the_alerts_of_the_stacks_are_there() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once("<!-- stacks -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /stacks -->").unwrap();
    let catalog = Setting::usual().catalog();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(2)
        .map(|line| line.split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    for row in &rows {
        let [_, profile, asked, alert, pack, ..] = row.as_slice() else { panic!("{row:?}") };
        assert!(catalog.packs[*pack].alerts.contains_key(*alert), "{profile}: {asked}: {alert}");
    }
    let of = |profile: &str| rows.iter().filter(|row| row[1] == profile).count();
    assert_eq!((of("customer-success"), of("elk"), rows.len() > 50), (15, 5, true));
}
