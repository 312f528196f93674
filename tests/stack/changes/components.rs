//! Components with their images, ports, volumes and secrets, and profiles.

use super::{Change, from_nothing, made_and_taken_back};
use crate::harness::TestStack;
use crate::own::OwnImage;

pub const CHANGES: &[Change] = &[
    from_nothing(
        "a component less",
        "components: {node-exporter: {enabled: false}}",
        "remove node-exporter, reload prometheus, reload grafana",
    ),
    from_nothing(
        "a component more",
        "probes: {loki: {tcp: 'loki:3100'}}",
        "create blackbox-exporter, reload prometheus, reload grafana",
    ),
    Change {
        what: "a component's name",
        before: "components: {redis-exporter@first: {server: 'redis:6379'}}",
        manifest: "components: {redis-exporter@cache: {server: 'redis:6379'}}",
        wanted: "remove redis-exporter-first, create redis-exporter-cache, reload prometheus",
    },
    from_nothing(
        "Prometheus' retention",
        "components: {prometheus: {retention: 14d}}",
        "reload prometheus",
    ),
    from_nothing("Loki's retention", "components: {loki: {retention: 14d}}", "restart loki"),
    from_nothing(
        "an image",
        "components: {alertmanager: {image: NAME-alertmanager, version: '1'}}",
        "recreate alertmanager",
    ),
    from_nothing("a port", "components: {alertmanager: {port: PORT}}", "recreate alertmanager"),
    // The agent's page and the alerts have links that lead there.
    from_nothing(
        "Grafana's port",
        "components: {grafana: {port: PORT}}",
        "recreate grafana, reload agent, reload prometheus",
    ),
    from_nothing(
        "a secret",
        "components: {prometheus: {secrets: {store: {file: secrets/token}}}}",
        "update prometheus",
    ),
    from_nothing("a volume", "components_dir: own", "recreate promtail"),
    from_nothing(
        "files of the host",
        "logs: {files: [{path: /var/log/syslog, labels: {source: system}}]}",
        "recreate promtail",
    ),
    from_nothing(
        "what is redacted",
        "logs: {redact: {patterns: {badge: 'ACME-[0-9]{8}'}}}",
        "reload promtail",
    ),
    from_nothing(
        "who may look at Grafana",
        "components: {grafana: {anonymous: true}}",
        "restart grafana",
    ),
    // The agent's page links to one of those that go.
    from_nothing(
        "dashboards",
        "dashboards: [fleet, service, logs]",
        "reload grafana, reload agent",
    ),
    from_nothing(
        "a profile",
        "extends: team.yaml",
        "reload prometheus, reload grafana, restart loki",
    ),
    from_nothing(
        "what no program reads",
        "{audit: {accept: [{id: no-retention-size, reason: a test}]}, generations: {keep: 12}, queries: {mine: {expr: up, description: Ours}}}",
        "",
    ),
];

const PROFILE: &str = "\
services: {second: {group: core, dialect: mcp, metrics: 'http://search:8080/metrics?second=1'}}
alerts: {override: {HighErrorRate: {threshold: 0.0625}}}
components: {loki: {retention: 14d}}
";

#[test]
fn a_component_changes_by_the_smallest_action() {
    let stack = TestStack::new("parts");
    let _image =
        OwnImage::tag("prom/alertmanager:v0.33.1", &format!("{}-alertmanager:1", stack.name));
    std::fs::write(stack.path("secrets/token"), "a-token-for-this-test").unwrap();
    std::fs::write(stack.path("team.yaml"), PROFILE).unwrap();
    stack.own_file("promtail", "component.yaml", |text| {
        text.replace(
            "volumes: {positions: /positions}",
            "volumes: {positions: /positions, spare: /spare}",
        )
    });
    stack.mcpmon(&["up"]).expect(0);
    made_and_taken_back(&stack, CHANGES);
}
