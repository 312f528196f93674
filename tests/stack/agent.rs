//! The agent among the real programs: every service is asked in its own protocol, and what it finds is told.

use serde_json::Value;

use crate::harness::{TestStack, docker, eventually};

/// Values of a metric, by service.
fn by_service(stack: &TestStack, metric: &str) -> Vec<(String, String)> {
    let mut all: Vec<_> = stack
        .query(metric)
        .iter()
        .map(|series| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&series["metric"]["service"]), text(&series["value"][1]))
        })
        .collect();
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// When Prometheus read its configuration last.
fn last_reload(stack: &TestStack) -> String {
    let text = stack.text(stack.ports.prometheus, "/metrics");
    let name = "prometheus_config_last_reload_success_timestamp_seconds ";
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
}

#[test]
fn every_service_is_asked_and_a_new_one_without_a_reload_of_prometheus() {
    let stack = TestStack::new("agent");
    stack.manifest("defaults: {probe: {interval: 5s, timeout: 3s}}\n");
    stack.mcpmon(&["up", "--quiet"]).expect(0);
    let all = pairs(&[("search", "1"), ("translate", "1"), ("weather", "1")]);
    eventually("every server answers", 60, || by_service(&stack, "mcp_probe_success") == all);
    let found = stack.query("mcp_probe_success{service=\"search\"}");
    let labels = &found[0]["metric"];
    assert_eq!(labels["job"], "mcp");
    assert_eq!(labels["group"], "demo");
    assert_eq!(labels["instance"], "http://search:8080/mcp");
    let modern =
        stack.query("mcp_probe_protocol_info{era=\"modern\",transport=\"streamable_http\"}");
    assert_eq!(modern.len(), 3, "{modern:?}");
    assert!(by_service(&stack, "mcp_probe_tools > 0").len() == 3);

    // From within the stack's network, with what each says of itself.
    let asked = stack.mcpmon(&["health-check", "--only=mcp"]).expect(0);
    let asked = asked.says("every MCP server answers a handshake: 3 of 3: ").says("2026-07-28");
    drop(asked);

    let before = last_reload(&stack);
    stack.manifest(
        "defaults: {probe: {interval: 5s, timeout: 3s}}\nservices:\n  again: {mcp: {url: \"http://search:8080/mcp?again=1\", depth: handshake}}\n",
    );
    stack.mcpmon(&["reload"]).expect(0).says("without a reload");
    assert_eq!(last_reload(&stack), before, "a target needs no reload");
    eventually("the new one answers", 30, || {
        by_service(&stack, "mcp_probe_success{service=\"again\"}") == pairs(&[("again", "1")])
    });

    docker(&["kill", &stack.container("weather")]);
    eventually("a dead server is seen", 30, || {
        by_service(&stack, "mcp_probe_success == 0") == pairs(&[("weather", "0")])
    });
    assert_eq!(stack.query("mcp_probe_failure{service=\"weather\"}").len(), 1);
    // The agent is well: it is the server that is not.
    assert!(stack.query("up{job=\"mcp\"} == 0").is_empty());
    stack
        .mcpmon(&["health-check", "--only=mcp"])
        .expect(1)
        .says("3 of 4 servers answer")
        .says("weather (http://weather:8080/mcp): ");
}
