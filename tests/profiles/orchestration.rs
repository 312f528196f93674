//! Sixteen MCP services and their coordinator, played by demo services; the databases and the broker
//! are real. Qdrant cannot be had in the lab and is left out.

use std::fmt::Write as _;

use crate::harness::{TestStack, docker, encode, eventually};
use crate::servers::Servers;
use crate::{bring_up, covered, fire_and_resolve, grafana, post, secrets};

/// The services in the order of their ports, from 7001.
const SERVICES: [&str; 16] = [
    "terminal",
    "filesystem",
    "database",
    "git",
    "memory",
    "system",
    "config",
    "log",
    "network",
    "security",
    "research",
    "transcriber",
    "postgresql",
    "redis",
    "qdrant",
    "mqtt",
];

/// The first by name, so the one whose dashboards are read.
const TALKER: &str = "config";

fn lab(network: &str) -> String {
    let mut text = format!(
        "networks: [{network}]\nlogs: {{files: []}}\ndefaults: {{scrape: {{interval: 5s, timeout: 4s}}}}\nalerts: {{override: {{DatabaseDown: {{for: 5s}}, RedisDown: {{for: 5s}}, MqttBrokerDown: {{for: 5s}}, ServiceDown: {{for: 5s}}}}}}\nservices:\n  qdrant: null\n  zen-coordinator: {{container: null, run: {{demo: {{dialect: fastapi, port: 7026, rate: 2}}}}}}\n"
    );
    for (name, port) in SERVICES.iter().zip(7001..) {
        // One tells about its tools, and is slow: of the others such panels show nothing.
        let (dialect, latency) =
            if *name == TALKER { ("mcp", "700ms") } else { ("fastapi", "80ms") };
        let _ = writeln!(
            text,
            "  {name}-mcp: {{container: null, dialect: {dialect}, run: {{demo: {{dialect: {dialect}, port: {port}, rate: 2, latency: {latency}}}}}}}"
        );
    }
    text
}

#[test]
fn the_stack_of_the_orchestration_document_is_whole() {
    let stack = TestStack::of("orchestration", "orchestration");
    secrets(&stack, &["postgres-monitoring"]);
    let servers = Servers::start(&stack, "postgres");
    stack.manifest(&lab(&servers.network));
    bring_up(&stack);

    let up = stack.query("count(up{job=\"services\"} == 1)");
    assert_eq!(up[0]["value"][1], "17", "sixteen services and the coordinator");
    assert_eq!(stack.query("count(up{job=\"services\",group=\"core\"})")[0]["value"][1], "10");

    // What the document tells its readers to type.
    assert_eq!(post(stack.ports.prometheus, "/-/reload", "").0, 200);
    assert!(stack.text(stack.ports.loki, "/ready").contains("ready"));
    let targets = stack.get(stack.ports.prometheus, "/api/v1/targets?state=active");
    let targets = targets["data"]["activeTargets"].as_array().unwrap();
    assert!(targets.iter().all(|target| target["health"] == "up"), "{targets:?}");
    let board = grafana(&stack, "/api/dashboards/uid/mcp-overview");
    assert_eq!(board["dashboard"]["title"], "MCP Orchestration - Overview");
    for query in [
        "rate(http_requests_total[5m])",
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{service=\"filesystem-mcp\"}[5m])))",
        "(sum(rate(http_requests_total{status=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m]))) * 100",
        "sum(process_resident_memory_bytes) by (service)",
        "pg_stat_activity_count",
        "redis_connected_clients",
        "broker_messages_received",
    ] {
        eventually(&format!("{query} has an answer"), 90, || !stack.query(query).is_empty());
    }
    assert!(stack.query("up{job=~\"services.*\"} == 0").is_empty());
    for query in [
        "{service=~\".*mcp.*\"} |= \"ERROR\"",
        "{service=\"terminal-mcp\"} |~ \"(?i)error|exception|failed\"",
        "{service=~\".*mcp.*\"} |~ \"(?i)database.*error|connection.*failed\"",
        "{service_group=\"core\"} |= \"ERROR\"",
    ] {
        let path = format!("/loki/api/v1/query_range?query={}", encode(query));
        assert_eq!(stack.get(stack.ports.loki, &path)["status"], "success", "{query}");
    }
    eventually("lines carry the document's label service_group", 60, || {
        let path = format!("/loki/api/v1/query_range?query={}", encode("{service_group=\"core\"}"));
        let found = stack.get(stack.ports.loki, &path);
        found["data"]["result"].as_array().is_some_and(|streams| !streams.is_empty())
    });

    let mut containers = vec![stack.container(&format!("{TALKER}-mcp"))];
    containers.extend(["postgres", "redis", "mosquitto"].map(|server| servers.container(server)));
    let each = |command: &[&str]| {
        for container in &containers {
            docker(&[command, &[container.as_str()]].concat());
        }
    };
    fire_and_resolve(
        &stack,
        &["ServiceDown", "DatabaseDown", "RedisDown", "MqttBrokerDown"],
        || each(&["stop", "-t", "1"]),
        || each(&["start"]),
    );

    covered(&stack);
}
