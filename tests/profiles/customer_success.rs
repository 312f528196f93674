//! A production MCP server, played by a demo service; `PostgreSQL` and Redis are real.

use crate::harness::{TestStack, docker, eventually};
use crate::servers::Servers;
use crate::{bring_up, covered, fire_and_resolve, fires, grafana, post, secrets};

fn lab(network: &str) -> String {
    format!(
        "networks: [{network}]
defaults: {{scrape: {{interval: 5s, timeout: 4s}}}}
components: {{prometheus: {{admin_api: true}}}}
services:
  cs-mcp: {{run: {{demo: {{dialect: customer-success, rate: 10}}, ports: [\"CONTROL:8080\"]}}}}
probes:
  crm: {{http: \"http://cs-mcp:8080/health/ready\"}}
  helpdesk: {{http: \"http://cs-mcp:8080/health/live\"}}
alerts:
  override:
    HealthCheckFailing: {{for: 5s}}
    DatabaseConnectionPoolExhausted: {{for: 5s}}
    DatabaseDown: {{for: 5s}}
    RedisDown: {{for: 5s}}
    IntegrationDown: {{for: 5s}}
    ServiceDown: {{for: 5s}}
    UnauthorizedAccessAttempts: {{for: 5s}}
    RateLimitRejections: {{for: 5s}}
    HighErrorRate: {{for: 5s}}
"
    )
}

#[test]
fn the_stack_of_the_customer_success_document_is_whole() {
    let stack = TestStack::of("customer-success", "cs");
    secrets(
        &stack,
        &[
            "postgres-monitoring",
            "redis-password",
            "smtp-password",
            "slack-webhook-url",
            "pagerduty-routing-key",
        ],
    );
    // Loki is off here, so no port is wanted for it.
    let ports = std::fs::read_to_string(stack.path("ports.yaml")).unwrap();
    let ports: Vec<&str> = ports.lines().filter(|line| !line.contains("loki")).collect();
    std::fs::write(stack.path("ports.yaml"), ports.join("\n")).unwrap();
    let servers = Servers::start(&stack, "cs_mcp_production");
    let control = crate::harness::free();
    stack.manifest(&lab(&servers.network).replace("CONTROL", &control.to_string()));
    bring_up(&stack);

    daily_operations(&stack);
    for uid in ["cs-mcp-overview", "cs-mcp-database", "cs-mcp-system", "cs-mcp-integrations"] {
        let board = grafana(&stack, &format!("/api/dashboards/uid/{uid}"));
        assert_eq!(board["dashboard"]["uid"], uid, "{board}");
    }

    // Faults, each switched on and off.
    let switch = |what: &str| {
        let (code, said) = post(control, &format!("/control/{what}"), "");
        assert_eq!(code, 200, "{what}: {said}");
    };
    let containers = [
        servers.container("postgres"),
        servers.container("redis"),
        stack.container("node-exporter"),
    ];
    let each = |command: &[&str]| {
        for container in &containers {
            docker(&[command, &[container.as_str()]].concat());
        }
    };
    fire_and_resolve(
        &stack,
        &[
            "HealthCheckFailing",
            "DatabaseConnectionPoolExhausted",
            "DatabaseDown",
            "RedisDown",
            "HostExporterDown",
        ],
        || {
            switch("health?failing=tools");
            switch("pool?leaked=100%25");
            each(&["stop", "-t", "1"]);
        },
        || {
            switch("health?failing=none");
            switch("pool?leaked=0%25");
            each(&["start"]);
        },
    );
    // These look back five minutes: that they end is for their own tests to show.
    for what in ["auth?failures=60%25", "rate-limit?share=60%25", "errors?share=60%25"] {
        switch(what);
    }
    for alert in ["UnauthorizedAccessAttempts", "RateLimitRejections", "HighErrorRate"] {
        eventually(&format!("{alert} fires"), 150, || fires(&stack, alert));
    }
    // While it still answers: most panels are about it.
    covered(&stack);
    let container = stack.container("cs-mcp");
    fire_and_resolve(
        &stack,
        &["ServiceDown", "IntegrationDown"],
        || _ = docker(&["stop", "-t", "1", &container]),
        || _ = docker(&["start", &container]),
    );
}

/// What the document tells its readers to type.
fn daily_operations(stack: &TestStack) {
    let (prometheus, alertmanager) = (stack.ports.prometheus, stack.ports.alertmanager);
    assert_eq!(post(prometheus, "/-/reload", "").0, 200);
    let targets = stack.get(prometheus, "/api/v1/targets?state=active");
    let targets = targets["data"]["activeTargets"].as_array().unwrap();
    assert!(targets.iter().all(|target| target["health"] == "up"), "{targets:?}");
    let rules = stack.get(prometheus, "/api/v1/rules?type=alert");
    assert_eq!(rules["status"], "success");

    // A test alert, and a silence by the document's name.
    let alert = r#"[{"labels": {"alertname": "TestAlert", "severity": "warning"}, "annotations": {"summary": "A test"}}]"#;
    assert_eq!(post(alertmanager, "/api/v2/alerts", alert).0, 200);
    eventually("the test alert is there", 20, || {
        stack.text(alertmanager, "/api/v2/alerts").contains("TestAlert")
    });
    docker(&[
        "exec",
        &stack.container("alertmanager"),
        "amtool",
        "--alertmanager.url=http://127.0.0.1:9093",
        "silence",
        "add",
        "alertname=HighCPUUsage",
        "--duration=2h",
        "--comment=Maintenance window",
        "--author=test",
    ]);
    assert!(stack.text(alertmanager, "/api/v2/silences").contains("HighCPUUsage"));

    // A snapshot, and space that is given back.
    let (code, said) = post(prometheus, "/api/v1/admin/tsdb/snapshot", "");
    assert_eq!(code, 200, "{said}");
    assert!(said.contains("\"name\""), "{said}");
    assert_eq!(post(prometheus, "/api/v1/admin/tsdb/clean_tombstones", "").0, 204);
    assert_eq!(stack.get(stack.ports.grafana, "/api/health")["database"], "ok");
}
