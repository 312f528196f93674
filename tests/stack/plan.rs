//! The preview: it asks and never changes, it is exact, and it sees what was changed by hand.

use serde_json::Value;

use crate::harness::{Ended, TestStack, docker, ended, eventually};
use crate::recorder;

/// `plan --output json`.
fn plan(stack: &TestStack) -> Value {
    serde_json::from_str(&stack.mcpmon(&["plan", "--output", "json"]).expect(0).stdout).unwrap()
}

fn step<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let steps = plan["steps"].as_array().unwrap();
    steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no {name}: {plan}"))
}

#[test]
fn a_plan_asks_and_never_changes_names_fields_and_is_applied_as_it_was_saved() {
    let stack = TestStack::new("plan");
    // Before anything is there.
    let first = plan(&stack);
    assert_eq!(first["pending"], true);
    assert_eq!(step(&first, "loki")["action"], "create");
    assert!(stack.containers("{{.Name}}").is_empty(), "a plan made containers");
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0).says("nothing to change");

    // Each change with the field that it comes from.
    let manifest = "components: {loki: {retention: 14d}}\nalerts: {override: {HighErrorRate: {threshold: 0.0625}}}\n";
    stack.manifest(manifest);
    let (socket, requests) = recorder::record(stack.dir.path());
    let host = format!("unix://{}", socket.display());
    let args = ["plan", "--detailed-exitcode", "--out", "saved.json"];
    let shown = ended(&stack.command(&args).env("DOCKER_HOST", host).output().unwrap()).expect(5);
    let requests = requests.lock().unwrap().clone();
    assert!(requests.len() > 10, "the recorder saw too little: {requests:?}");
    let changing: Vec<&String> =
        requests.iter().filter(|r| !r.starts_with("GET ") && !r.starts_with("HEAD ")).collect();
    assert!(changing.is_empty(), "{changing:?}");
    let text = shown.stdout;
    for said in [
        "restart loki: loki.yml changed",
        "because of components.loki.retention (test.yaml:1:21): \"7d\" → \"14d\"",
        "reload prometheus: ",
        "because of alerts.override.HighErrorRate.threshold (test.yaml:2:37): nothing → 0.0625",
        "-  retention_period: \"7d\"",
        "+  retention_period: \"14d\"",
    ] {
        assert!(text.contains(said), "`{said}` is not in:\n{text}");
    }

    // Somebody was there in between: the saved plan is refused.
    let before = stack.containers("{{.Id}} {{.State.StartedAt}}");
    stack.manifest("");
    let refused = stack.mcpmon(&["up", "--plan", "saved.json"]).expect(4);
    assert!(refused.stderr.contains("the manifest says something else"), "{}", refused.stderr);
    stack.manifest(manifest);
    docker(&["stop", "-t", "1", &stack.container("search")]);
    let refused = stack.mcpmon(&["up", "--plan", "saved.json"]).expect(4);
    assert!(refused.stderr.contains("containers were changed"), "{}", refused.stderr);
    docker(&["start", &stack.container("search")]);
    stack.mcpmon(&["up", "--plan", "saved.json"]).expect(0).says("ready and proven");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
    let after = stack.containers("{{.Id}} {{.State.StartedAt}}");
    let same = before.iter().filter(|line| after.contains(line)).count();
    assert_eq!(
        same,
        before.len() - 2,
        "more than loki and search began anew: {before:?} {after:?}"
    );

    // A plan for another stack, and no plan at all.
    stack.mcpmon(&["up", "--plan", "test.yaml"]).expect(2).says("is no plan");
}

#[test]
fn what_was_changed_by_hand_is_shown_and_mended() {
    let stack = TestStack::new("drift");
    stack.mcpmon(&["up"]).expect(0);
    let says = |text: &str| -> Ended {
        let shown = stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(5);
        assert!(shown.stdout.contains(text), "`{text}` is not in:\n{}", shown.stdout);
        shown
    };

    // Containers: limits, stopped, removed.
    docker(&["update", "--memory", "100m", "--memory-swap", "200m", &stack.container("weather")]);
    says("recreate weather: it was changed by hand: memory 100 MiB");
    docker(&["stop", "-t", "1", &stack.container("search")]);
    says("start search: it is not running");
    docker(&["rm", "-f", &stack.container("translate")]);
    says("translate: its container was removed");
    stack.mcpmon(&["up"]).expect(0).says("1 created, 1 made anew, 1 started");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);

    // A file in the volume.
    let edited = stack.path("loki.yml");
    let there = format!("{}:/etc/mcpmon/live/loki.yml", stack.container("loki"));
    docker(&["cp", &there, edited.to_str().unwrap()]);
    let text = std::fs::read_to_string(&edited).unwrap();
    std::fs::write(&edited, text + "# by hand\n").unwrap();
    write_into(&stack, "loki", "loki.yml", &edited);
    says("loki: loki.yml was edited in the volume");
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);

    // What a program has loaded is not what its files say: it was given others and asked to read
    // them, and the files were put back.
    let rules = stack.path("services.yml");
    let there = format!("{}:/etc/mcpmon/live/rules/services.yml", stack.container("prometheus"));
    docker(&["cp", &there, rules.to_str().unwrap()]);
    let good = std::fs::read_to_string(&rules).unwrap();
    let other = stack.path("other.yml");
    std::fs::write(&other, good.replace("for: 5m", "for: 7m")).unwrap();
    write_into(&stack, "prometheus", "rules/services.yml", &other);
    post(&stack, "/-/reload");
    std::fs::write(&other, &good).unwrap();
    write_into(&stack, "prometheus", "rules/services.yml", &other);
    let shown = says("changed past the manifest:");
    assert!(shown.stdout.contains("`mcpmon reload` mends it"), "{}", shown.stdout);
    stack.mcpmon(&["reload"]).expect(0).says("prometheus reads its files again");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);

    // Grafana: a dashboard that was edited there.
    let uid = stack.get(stack.ports.grafana, "/api/health");
    assert!(uid["database"] == "ok", "{uid}");
    eventually("nothing is left to do", 20, || {
        stack.mcpmon(&["plan", "--detailed-exitcode"]).code == 0
    });
}

/// Puts a file into a configuration volume behind mcpmon's back, with the owner that it had.
fn write_into(stack: &TestStack, component: &str, path: &str, file: &std::path::Path) {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let owner = if component == "loki" { 10001 } else { 65534 };
    chown(file, Some(owner), Some(owner)).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let volume = format!("{}-{component}-config:/v", stack.name);
    let id = docker(&["create", "-v", &volume, "mcpmon/empty:1", "none"]);
    docker(&["cp", "-a", file.to_str().unwrap(), &format!("{}:/v/live/{path}", id.trim())]);
    docker(&["rm", id.trim()]);
}

fn post(stack: &TestStack, path: &str) {
    let url = format!("http://127.0.0.1:{}{path}", stack.ports.prometheus);
    let sent = std::process::Command::new("curl").args(["-sSf", "-X", "POST", &url]).status();
    assert!(sent.unwrap().success());
}
