//! A test alert on its way through the running stack.

use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::alerts::receiver;
use crate::harness::{TestStack, ended, eventually, free};

#[test]
fn a_test_alert_says_whom_it_reached_and_goes_again() {
    let (port, received) = receiver();
    // Nobody listens there.
    let closed = free();
    let stack = TestStack::new("send");
    stack.manifest(&format!(
        r#"notifications:
  receivers:
    hook: {{webhook: {{url: "http://host.docker.internal:{port}/"}}}}
    gone: {{webhook: {{url: "http://host.docker.internal:{closed}/"}}}}
    night: {{webhook: {{url: "http://host.docker.internal:{port}/night"}}}}
  routes:
    - {{match: {{severity: critical}}, to: [hook, gone]}}
    - {{match: {{severity: info}}, to: [night], mute: [always]}}
    - {{match: {{severity: high}}, to: [hook], timing: {{group_wait: 5m}}}}
  default: hook
  timing: {{group_wait: 1s, group_interval: 1s}}
  mute_times: {{always: {{times: ["00:00-24:00"]}}}}
"#
    ));
    let early = stack.mcpmon(&["route", "test", "severity=warning", "--send"]).expect(1);
    assert!(early.stderr.contains("alertmanager"), "{}", early.stderr);
    stack.mcpmon(&["up"]).expect(0);
    let held = || stack.text(stack.ports.alertmanager, "/api/v2/alerts").contains("McpmonTest");

    stack
        .mcpmon(&["route", "test", "severity=warning", "service=weather", "--send"])
        .expect(0)
        .says("delivered to hook (webhook)");
    let got = |status: &str| {
        let bodies = received.lock().unwrap();
        let alerts = bodies.iter().flat_map(|body| {
            let body: Json = serde_json::from_str(body).unwrap();
            body["alerts"].as_array().cloned().unwrap_or_default()
        });
        let is = |alert: &Json| {
            alert["labels"]["alertname"] == "McpmonTest"
                && alert["labels"]["service"] == "weather"
                && alert["status"] == status
                && alert["annotations"]["summary"].as_str().unwrap().contains("only a test by ")
        };
        alerts.filter(is).count()
    };
    assert_eq!(got("firing"), 1, "said to be delivered");
    assert!(!held(), "it is resolved");
    eventually("so says the webhook", 30, || got("resolved") == 1);

    let answer = stack.mcpmon(&["route", "test", "severity=critical", "--send"]).expect(1);
    let answer = answer.says("delivered to hook (webhook)").says("failed: gone (webhook): ");
    assert!(answer.stderr.contains("look at `mcpmon logs alertmanager`"), "{}", answer.stderr);
    assert!(!held(), "it is resolved though it failed");

    // Nothing is sent to those who are not told at this time.
    let muted = stack.mcpmon(&["route", "test", "severity=info", "--send", "--output", "json"]);
    let muted: Json = serde_json::from_str(&muted.expect(1).stdout).unwrap();
    let delivery = &muted["sent"]["deliveries"][0];
    assert_eq!((&delivery["receiver"], &delivery["outcome"]), (&"night".into(), &"later".into()));
    assert_eq!(delivery["detail"], "it is `always` (route 2)");

    // Ctrl-C while its group still waits.
    let mut command = stack.command(&["route", "test", "severity=high", "--send"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("it is there", 30, held);
    let interrupt = ["-INT", &child.id().to_string()];
    assert!(Command::new("kill").args(interrupt).status().unwrap().success());
    ended(&child.wait_with_output().unwrap()).expect(130).says("not sent to hook (webhook)");
    assert!(!held(), "it is resolved though it was interrupted");

    silence(&stack);
    stack
        .mcpmon(&["route", "test", "severity=warning", "--send"])
        .expect(1)
        .says("not sent to hook (webhook): a silence by tests until 2")
        .says("mutes it: maintenance");
    assert!(!held(), "it is resolved though it was muted");
}

/// Mutes every test alert for an hour.
fn silence(stack: &TestStack) {
    let now = jiff::Timestamp::now();
    let silence = serde_json::json!({
        "matchers": [{"name": "alertname", "value": "McpmonTest", "isRegex": false, "isEqual": true}],
        "startsAt": now.to_string(), "endsAt": (now + jiff::SignedDuration::from_hours(1)).to_string(),
        "createdBy": "tests", "comment": "maintenance",
    });
    let url = format!("http://127.0.0.1:{}/api/v2/silences", stack.ports.alertmanager);
    let json = ["-fsS", "-H", "Content-Type: application/json", "-d"];
    let output = Command::new("curl").args(json).args([&silence.to_string(), &url]).output();
    assert!(output.unwrap().status.success(), "the silence is taken");
}
