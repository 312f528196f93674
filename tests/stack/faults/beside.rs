//! What somebody takes away or changes beside mcpmon is made good by the next `up`, and data stays.

use std::process::Stdio;

use super::Running;
use crate::harness::{TestStack, docker, eventually};

fn run(stack: &TestStack, commands: &[&[&str]]) {
    for args in commands {
        let args: Vec<String> = args.iter().map(|arg| arg.replace("NAME", &stack.name)).collect();
        docker(&args.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// Has a shell do something with a volume.
fn shell(stack: &TestStack, volume: &str, script: &str) {
    let volume = format!("{}-{volume}:/v", stack.name);
    let image = "prom/prometheus:v3.13.5";
    docker(&[
        "run",
        "--rm",
        "--user",
        "0:0",
        "-v",
        &volume,
        "--entrypoint",
        "sh",
        image,
        "-c",
        script,
    ]);
}

#[test]
fn what_is_taken_away_is_made_again() {
    let running = Running::up("beside");
    let stack = &running.stack;
    let up = |what: &str| {
        let up = stack.mcpmon(&["up"]);
        assert_eq!(up.code, 0, "{what}: {}", up.stderr);
        running.is_good(what);
        up
    };
    let faults: &[(&str, &[&[&str]])] = &[
        ("a container", &[&["rm", "-f", "NAME-prometheus"]]),
        ("a running process", &[&["kill", "NAME-alertmanager"]]),
        ("a pause", &[&["pause", "NAME-loki"]]),
        ("one in the network", &[&["network", "disconnect", "-f", "NAME", "NAME-weather"]]),
        (
            "one in a network, while it stands still",
            &[
                &["stop", "NAME-agent"],
                &["network", "disconnect", "-f", "NAME-engine", "NAME-agent"],
            ],
        ),
        ("what generations are read through", &[&["rm", "-f", "NAME-mcpmon-state"]]),
        ("a limit", &[&["update", "--pids-limit", "50", "NAME-grafana"]]),
        (
            "a container with its configuration",
            &[
                // It has that volume mounted, too.
                &["rm", "-f", "NAME-mcpmon-state"],
                &["rm", "-f", "NAME-promtail"],
                &["volume", "rm", "NAME-promtail-config"],
            ],
        ),
        (
            "one that waits to come back",
            &[&["rename", "NAME-alertmanager", "NAME-alertmanager-previous"]],
        ),
    ];
    for (what, commands) in faults {
        run(stack, commands);
        up(what);
    }
    // Every file of a program that runs on.
    shell(stack, "prometheus-config", "rm -rf /v/live/*");
    up("all files").says("restart prometheus: all its files were removed");
    // What is remembered of the last generation cannot be read any more.
    shell(stack, "mcpmon-state", "for f in /v/generations/*; do echo '{' > $f; done");
    up("generations").says("nothing to change");
    stack.manifest("alerts: {override: {HighErrorRate: {threshold: 0.0625}}}\n");
    stack.mcpmon(&["up"]).expect(0);
    stack.manifest("");
    up("after generations");
    // The network as a whole.
    for line in stack.containers("{{.Name}}") {
        run(stack, &[&["network", "disconnect", "-f", "NAME", line.trim_start_matches('/')]]);
    }
    run(stack, &[&["network", "rm", "NAME"]]);
    up("the network");
    // The same while nothing runs, as `docker network prune` does.
    for line in stack.containers("{{.Name}}") {
        run(stack, &[&["stop", "-t", "1", line.trim_start_matches('/')]]);
    }
    run(stack, &[&["network", "rm", "NAME", "NAME-engine"]]);
    up("the network of what stands still").says("not in the network");
    // Data is the user's to remove: what is left of it stays.
    stack.mcpmon(&["down"]).expect(0);
    let removed = format!("{}-loki-data", stack.name);
    docker(&["volume", "rm", &removed]);
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
    let kept: Vec<&String> = running.data.iter().filter(|name| **name != removed).collect();
    assert_eq!(kept, stack.marked_data().iter().collect::<Vec<_>>());
}

#[test]
fn the_lock_of_one_that_died_is_taken_over() {
    let running = Running::up("lock");
    let stack = &running.stack;
    stack.manifest("components: {loki: {resources: {pids: 444}}}\n");
    let mut child =
        stack.command(&["up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let lock = format!("name=^/{}-mcpmon-lock$", stack.name);
    eventually("the lock is held", 20, || {
        !docker(&["ps", "-aq", "--filter", &lock]).trim().is_empty()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    stack.mcpmon(&["up"]).expect(0).says("took over the lock of a run that died");
    assert_eq!(docker(&["ps", "-aq", "--filter", &lock]).trim(), "");
    stack.manifest("");
    stack.mcpmon(&["up"]).expect(0);
    running.is_good("a dead one's lock");
}
