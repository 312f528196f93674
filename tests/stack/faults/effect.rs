//! Faults that are seen only when a change takes effect: what ran before runs again, proven.

use super::Running;
use crate::harness::docker;

#[test]
fn a_program_that_cannot_start_gives_way_to_the_one_before() {
    let running = Running::up("start");
    // An argument that the program does not know, and one whose value it refuses.
    running.undoes("components: {alertmanager: {args: [--no-such-flag]}}\n", "no-such-flag");
    running.undoes(
        "components: {prometheus: {args: [--storage.tsdb.max-block-chunk-segment-size=1]}}\n",
        "it ended with exit code",
    );
    // Files that its checker takes, and that it cannot work with.
    running.undoes(
        "components: {loki: {config: {compactor: {working_directory: /proc/nothing}}}}\n",
        "loki: ",
    );
    // It runs and never says that it is ready.
    running.undoes(
        "components: {loki: {config: {ingester: {lifecycler: {min_ready_duration: 10m}}}}}\n",
        "not ready after",
    );
    // A new service that ends as soon as it begins, again and again, beside a change that is good.
    running.undoes(
        "services: {looping: {group: demo, dialect: mcp, metrics: 'http://looping:9100/metrics', run: {image: 'prom/node-exporter:v1.12.1', command: [--no-such-flag]}}}\ncomponents: {alertmanager: {resources: {pids: 77}}}\n",
        "looping: it ended with exit code",
    );
    let past = running.stack.mcpmon(&["history"]).expect(0).stdout;
    assert!(past.matches("undone").count() >= 5, "{past}");
}

#[test]
fn what_did_not_run_before_a_change_that_fails_does_not_run_after_it() {
    let running = Running::up("stood");
    let stack = &running.stack;
    let bad =
        "components: {alertmanager: {args: [--no-such-flag]}, loki: {resources: {pids: 444}}}\n";
    let runs = || stack.containers("{{.Name}} {{.State.Running}}");
    // One of them stands still, and one that changes.
    for stopped in [["search", "loki"], ["alertmanager", "search"]] {
        for name in stopped {
            docker(&["stop", "-t", "1", &stack.container(name)]);
        }
        let before = runs();
        stack.manifest(bad);
        let ended = stack.mcpmon(&["up", "--timeout", "20s"]).expect(4);
        ended.says("the change was undone; what ran before runs again, proven");
        assert_eq!(before, runs());
        running.mended();
    }
    // Nothing ran: there is nothing to go back to, and what can run does.
    for line in stack.containers("{{.Name}}") {
        docker(&["stop", "-t", "1", line.trim_start_matches('/')]);
    }
    stack.manifest(bad);
    let ended = stack.mcpmon(&["up", "--timeout", "20s"]).expect(1);
    ended.says("no-such-flag").says("nothing ran before, so what was started stays");
    let prometheus = format!("/{} true", stack.container("prometheus"));
    assert!(runs().contains(&prometheus), "it was stopped: {:?}", runs());
    running.mended();
}

#[test]
fn a_reload_that_is_refused_or_does_nothing_is_no_success() {
    let running = Running::up("reloads");
    let stack = &running.stack;
    // Nobody checks the rule before: Prometheus answers 500, with half of the change loaded.
    stack.own_file("prometheus", "component.yaml", |text| {
        let (before, after) = text.split_once("validators:\n").unwrap();
        let (_, after) = after.split_once("after: ").unwrap();
        format!("{before}after: {after}")
    });
    std::fs::create_dir(stack.path("alerts")).unwrap();
    std::fs::write(
        stack.path("alerts/team.yml"),
        "groups:\n  - name: team\n    rules:\n      - alert: Broken\n        expr: sum(rate(x[5m])) by (\n",
    )
    .unwrap();
    running.undoes(
        "components_dir: own\nalerts: {rules_dir: alerts}\ncomponents: {prometheus: {config: {global: {external_labels: {site: a}}}}}\n",
        "refused to reload",
    );
    // It is asked at an address that answers 200 and loads nothing.
    stack.own_file("prometheus", "component.yaml", |text| {
        text.replace("reload: {post: [/-/reload]}", "reload: {post: ['/api/v1/query?query=1']}")
    });
    running.undoes(
        "components_dir: own\nalerts: {override: {HighErrorRate: {threshold: 0.0625}}}\n",
        "prometheus does not run what was rendered",
    );
    // Grafana does not find a datasource whose identifier changed under its name.
    stack.own_file("prometheus", "component.yaml", |text| format!("{text}\n"));
    stack.own_file("grafana", "datasources.yml.j2", |text| text.replace("uid: loki", "uid: logs"));
    running.undoes("components_dir: own\n", "data source not found");
}
