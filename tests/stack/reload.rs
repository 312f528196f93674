//! Changes to a running stack: seen, proven, or undone.

use crate::harness::{TestStack, encode, eventually};

#[test]
fn changes_take_effect_by_the_smallest_action_and_bad_ones_change_nothing() {
    let stack = TestStack::new("reload");
    stack.mcpmon(&["up"]).expect(0);
    let started = stack.containers("{{.Id}} {{.State.StartedAt}}");

    // Nothing differs: proven.
    stack
        .mcpmon(&["reload"])
        .expect(0)
        .says("nothing to change; what runs is what the manifest says, proven");

    // A threshold: Prometheus reloads, nothing restarts.
    stack.manifest("alerts: {override: {HighErrorRate: {threshold: 0.0625}}}\n");
    stack.mcpmon(&["reload"]).expect(0).says("reload prometheus").says("ready and proven");
    let rules = stack.get(stack.ports.prometheus, "/api/v1/rules?type=alert");
    assert!(rules.to_string().contains("0.0625"), "the new threshold is not loaded");
    assert_eq!(started, stack.containers("{{.Id}} {{.State.StartedAt}}"));

    // A service: a target more, and Prometheus is not even asked to reload.
    let reloads = || {
        stack.query("prometheus_config_last_reload_success_timestamp_seconds")[0]["value"][1]
            .clone()
    };
    eventually("Prometheus' own metrics", 30, || {
        !stack.query("prometheus_config_last_reload_success_timestamp_seconds").is_empty()
    });
    std::thread::sleep(std::time::Duration::from_secs(6));
    let before = reloads();
    stack.manifest(
        "alerts: {override: {HighErrorRate: {threshold: 0.0625}}}\nservices:\n  second:\n    group: demo\n    dialect: mcp\n    metrics: http://search:8080/metrics?second=1\n",
    );
    stack.mcpmon(&["reload"]).expect(0).says("update prometheus").says("updated without a reload");
    eventually("the new target is up", 30, || {
        stack.query("up{service=\"second\"}").iter().any(|s| s["value"][1] == "1")
    });
    assert_eq!(before, reloads(), "Prometheus was reloaded");
    assert_eq!(started, stack.containers("{{.Id}} {{.State.StartedAt}}"));

    rejected_changes(&stack);
    undone_change(&stack);
}

/// Each of these is found before anything is touched.
fn rejected_changes(stack: &TestStack) {
    std::fs::create_dir(stack.path("alerts")).unwrap();
    std::fs::write(
        stack.path("alerts/team.yml"),
        "groups:\n  - name: team\n    rules:\n      - alert: Broken\n        expr: sum(rate(x[5m])) by (\n",
    )
    .unwrap();
    let before = stack.fingerprint();
    let cases = [
        ("a rule with a PromQL error", "alerts: {rules_dir: alerts}\n", "alerts/team.yml:5"),
        (
            "a route to a receiver that is not there",
            "components:\n  alertmanager:\n    config:\n      route:\n        routes:\n          - receiver: ghost\n",
            "test.yaml:6:",
        ),
        (
            "a key that Loki does not know",
            "components:\n  loki:\n    config:\n      limits_config:\n        retention_perod: 1d\n",
            "test.yaml:5:",
        ),
        (
            "a target with a bad address",
            "components:\n  prometheus:\n    config:\n      scrape_configs:\n        - job_name: bad\n          static_configs:\n            - targets: [\"http://nowhere/metrics\"]\n",
            "test.yaml:7:",
        ),
    ];
    for (what, manifest, place) in cases {
        stack.manifest(manifest);
        let ended = stack.mcpmon(&["reload"]);
        assert_eq!(ended.code, 4, "{what}:\n{}", ended.stderr);
        assert!(ended.stderr.contains(place), "{what}: `{place}` is not named:\n{}", ended.stderr);
        assert!(ended.stderr.contains("what runs was not touched"), "{what}:\n{}", ended.stderr);
        assert_eq!(before, stack.fingerprint(), "{what}: something was touched");
    }
}

/// A fault that no validator sees: Loki accepts the file, and then cannot start with it.
fn undone_change(stack: &TestStack) {
    stack.manifest("");
    stack.mcpmon(&["reload"]).expect(0);
    let config = stack.text(stack.ports.loki, "/config");
    let rules = stack.get(stack.ports.prometheus, "/api/v1/status/config");
    stack.manifest(
        "components:\n  prometheus: {config: {global: {external_labels: {changed: \"yes\"}}}}\n  loki:\n    config: {compactor: {working_directory: /proc/nothing}}\n",
    );
    let ended = stack.mcpmon(&["reload", "--timeout", "40s"]);
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert!(ended.stderr.contains("loki"), "{}", ended.stderr);
    assert!(ended.stderr.contains("what ran before runs again, proven"), "{}", ended.stderr);
    assert_eq!(config, stack.text(stack.ports.loki, "/config"));
    assert_eq!(
        rules,
        stack.get(stack.ports.prometheus, "/api/v1/status/config"),
        "Prometheus kept half of the change"
    );
    let lines = encode("{service=\"weather\"}");
    eventually("Loki answers again", 20, || {
        stack
            .text(stack.ports.loki, &format!("/loki/api/v1/query_range?query={lines}&limit=1"))
            .contains("success")
    });
}
