//! One Tailscale MCP server, played by a demo service, and the four parts around it.

use crate::harness::{TestStack, docker, eventually};
use crate::{bring_up, covered, fire_and_resolve, grafana, secrets};

// One service makes few lines of level error: at the usual share none may come for minutes.
const LAB: &str = "
services:
  tailscale-mcp:
    container: null
    run: {demo: {dialect: mcp, port: 8080, metrics_port: 9091, rate: 5, errors: 4%}}
probes: {tailscale-api: null, tailscale-mcp-health: {http: http://tailscale-mcp:8080/health/live}}
logs: {files: []}
alerts: {override: {ServiceDown: {for: 5s}, IntegrationDown: {for: 5s}}}
defaults: {scrape: {interval: 5s, timeout: 4s}}
";

#[test]
fn the_stack_of_the_tailscale_document_is_whole() {
    let stack = TestStack::of("tailscale", "tailscale");
    secrets(
        &stack,
        &["smtp-password", "slack-webhook-url", "pagerduty-routing-key", "webhook-url"],
    );
    stack.manifest(LAB);
    bring_up(&stack);

    // The metrics flow: exposed on 9091, scraped, stored, shown.
    let up = stack.query("up{service=\"tailscale-mcp\",job!=\"mcp\"}");
    assert_eq!(up[0]["metric"]["instance"], "tailscale-mcp:9091", "{up:?}");
    eventually("requests are seen", 60, || {
        !stack.query("mcp:requests:rate5m{service=\"tailscale-mcp\"} > 0").is_empty()
    });
    for uid in [
        "tailscale-mcp-overview",
        "tailscale-mcp-performance",
        "tailscale-mcp-infrastructure",
        "tailscale-mcp-logs",
    ] {
        let board = grafana(&stack, &format!("/api/dashboards/uid/{uid}"));
        assert_eq!(board["dashboard"]["uid"], uid, "{board}");
    }
    // The log flow: structured lines, labelled, queried.
    eventually("lines are found by their labels", 60, || {
        stack
            .text(
                stack.ports.loki,
                "/loki/api/v1/query_range?query={service=\"tailscale-mcp\",level=\"info\"}",
            )
            .contains("tailscale-mcp")
    });
    // The health checks of the document, from outside.
    assert!(stack.text(stack.ports.prometheus, "/-/healthy").contains("Healthy"));
    assert!(stack.text(stack.ports.prometheus, "/-/ready").contains("Ready"));
    assert!(stack.text(stack.ports.loki, "/ready").contains("ready"));
    assert_eq!(stack.get(stack.ports.grafana, "/api/health")["database"], "ok");
    assert_eq!(stack.query("probe_success{probe=\"tailscale-mcp-health\"}")[0]["value"][1], "1");
    // 200 hours, as Prometheus writes them.
    let loaded = stack.get(stack.ports.prometheus, "/api/v1/status/config");
    let loaded = loaded["data"]["yaml"].as_str().unwrap();
    assert!(loaded.contains("retention:\n      time: 8d8h\n"), "{loaded}");

    let container = stack.container("tailscale-mcp");
    fire_and_resolve(
        &stack,
        &["ServiceDown"],
        || _ = docker(&["stop", "-t", "1", &container]),
        || _ = docker(&["start", &container]),
    );

    covered(&stack);
}
