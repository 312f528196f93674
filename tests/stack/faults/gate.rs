//! Faults that a program's own checker finds, or that its checker has itself.

use super::Running;
use crate::harness::docker;

#[test]
fn a_checker_that_never_ends_or_is_not_there_rejects_the_change() {
    let running = Running::up("gate");
    let stack = &running.stack;
    // Asked in the running container, and in one of its own.
    for component in ["alertmanager", "prometheus"] {
        stack.own_file(component, "component.yaml", |text| {
            let check = "  - command: [";
            let (before, after) = text.split_once(check).unwrap();
            let (_, after) = after.split_once('\n').unwrap();
            format!("{before}{check}sleep, \"600\"]\n{after}")
        });
    }
    stack.manifest(
        "components_dir: own\nnotifications: {receivers: {hook: {webhook: {url: 'http://host.docker.internal:9/'}}}, default: hook}\ncomponents: {prometheus: {retention: 14d}}\n",
    );
    let says = [
        "alertmanager does not accept its configuration:",
        "prometheus does not accept its configuration:",
        "its check did not end within 60 s: `sleep 600`",
        "rejected; what runs was not touched",
    ];
    running.is_untouched(&["up"], 4, &says);
    let checks = docker(&["ps", "-aq", "--filter", &format!("name=^/{}-.*-check-", stack.name)]);
    assert_eq!(checks.trim(), "", "the checker runs on");

    // Another program's image, which has no such checker.
    stack.manifest("components: {alertmanager: {image: prom/node-exporter, version: v1.12.1}}\n");
    running.is_untouched(&["up", "--pull", "never"], 1, &["amtool", "what runs was not touched"]);

    // Too little memory: its checker has no more than the program would have.
    stack.manifest("components: {loki: {resources: {memory: 6MiB}}}\n");
    running.is_untouched(&["up"], 4, &["for want of memory (`resources.memory`)"]);
}
