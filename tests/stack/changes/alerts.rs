//! Alerts, objectives, and who is told.

use super::change::change;
use super::{Change, from_nothing, made_and_taken_back};
use crate::harness::TestStack;

/// A receiver with a secret.
const WITH_A_TOKEN: &str = "notifications: {receivers: {hook: {webhook: {url: 'http://host.docker.internal:9/', token: {file: secrets/token}}}}, default: hook}";

pub const CHANGES: &[Change] = &[
    from_nothing(
        "a threshold",
        "alerts: {override: {HighErrorRate: {threshold: 0.0625}}}",
        "reload prometheus, reload grafana",
    ),
    from_nothing(
        "an alert less",
        "alerts: {disable: [HostSwapping]}",
        "reload prometheus, reload grafana",
    ),
    from_nothing(
        "a rule pack more",
        "alerts: {packs: [services, mcp, host, stack, containers]}",
        "reload prometheus, reload grafana",
    ),
    from_nothing("a rule of the team's own", "alerts: {rules_dir: alerts}", "reload prometheus"),
    from_nothing(
        "an objective",
        "slos: {availability: {owner: team, select: {groups: [demo]}, indicator: requests, objective: 99%, window: 7d}}",
        "reload prometheus, reload grafana",
    ),
    from_nothing(
        "a receiver",
        "notifications: {receivers: {hook: {webhook: {url: 'http://host.docker.internal:9/'}}}, default: hook}",
        "reload alertmanager",
    ),
    Change {
        what: "a receiver's name",
        before: "notifications: {receivers: {hook: {webhook: {url: 'http://host.docker.internal:9/'}}}, default: hook}",
        manifest: "notifications: {receivers: {pager: {webhook: {url: 'http://host.docker.internal:9/'}}}, default: pager}",
        wanted: "reload alertmanager",
    },
    Change {
        what: "a route",
        before: "notifications: {receivers: {hook: {webhook: {url: 'http://host.docker.internal:9/'}}, other: {webhook: {url: 'http://host.docker.internal:8/'}}}, default: hook}",
        manifest: "notifications: {receivers: {hook: {webhook: {url: 'http://host.docker.internal:9/'}}, other: {webhook: {url: 'http://host.docker.internal:8/'}}}, routes: [{match: {severity: critical}, to: [other]}], default: hook}",
        wanted: "reload alertmanager",
    },
    from_nothing("a receiver with a secret", WITH_A_TOKEN, "reload alertmanager"),
];

#[test]
fn an_alert_or_a_receiver_changes_by_the_smallest_action() {
    let stack = TestStack::new("alerts");
    std::fs::write(stack.path("secrets/token"), "a-token-for-this-test").unwrap();
    std::fs::create_dir(stack.path("alerts")).unwrap();
    let rule =
        "groups:\n  - name: team\n    rules:\n      - alert: Team\n        expr: vector(0) > 1\n";
    std::fs::write(stack.path("alerts/team.yml"), rule).unwrap();
    stack.mcpmon(&["up"]).expect(0);
    made_and_taken_back(&stack, CHANGES);

    // A secret whose value alone changes: no manifest differs.
    stack.manifest(WITH_A_TOKEN);
    change(&stack, "reload alertmanager").unwrap();
    std::fs::write(stack.path("secrets/token"), "another-token-for-this-test").unwrap();
    change(&stack, "update alertmanager").unwrap();
}
