//! `mcpmon route test` says what Alertmanager does: its answer is that of `amtool config routes test`
//! over the rendered file, in Docker. And it explains itself.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/amtool.rs"]
mod amtool;
#[path = "support/command.rs"]
mod command;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use command::Folder;
use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::render::{self, Bundle};
use mcpmon::stack::{self, Stack};
use mcpmon::{manifest, route};
use serde_json::Value as Json;

type Labels = BTreeMap<String, String>;

/// Category first and on, then severity: the routes of a team with many specialists.
const CATEGORIES: &str = r##"
  smtp: {host: "smtp.example.org:587", from: alerts@example.org}
  receivers:
    critical: {pagerduty: {routing_key: {env: SECRET}}, slack: {webhook_url: {env: SECRET}, channel: "#task-mcp-critical"}, email: {to: team@example.org}}
    warning: {slack: {webhook_url: {env: SECRET}, channel: "#task-mcp-alerts"}, email: {to: team@example.org}}
    info: {slack: {webhook_url: {env: SECRET}, channel: "#task-mcp-info"}}
    infrastructure-email: {email: {to: infrastructure@example.org}}
    security-email: {email: {to: security@example.org}}
    sre-email: {email: {to: sre@example.org}}
  routes:
    - {match: {category: [saturation, availability]}, to: [infrastructure-email], continue: true}
    - {match: {category: security}, to: [security-email], continue: true}
    - {match: {category: slo}, to: [sre-email], continue: true}
    - {match: {severity: critical}, to: [critical]}
    - {match: {severity: [high, warning]}, to: [warning]}
    - {match: {severity: info}, to: [info]}
"##;

/// Several receivers each, narrow routes, a default, and alerts that go on to it.
const NARROW: &str = r#"
  receivers:
    a: {webhook: {url: "http://a:1/"}}
    b: {webhook: {url: "http://b:1/"}}
    c: {webhook: {url: "http://c:1/"}}
  routes:
    - {match: {severity: critical, group: core}, to: [a, b, c], mute: [nights]}
    - {match: {group: [core, ai], service: terminal}, to: [b, c], continue: true, timing: {group_by: [service], group_wait: 1s}}
    - {match: {severity: [critical, high]}, to: [c]}
    - {match: {team: "it's \"quoted\" \\ (a|b).* {{ x }}"}, to: [a]}
    - {match: {team: ["a.b", "c|d", "é 東京"]}, to: [b]}
  default: a
  watchdog: b
  mute_times: {nights: {times: ["22:00-06:00"], weekdays: [monday-friday], location: Europe/Berlin}}
"#;

/// A route that takes everything, and one that asks for the absence of a label.
const EVERYTHING: &str = r#"
  receivers:
    a: {webhook: {url: "http://a:1/"}}
    b: {webhook: {url: "http://b:1/"}}
  routes:
    - {match: {service: ""}, to: [b], continue: true}
    - {match: {severity: info}, to: [b, a], continue: true}
    - {match: {}, to: [a]}
  default: b
"#;

/// No routes at all.
const DEFAULT: &str = r#"
  receivers: {a: {webhook: {url: "http://a:1/"}}}
  default: a
"#;

fn text(notifications: &str) -> String {
    format!(
        "name: acme\ncomponents: {{grafana: {{admin_password: {{env: SECRET}}}}}}\nservices:\n  terminal: {{mcp: \"http://terminal:7001/mcp\", metrics: \"http://terminal:7001/metrics\", dialect: fastapi, group: core}}\nnotifications:{notifications}"
    )
}

fn rendered(notifications: &str) -> (Stack, Bundle) {
    let catalog = Catalog::load(Assets::shipped()).unwrap();
    let document = manifest::load_text("mcpmon.yaml", &text(notifications), Path::new("")).unwrap();
    let resolved = stack::resolve(&document, &catalog).unwrap();
    let bundle = render::render(&resolved.stack, &catalog).unwrap();
    (resolved.stack, bundle)
}

/// Every combination of the values; an empty one leaves the label out.
fn label_sets() -> Vec<Labels> {
    let mut sets = vec![Labels::new()];
    for (label, values) in [
        ("severity", &["", "critical", "high", "warning", "info", "page"][..]),
        ("category", &["", "security", "slo", "saturation"]),
        ("group", &["", "core", "ai"]),
        ("service", &["", "terminal"]),
    ] {
        sets = sets
            .iter()
            .flat_map(|set| {
                values.iter().map(|value| {
                    let mut set = set.clone();
                    if !value.is_empty() {
                        set.insert(label.to_owned(), (*value).to_owned());
                    }
                    set
                })
            })
            .collect();
    }
    let odd =
        ["it's \"quoted\" \\ (a|b).* {{ x }}", "a.b", "axb", "c|d", "c", "é 東京", "line\nbreak"];
    for value in odd {
        sets.push([("team".to_owned(), value.to_owned())].into());
        sets.push(
            [("team".to_owned(), value.to_owned()), ("severity".to_owned(), "high".to_owned())]
                .into(),
        );
    }
    for severity in ["info", "critical"] {
        sets.push(
            [
                ("alertname".to_owned(), "Watchdog".to_owned()),
                ("severity".to_owned(), severity.to_owned()),
            ]
            .into(),
        );
    }
    sets
}

/// A label as amtool reads it.
fn argument(label: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    amtool::word(&format!("{label}=\"{value}\""))
}

#[test]
fn the_answer_is_that_of_amtool() {
    let sets = label_sets();
    let mut compared = 0;
    for notifications in [CATEGORIES, NARROW, EVERYTHING, DEFAULT] {
        let (stack, bundle) = rendered(notifications);
        let files: Vec<(String, String)> = bundle.components["alertmanager"]
            .iter()
            .map(|(path, file)| (path.clone(), file.text.clone()))
            .collect();
        let mut script = String::from("set -e\namtool check-config alertmanager.yml >/dev/null\n");
        for set in &sets {
            let arguments: Vec<String> = set.iter().map(|(l, v)| argument(l, v)).collect();
            let arguments = arguments.join(" ");
            script.extend([
                "amtool config routes test --config.file=alertmanager.yml ",
                &arguments,
                "\n",
            ]);
        }
        let (ok, out, err) = amtool::script(&files, &script);
        assert!(ok, "{out}{err}");
        let answers: Vec<&str> = out.lines().collect();
        assert_eq!(answers.len(), sets.len());
        for (set, answer) in sets.iter().zip(&answers) {
            let told = route::told(&stack.notifications.root, set);
            let told: Vec<&str> = told.iter().map(|told| told.route.receiver.as_str()).collect();
            assert_eq!(told.join(","), *answer, "{set:?} in{notifications}");
            compared += 1;
        }
        let different: BTreeSet<&str> = answers.into_iter().collect();
        assert!(different.len() > 1, "all answers are the same: nothing was compared");
    }
    assert!(compared >= 600, "only {compared}");
}

fn folder(notifications: &str) -> Folder {
    Folder::new().file("mcpmon.yaml", &text(notifications))
}

fn json(folder: &Folder, arguments: &str) -> Json {
    let out = folder.mcpmon(&format!("route test --output json {arguments}")).ends(0).out;
    serde_json::from_str(&out).unwrap()
}

#[test]
fn an_alert_brings_the_labels_of_its_rule() {
    let folder = folder(NARROW);
    let answer =
        folder.mcpmon("route test --alert ServiceDown service=terminal --at 2026-11-23T12:00");
    assert_eq!(
        answer.ends(0).out,
        r#"labels
  alertname  ServiceDown   from its rule
  category   availability  from its rule
  group      core          from the service
  service    terminal
  severity   critical      from its rule
  stack      acme          from Prometheus
routes
  no   watchdog  alertname is "ServiceDown", not "Watchdog"  (mcpmon.yaml:17:13)
  yes  route 1   severity is "critical", group is "core" → a, b, c  (mcpmon.yaml:11:7)
  -    route 2   route 1 took it  (mcpmon.yaml:12:7)
  -    route 3   route 1 took it  (mcpmon.yaml:13:7)
  -    route 4   route 1 took it  (mcpmon.yaml:14:7)
  -    route 5   route 1 took it  (mcpmon.yaml:15:7)
  -    default   route 1 took it  (mcpmon.yaml:16:12)
told at 2026-11-23T12:00:00Z
  a by route 1: webhook http://a:1/
    together with alertname="ServiceDown", group="core"; first after 10s, news after 1m, again after 1h
  b by route 1: webhook http://b:1/
    together with alertname="ServiceDown", group="core"; first after 10s, news after 1m, again after 1h
  c by route 1: webhook http://c:1/
    together with alertname="ServiceDown", group="core"; first after 10s, news after 1m, again after 1h
muted while one of these fires
  {alertname="McpNotAnswering", service="terminal"}: a server that does not answer as one is down
"#
    );
}

#[test]
fn mute_times_are_those_of_the_moment() {
    let folder = folder(NARROW);
    // A night from Friday to Saturday belongs to Friday; Sunday's is none.
    for (at, muted) in [
        ("2026-11-23T20:59:59Z", false),
        ("2026-11-23T21:00:00Z", true),
        ("2026-11-24T04:59:00Z", true),
        ("2026-11-24T05:00:00Z", false),
        ("2026-11-28T02:00:00Z", true),
        ("2026-11-28T22:00:00Z", false),
        ("2026-11-23T02:00:00Z", false),
    ] {
        let answer = json(&folder, &format!("severity=critical group=core --at {at}"));
        let said = answer["told"][0]["muted"].as_str();
        assert_eq!(said, muted.then_some("it is `nights`"), "{at}");
    }
}

#[test]
fn what_would_mute_an_alert_is_named() {
    let folder = folder(DEFAULT);
    let answer = json(&folder, "--alert HighLatency service=terminal");
    let because: Vec<&str> = answer["inhibited_by"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["because"].as_str().unwrap())
        .collect();
    assert_eq!(
        because,
        [
            "a service that is down has no other trouble",
            "critical is told already about the same alert",
            "high is told already about the same alert",
            "critical is told already about this side of the service",
            "high is told already about this side of the service",
        ]
    );
    let first = &answer["inhibited_by"][0]["alert"];
    assert_eq!(
        first.to_string(),
        r#"["alertname=\"McpNotAnswering|ServiceDown|ServerDown\"","service=\"terminal\""]"#
    );
    // Of two that tell of a dead server one is heard, and nothing mutes that one.
    let down = json(&folder, "--alert ServiceDown service=terminal");
    assert_eq!(down["inhibited_by"].as_array().unwrap().len(), 1);
    let cause = json(&folder, "--alert McpNotAnswering service=terminal");
    assert_eq!(cause["inhibited_by"].as_array().unwrap().len(), 0);
    let slow = json(&folder, "burn_tier=slow service=terminal slo=x");
    assert_eq!(slow["inhibited_by"].as_array().unwrap().len(), 3, "{slow}");
}

#[test]
fn slips_get_a_hint_and_secrets_are_not_shown() {
    let folder = folder(CATEGORIES);
    let answer = folder
        .mcpmon("route test severity=critcal servce=terminal category=securty group=cor")
        .ends(0)
        .says("there is no severity `critcal`: did you mean `critical`?")
        .says("no alert has the label `servce`: did you mean `service`?")
        .says("there is no category `securty`: did you mean `security`?")
        .says("there is no group `cor`: did you mean `core`?");
    assert!(!answer.out.contains("8CbYkqNtWp4s"));
    let quiet = folder.mcpmon("route test severity=critical service=terminal team=x").ends(0);
    assert_eq!(quiet.err, "");
    folder.mcpmon("route test --alert ServiceDwn").ends(2).says("did you mean `ServiceDown`?");
    folder
        .mcpmon("route test severity")
        .ends(2)
        .says("a label is written like `severity=critical`");
    folder.mcpmon("route test --at noon").ends(2).says("2027-01-31T23:30");
}

#[test]
fn who_is_told_twice_and_who_is_not_told_is_said() {
    let folder = folder(EVERYTHING);
    folder.mcpmon("route test severity=info").ends(0).says("`b` is told more than once");
    let nobody = Folder::new().file(
        "mcpmon.yaml",
        &text("\n  receivers: {a: {webhook: {url: \"http://a:1/\"}}}\n  routes: [{match: {severity: [critical, high, warning]}, to: [a]}]\n"),
    );
    let answer = nobody.mcpmon("route test severity=info").ends(0);
    assert!(answer.out.contains("\n  nobody\n"), "{}", answer.out);
    assert!(answer.out.contains("default   no route took it → nobody"), "{}", answer.out);
}

#[test]
fn critical_alerts_are_told_quickly_whatever_the_others_wait() {
    for (timing, expected) in [
        ("", ["10s", "1m", "1h"]),
        ("\n  timing: {group_wait: 1s, repeat_interval: 30m}", ["1s", "1m", "30m"]),
        (
            "\n  timing: {group_wait: 1m, group_interval: 1m, repeat_interval: 12h}",
            ["10s", "1m", "1h"],
        ),
    ] {
        let folder = folder(&format!("{timing}{DEFAULT}"));
        let told = &json(&folder, "severity=critical")["told"][0];
        let found = ["group_wait", "group_interval", "repeat_interval"]
            .map(|key| told[key].as_str().unwrap());
        assert_eq!(found, expected, "{timing}");
    }
    let own = folder(
        "\n  receivers: {a: {webhook: {url: \"http://a:1/\"}}}\n  routes: [{match: {severity: critical}, to: [a], timing: {repeat_interval: 8h}}]\n  default: a\n",
    );
    assert_eq!(json(&own, "severity=critical")["told"][0]["repeat_interval"], "8h");
}

#[test]
fn rules_that_mute_name_alerts_that_there_are() {
    let catalog = mcpmon::render::rules::catalog(&Assets::shipped()).unwrap();
    let known: BTreeSet<&str> = catalog.names().collect();
    let (stack, _) = rendered(DEFAULT);
    let mut seen = 0;
    for rule in &stack.notifications.inhibit {
        for matcher in rule.source.iter().chain(&rule.target).filter(|m| m.label == "alertname") {
            for name in &matcher.values {
                assert!(known.contains(name.as_str()), "inhibit.yaml: there is no alert {name}");
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen}");
}
