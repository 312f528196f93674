//! `mcpmon audit`: each finding has a manifest that has it, at its line, and one that has not; the
//! table in docs/security.md is that of the code.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use command::Folder;
use mcpmon::audit::{RULES, Severity};
use serde_json::Value as Json;

/// A manifest that has every finding but those of time, line by line.
const BAD: &str = r#"name: acme
components:
  grafana:
    admin_password: {file: secrets/default}
    anonymous: true
    address: 0.0.0.0
    env: {GF_USERS_ALLOW_SIGN_UP: "true", API_TOKEN: x}
  prometheus:
    address: 192.0.2.7
    version: latest
    args: [--web.enable-admin-api]
    retention: 30d
    remote_write: [{url: "http://store.example.org/write"}]
services:
  near: {mcp: "http://near:7001/mcp"}
  far:
    group: core
    mcp: http://far.example.org/mcp
    metrics: {url: "http://far.example.org/metrics", auth: {bearer: {env: MISSING}}, tls: {insecure_skip_verify: true}}
    dialect: fastapi
  own:
    group: core
    mcp: http://own:8080/mcp
    run:
      image: acme/own:1
      writable: true
notifications:
  smtp:
    host: smtp.example.org:25
    from: a@example.org
    require_tls: false
  receivers:
    mail: {email: {to: ops@example.org}}
    hook: {webhook: {url: "http://hook.example.org/", token: {file: secrets/short-password}}}
    open: {webhook: {url: "https://open.example.org/"}}
  routes:
    - {match: {severity: critical}, to: [mail], mute: [nights]}
    - {match: {severity: [high, warning]}, to: [mail, hook, open]}
  mute_times: {nights: {times: ["22:00-06:00"]}}
audit:
  accept:
    - {id: docker-socket, of: agent, reason: the host is ours alone}
    - {id: sign-up, reason: until the directory is connected, until: 2020-01-31}
    - {id: mail-without-tls, of: nothing, reason: there is none}
"#;

/// A manifest without anything to object to but what is accepted.
const GOOD: &str = r#"name: acme
collector: alloy
components:
  grafana: {admin_password: {file: secrets/good}, version: "13.2.1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
  prometheus: {retention_size: 20GB}
services:
  near: {group: core, mcp: "https://near.example.org/mcp"}
notifications:
  receivers:
    oncall: {pagerduty: {routing_key: {file: secrets/good}}}
    deadman: {webhook: {url: {file: secrets/good}}}
  default: oncall
  watchdog: deadman
audit:
  accept:
    - {id: image-without-digest, reason: they come from a mirror that never changes a tag}
    - {id: docker-socket, reason: the host is ours alone, until: 2999-12-31}
    - {id: component-exception, reason: read and agreed}
    - {id: service-without-auth, reason: it is public, of: near}
"#;

fn folder(manifest: &str) -> Folder {
    let folder = Folder::new()
        .file("mcpmon.yaml", manifest)
        .file("secrets/default", "CHANGE_ME_grafana_password\n")
        .file("secrets/short-password", "hunter2\n")
        .file("secrets/good", "8CbYkqNtWp4s8CbYkqNtWp4s\n");
    for name in ["default", "good"] {
        private(&folder.path().join("secrets").join(name), 0o600);
    }
    private(&folder.path().join("secrets/short-password"), 0o644);
    folder
}

fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn findings(folder: &Folder, exit: i32) -> Vec<Json> {
    let out = folder.mcpmon("audit --output json").ends(exit).out;
    let report: Json = serde_json::from_str(&out).unwrap();
    assert_eq!(report["schema_version"], 1);
    report["findings"].as_array().unwrap().clone()
}

/// `severity id of place` of each finding.
fn short(findings: &[Json]) -> Vec<String> {
    let text = |finding: &Json, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    let line = |f: &Json| {
        let severity =
            if f["accepted"].is_null() { text(f, "severity") } else { "accepted".to_owned() };
        format!("{severity} {} {} {}", text(f, "id"), text(f, "of"), text(f, "place"))
    };
    findings.iter().map(line).collect()
}

#[test]
fn every_objection_is_found_at_its_place() {
    let found = findings(&folder(BAD), 1);
    assert_eq!(short(&found), EXPECTED);
}

/// As a reader of `BAD` would list them.
const EXPECTED: &[&str] = &[
    "error default-password grafana mcpmon.yaml:4:5",
    "error secret-in-environment grafana mcpmon.yaml:7:54",
    "error anonymous-access grafana mcpmon.yaml:5:16",
    "error sign-up grafana mcpmon.yaml:7:35",
    "error exposed-unauthenticated prometheus mcpmon.yaml:9:14",
    "error credentials-in-clear far mcpmon.yaml:19:20",
    "error credentials-in-clear hook mcpmon.yaml:34:27",
    "error image-latest prometheus mcpmon.yaml:10:14",
    "warning secret-readable alertmanager mcpmon.yaml:34:5",
    "warning exposed-port grafana mcpmon.yaml:6:14",
    "warning login-without-tls grafana mcpmon.yaml:3:3",
    "warning admin-api prometheus mcpmon.yaml:8:3",
    "warning plain-http far mcpmon.yaml:18:10",
    "warning plain-http prometheus mcpmon.yaml:13:5",
    "warning tls-unverified far mcpmon.yaml:19:92",
    "warning mail-without-tls smtp mcpmon.yaml:31:18",
    "warning no-retention-size prometheus mcpmon.yaml:12:16",
    "warning end-of-life promtail -",
    "warning image-without-digest images mcpmon.yaml:2:1",
    "accepted docker-socket agent -",
    "warning service-without-auth far mcpmon.yaml:18:10",
    "warning service-without-limits own mcpmon.yaml:24:5",
    "warning service-user own mcpmon.yaml:24:5",
    "warning critical-muted notifications mcpmon.yaml:36:3",
    "warning no-watchdog notifications mcpmon.yaml:27:1",
    "warning receiver-without-credentials open mcpmon.yaml:35:27",
    "warning receiver-without-credentials smtp mcpmon.yaml:28:3",
    "warning acceptance-expired sign-up mcpmon.yaml:43:7",
    "info secret-unseen prometheus mcpmon.yaml:19:5",
    "info component-exception node-exporter -",
    "info component-exception promtail -",
    "info component-exception promtail -",
    "info service-writable own mcpmon.yaml:26:17",
    "info service-without-group near mcpmon.yaml:15:3",
    "info critical-not-paged notifications mcpmon.yaml:36:3",
    "info acceptance-unused mail-without-tls mcpmon.yaml:44:7",
];

#[test]
fn every_rule_has_a_manifest_that_has_it() {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let more = [
        BAD.to_owned(),
        "name: acme\ncomponents: {grafana: {admin_password: {env: SECRET}}, elasticsearch: {config: {xpack: {security.enabled: false}}}}\nlogs: {redact: {builtin: false}}\n".to_owned(),
        "name: acme\ncomponents: {grafana: {admin_password: {file: secrets/short-password}}}\nnotifications: {receivers: {c: {slack: {webhook_url: {env: SECRET}}}}, default: c}\n".to_owned(),
    ];
    for manifest in more {
        let out = folder(&manifest).mcpmon("audit --output json").out;
        let report: Json = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {manifest}"));
        found.extend(
            report["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| f["id"].as_str().unwrap().to_owned()),
        );
    }
    let missing: Vec<&str> = RULES.iter().map(|r| r.id).filter(|id| !found.contains(*id)).collect();
    assert!(missing.is_empty(), "no manifest here has {missing:?}");
}

#[test]
fn a_good_manifest_passes_also_strictly() {
    let folder = folder(GOOD);
    let found = findings(&folder, 0);
    let open: Vec<String> =
        short(&found).into_iter().filter(|line| !line.starts_with("accepted")).collect();
    assert!(open.is_empty(), "{open:?}");
    let text = folder.mcpmon("audit --strict").ends(0).out;
    assert!(text.contains("because the host is ours alone (until 2999-12-31)"), "{text}");
    assert!(
        text.trim_end().ends_with("acme: 0 errors, 0 warnings, 0 to know, 6 accepted"),
        "{text}"
    );
}

#[test]
fn warnings_fail_only_where_it_is_asked_for() {
    let folder =
        folder(&GOOD.replace("  watchdog: deadman\n", "").replace("    deadman:", "    #"));
    folder.mcpmon("audit").ends(0);
    folder.mcpmon("audit --strict").ends(1);
}

#[test]
fn values_of_secrets_are_never_repeated() {
    let folder = folder(BAD);
    for arguments in ["audit", "audit --output json", "audit --strict"] {
        let outcome = folder.mcpmon(arguments);
        for text in [&outcome.out, &outcome.err] {
            for secret in ["hunter2", "CHANGE_ME_grafana_password", "8CbYkqNtWp4s"] {
                assert!(!text.contains(secret), "{arguments} repeats a secret: {text}");
            }
        }
    }
}

#[test]
fn an_acceptance_names_a_finding_and_a_reason() {
    let accept = |entry: &str| {
        folder(&format!(
            "name: acme\ncomponents: {{grafana: {{admin_password: {{env: SECRET}}}}}}\naudit: {{accept: [{entry}]}}\n"
        ))
    };
    accept("{id: exposed-prot, reason: x}")
        .mcpmon("audit")
        .ends(2)
        .says("the audit knows no finding `exposed-prot`")
        .says("did you mean `exposed-port`?");
    accept("{id: exposed-port, reason: \" \"}").mcpmon("validate").ends(2).says("for a reason");
    accept("{id: exposed-port}").mcpmon("validate").ends(2).says("`reason` is missing");
    accept("{id: exposed-port, reason: x, until: 2027-13-01}")
        .mcpmon("validate")
        .ends(2)
        .says("`2027-13-01` is not a day");
}

#[test]
fn the_table_in_the_documentation_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- audit -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let mut table =
        String::from("| finding | severity | what it means | frameworks |\n|---|---|---|---|\n");
    for rule in RULES {
        let severity = rule.severity.as_str();
        let _ =
            writeln!(table, "| `{}` | {severity} | {} | {} |", rule.id, rule.what, rule.frameworks);
    }
    let expected = format!("{before}<!-- audit -->\n{table}<!-- end -->{after}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        assert_eq!(page, expected, "UPDATE_GOLDEN=1 cargo test --test audit");
    }
    let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len(), "two findings have the same name");
    let severities: Vec<Severity> = RULES.iter().map(|rule| rule.severity).collect();
    assert!(severities.is_sorted(), "the worst stand first");
}
