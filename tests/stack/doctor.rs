//! The doctor finds the cause, says what mends it, and mends what is safe.

use serde_json::Value;

use crate::harness::{TestStack, docker, eventually};

fn findings(stack: &TestStack) -> Vec<Value> {
    let shown = stack.mcpmon(&["doctor", "--output", "json"]).stdout;
    let document: Value = serde_json::from_str(&shown).unwrap();
    document["findings"].as_array().unwrap().clone()
}

/// The finding of that name that is not fine.
fn find(stack: &TestStack, id: &str) -> Option<Value> {
    findings(stack).into_iter().find(|f| f["id"] == id && f["level"] != "fine")
}

#[test]
fn each_fault_is_found_with_its_evidence_and_what_mends_it() {
    let stack = TestStack::new("doctor");
    // Before anything is there: it can be looked at, and says so.
    assert_eq!(find(&stack, "drift").unwrap()["mend"], "mcpmon up");
    let other = std::net::TcpListener::bind(("127.0.0.1", stack.ports.loki)).unwrap();
    let taken = find(&stack, "ports").unwrap();
    assert!(
        taken["evidence"][0].as_str().unwrap().contains("for loki: a program on this host has it")
    );
    drop(other);
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["health-check", "--wait"]).expect(0);
    stack.mcpmon(&["doctor"]).expect(0);

    // Targets that are down, each for another reason.
    let service = |url: &str| format!("{{group: demo, dialect: mcp, metrics: '{url}'}}");
    stack.manifest(&format!(
        "services:\n  nowhere: {}\n  closed: {}\n  wrong: {}\n",
        service("http://nobody-here:9/metrics"),
        service("http://search:9/metrics"),
        service("http://search:8080/not-there"),
    ));
    stack.mcpmon(&["reload"]).expect(0);
    docker(&["stop", "-t", "1", &stack.container("translate")]);
    let mut down: Vec<Value> = Vec::new();
    eventually("four targets are down", 60, || {
        down = findings(&stack).into_iter().filter(|f| f["id"] == "target-down").collect();
        down.len() == 4
    });
    let cause = |name: &str| {
        let found = down.iter().find(|f| f["what"].as_str().unwrap().starts_with(name));
        found.unwrap_or_else(|| panic!("{name}: {down:#?}"))
    };
    for (name, what, mend) in [
        (
            "nowhere",
            "nothing in the stack's network is called nobody-here",
            "services.nowhere.metrics",
        ),
        ("closed", "its port 9 does not answer", "another port in services.closed.metrics"),
        ("wrong", "it has no metrics at that path", "mcpmon metrics check wrong"),
        ("translate", "its container does not run", "mcpmon up"),
    ] {
        let found = cause(name);
        assert!(found["what"].as_str().unwrap().contains(what), "{found}");
        assert!(found["mend"].as_str().unwrap().contains(mend), "{found}");
        assert!(found["evidence"][0].as_str().unwrap().contains("Prometheus asks"), "{found}");
    }
    stack
        .mcpmon(&["health-check", "--only", "targets", "--explain"])
        .expect(1)
        .says("closed is down: its port 9 does not answer");
    stack.mcpmon(&["doctor"]).expect(1).says("4 wrong");
    stack.manifest("");
    stack.mcpmon(&["up"]).expect(0);

    // Data that belongs to somebody else; a component that went and left its volumes.
    let loki = format!("{}-loki-data", stack.name);
    let mount = docker(&["volume", "inspect", "--format", "{{.Mountpoint}}", &loki]);
    std::os::unix::fs::chown(mount.trim(), Some(12345), Some(12345)).unwrap();
    let owner = find(&stack, "owner").unwrap();
    assert!(owner["mend"].as_str().unwrap().contains("chown -R 10001:10001"), "{owner}");
    std::os::unix::fs::chown(mount.trim(), Some(10001), Some(10001)).unwrap();
    assert_eq!(find(&stack, "owner"), None);
    stack.manifest(
        "components: {loki: {enabled: false}, promtail: {enabled: false}}\ndashboards: [fleet]\n",
    );
    let left = find(&stack, "left-volumes").unwrap();
    assert!(left["mend"].as_str().unwrap().contains(&loki), "{left}");
    stack.manifest("");

    // A lock whose holder died is taken away; nothing else is.
    let mut child = stack.command(&["up"]).env("MCPMON_FILE", changed(&stack)).spawn().unwrap();
    let lock = stack.container("mcpmon-lock");
    let there = || docker(&["ps", "-aq", "--filter", &format!("name=^/{lock}$")]);
    eventually("the lock is held", 20, || !there().trim().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    stack.mcpmon(&["doctor", "--fix"]).says("whoever changed the stack last has died");
    assert_eq!(there().trim(), "", "the lock stays");
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["doctor"]).expect(0);
}

/// The manifests of the stack with a change on top.
fn changed(stack: &TestStack) -> String {
    std::fs::write(stack.path("more.yaml"), "components: {loki: {resources: {pids: 333}}}\n")
        .unwrap();
    let overlay = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/overlay.yaml");
    format!("mcpmon.yaml,{},ports.yaml,test.yaml,more.yaml", overlay.display())
}
