//! Services, their groups, and what is asked of them.

use super::{Change, from_nothing, made_and_taken_back};
use crate::harness::TestStack;

pub const CHANGES: &[Change] = &[
    from_nothing(
        "a service",
        "services: {second: {group: demo, dialect: mcp, metrics: 'http://search:8080/metrics?second=1'}}",
        "update prometheus",
    ),
    from_nothing(
        "a service that is asked in its own protocol",
        "services: {second: {group: demo, mcp: 'http://search:8080/mcp'}}",
        "update prometheus, reload agent",
    ),
    from_nothing(
        "a service with a token",
        "services: {second: {group: demo, dialect: mcp, metrics: {url: 'http://search:8080/metrics?second=1', auth: {bearer: {file: secrets/token}}}}}",
        "reload prometheus",
    ),
    from_nothing(
        "a service that mcpmon runs",
        "services: {fourth: {group: demo, run: {demo: {dialect: mcp, rate: 1}}}}",
        "create fourth, update prometheus",
    ),
    // With it goes the last one of its dialect, and what its rules are about.
    from_nothing(
        "a service less",
        "services: {translate: null}",
        "remove translate, reload prometheus, reload agent",
    ),
    from_nothing(
        "a service's name",
        "services: {weather: null, meteo: {group: demo, mcp: 'http://meteo:8080/mcp', run: {demo: {dialect: fastapi, rate: 5}}}}",
        "remove weather, create meteo, update prometheus, reload agent",
    ),
    Change {
        what: "a group's name",
        before: "services: {second: {group: core, dialect: mcp, metrics: 'http://search:8080/metrics?second=1'}}",
        manifest: "services: {second: {group: heart, dialect: mcp, metrics: 'http://search:8080/metrics?second=1'}}",
        wanted: "update prometheus",
    },
    from_nothing(
        "the group of a service that mcpmon runs",
        "services: {weather: {group: core}}",
        "recreate weather, update prometheus",
    ),
    from_nothing("a description", "services: {weather: {description: Rain and sun}}", ""),
    from_nothing(
        "a service's environment, limits and arguments",
        "services: {weather: {run: {env: {LOG_LEVEL: DEBUG}, resources: {pids: 99}, demo: {rate: 6}}}}",
        "recreate weather",
    ),
    from_nothing(
        "a service's port",
        "services: {weather: {run: {ports: ['PORT:8080']}}}",
        "recreate weather",
    ),
    from_nothing(
        "a service's tools",
        "services: {weather: {mcp: {url: 'http://weather:8080/mcp', expect_tools: [translate]}}}",
        "reload agent",
    ),
    from_nothing(
        "the scrape interval",
        "defaults: {scrape: {interval: 10s, timeout: 4s}}",
        "reload prometheus, reload grafana",
    ),
    from_nothing("the probe interval", "defaults: {probe: {interval: 30s}}", "reload prometheus"),
];

#[test]
fn a_service_changes_by_the_smallest_action() {
    let stack = TestStack::new("services");
    std::fs::write(stack.path("secrets/token"), "a-token-for-this-test").unwrap();
    stack.mcpmon(&["up"]).expect(0);
    made_and_taken_back(&stack, CHANGES);
    // A job that stays keeps its targets while another's go.
    let said = stack.mcpmon(&["logs", "prometheus", "-n", "5000"]).expect(0).stdout;
    assert!(said.contains("Completed loading of configuration file"), "{said}");
    let lost = |line: &&str| {
        line.contains("Error adding file watch")
            && ["services", "mcp"].iter().any(|job| line.contains(&format!("config={job} ")))
    };
    assert_eq!(said.lines().find(lost), None);
}
