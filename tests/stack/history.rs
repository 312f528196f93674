//! Generations: written down, compared, brought back, and never more than are kept.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{TestStack, docker, ended, rounds};

fn history(stack: &TestStack) -> Vec<Value> {
    let shown = stack.mcpmon(&["history", "--output", "json"]).expect(0).stdout;
    let document: Value = serde_json::from_str(&shown).unwrap();
    document["generations"].as_array().unwrap().clone()
}

/// `number outcome` of each, newest first.
fn outcomes(stack: &TestStack) -> Vec<String> {
    let all = history(stack);
    all.iter().map(|g| format!("{} {}", g["number"], g["outcome"].as_str().unwrap())).collect()
}

fn threshold(value: &str) -> String {
    format!("alerts: {{override: {{HighErrorRate: {{threshold: {value}}}}}}}\n")
}

#[test]
fn what_was_applied_is_written_down_compared_and_brought_back() {
    let stack = TestStack::new("past");
    stack.mcpmon(&["history"]).expect(1).says("was ever applied");
    stack.mcpmon(&["up", "--message", "the first one"]).expect(0);
    std::fs::create_dir(stack.path("alerts")).unwrap();
    std::fs::write(
        stack.path("alerts/team.yml"),
        "groups:\n  - name: team\n    rules:\n      - alert: Team\n        expr: vector(0) > 1\n",
    )
    .unwrap();
    stack.manifest("alerts: {rules_dir: alerts, override: {HighErrorRate: {threshold: 0.0625}}}\n");
    let second = stack.fingerprint();
    stack.mcpmon(&["reload", "-m", "our own rule"]).expect(0);
    let third = stack.fingerprint();
    assert_ne!(second, third);
    let all = history(&stack);
    assert_eq!(outcomes(&stack), ["2 proven", "1 proven"]);
    assert_eq!(
        (&all[0]["message"], &all[1]["message"]),
        (&"our own rule".into(), &"the first one".into())
    );
    assert_eq!(all[0]["command"], "mcpmon reload");
    assert!(!all[0]["by"]["host"].as_str().unwrap().is_empty());
    assert!(all[1]["images"]["loki"]["id"].as_str().unwrap().starts_with("sha256:"));

    // What changed between them, and each of them.
    let diff = stack.mcpmon(&["diff"]).expect(0).stdout;
    for line in
        ["+      threshold: 0.0625", "--- rules_dir/team.yml", "--- prometheus/rules/services.yml"]
    {
        assert!(diff.contains(line), "`{line}` is not in:\n{diff}");
    }
    assert_eq!(stack.mcpmon(&["diff", "2", "2"]).expect(0).stdout, "");
    let shown = stack.mcpmon(&["show", "1", "--manifest"]).expect(0).stdout;
    assert!(
        shown.contains(&format!("name: {}", stack.name)) && !shown.contains("threshold: 0.0625")
    );
    stack.mcpmon(&["show", "7"]).expect(2).says("there is no generation 7; kept are 1 to 2");

    // From another folder, without the manifest, its rule folder or its secrets.
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = stack.command(args);
        command.args(["--stack", &stack.name]).env_remove("MCPMON_FILE");
        ended(&command.current_dir(elsewhere.path()).output().unwrap())
    };
    assert!(run(&["history"]).expect(0).stdout.contains("our own rule"));
    run(&["rollback", "-m", "not ready"]).expect(0).says("bringing back generation 1");
    assert_eq!(stack.fingerprint(), second, "not what ran before");
    run(&["rollback", "2"]).expect(0);
    assert_eq!(stack.fingerprint(), third, "the rule folder did not come back");
    let all = history(&stack);
    assert_eq!((&all[0]["restores"], &all[1]["restores"]), (&2.into(), &1.into()));
    // What runs is what the manifest in the first folder says.
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);

    // After `down` there is still a past, and `rollback` brings it up.
    stack.mcpmon(&["down"]).expect(0);
    assert!(run(&["history"]).expect(0).stdout.contains("rollback to 2"));
    let left = docker(&["ps", "-aq", "--filter", &format!("name=^/{}-", stack.name)]);
    assert_eq!(left.trim(), "", "looking back leaves a container");
}

/// What something gives, and the containers of a stack that were made meanwhile.
fn containers_made<T>(stack: &TestStack, work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let mut events = Command::new("docker")
        .args(["events", "--filter", "event=create", "--format", "{{.Actor.Attributes.name}}"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(events.stdout.take().unwrap()).lines().map(Result::unwrap);
    // Heard too late, it misses the lock's container as well.
    std::thread::sleep(Duration::from_secs(1));
    let given = work();
    // The last name is one of ours: what was made before it has been heard by then.
    let end = format!("{}-end", stack.name);
    docker(&["create", "--name", &end, "prom/node-exporter:v1.12.1"]);
    docker(&["rm", &end]);
    let names = lines.take_while(|name| *name != end);
    let names = names.filter(|name| name.starts_with(&stack.name)).collect();
    events.kill().unwrap();
    events.wait().unwrap();
    (given, names)
}

#[test]
fn a_broken_generation_is_left_for_the_proven_one_before_it() {
    let stack = TestStack::new("back");
    stack.mcpmon(&["up"]).expect(0);
    let rollback = || {
        let started = Instant::now();
        stack.mcpmon(&["rollback"]).expect(0).says("ready and proven");
        started.elapsed().as_millis()
    };
    // Loki takes the file and cannot start with it; what it made is kept.
    for round in 0..3 {
        let broken =
            "components: {loki: {config: {compactor: {working_directory: /proc/nothing}}}}\n";
        stack.manifest(&format!("{}{broken}", threshold(&format!("0.0{}5", round + 1))));
        let broken = stack
            .mcpmon(&["reload", "--timeout", "8s", "--keep-on-failure"])
            .expect(1)
            .says("kept as it is, as --keep-on-failure asks");
        assert!(broken.stderr.contains("loki"), "{}", broken.stderr);
        assert!(outcomes(&stack)[0].ends_with(" failed"));
        // Nobody waits for a checker to read what ran before.
        let (took, made) = containers_made(&stack, rollback);
        eprintln!("rollback from a Loki that cannot start: {took} ms");
        assert_eq!(made, [format!("{}-mcpmon-lock", stack.name)]);
        assert!(outcomes(&stack)[0].ends_with(" proven"));
    }
    // Rules and dashboards that do what nobody wanted.
    let mut took = Vec::new();
    for round in 0..5 {
        stack.manifest(&threshold(&format!("0.1{round}5")));
        stack.mcpmon(&["reload"]).expect(0);
        took.push(rollback());
    }
    took.sort_unstable();
    eprintln!("rollback of rules and dashboards: {took:?} ms");
    stack.manifest("");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_rollback_brings_back_the_image_that_a_tag_named_then() {
    let stack = TestStack::new("image");
    let tag = format!("{}-alertmanager:1", stack.name);
    docker(&["tag", "prom/alertmanager:v0.33.1", &tag]);
    let manifest = format!(
        "components: {{alertmanager: {{image: {}-alertmanager, version: \"1\"}}}}\n",
        stack.name
    );
    stack.manifest(&manifest);
    stack.mcpmon(&["up"]).expect(0);
    let runs = || {
        stack
            .containers("{{.Name}} {{.Image}}")
            .iter()
            .find(|l| l.contains("-alertmanager "))
            .cloned()
            .unwrap()
    };
    let before = runs();
    stack.mcpmon(&["up", "--locked"]).expect(2).says("there is no");
    stack.mcpmon(&["lock"]).expect(0).says("is of no registry");
    stack.mcpmon(&["up", "--locked"]).expect(0).says("nothing to change");
    // The tag moves on to an image that differs in a label alone.
    let other = docker(&["create", &tag]);
    docker(&["commit", "--change", "LABEL moved=yes", other.trim(), &tag]);
    docker(&["rm", other.trim()]);
    let refused = stack.mcpmon(&["up", "--locked"]).expect(4);
    assert!(
        refused.stderr.contains("these images are not those of mcpmon.lock"),
        "{}",
        refused.stderr
    );
    stack.mcpmon(&["up"]).expect(0).says("is another one now");
    assert_ne!(before, runs());
    stack.mcpmon(&["rollback"]).expect(0);
    assert_eq!(before, runs(), "the image did not come back");
    stack.mcpmon(&["down"]).expect(0);
    docker(&["rmi", "-f", &tag]);
}

#[test]
fn many_reloads_leave_no_more_than_what_is_kept() {
    let stack = TestStack::new("many");
    let keep = |n: u32| format!("generations: {{keep: 5}}\n{}", threshold(&format!("0.1{n:02}5")));
    stack.manifest(&keep(0));
    stack.mcpmon(&["up"]).expect(0);
    let before = stack.containers("{{.Id}} {{.State.StartedAt}}");
    let objects = || {
        let containers = docker(&["ps", "-aq", "--filter", &format!("name=^/{}-", stack.name)]);
        let label = format!("label=dev.mcpmon.stack={}", stack.name);
        let volumes = docker(&["volume", "ls", "-q", "--filter", &label]);
        (containers.lines().count(), volumes.lines().count())
    };
    let there = objects();
    let last = rounds(25, 100);
    for n in 1..=last {
        stack.manifest(&keep(n));
        stack.mcpmon(&["reload"]).expect(0).says("ready and proven");
        let rules = stack.text(stack.ports.prometheus, "/api/v1/rules?type=alert");
        assert!(rules.contains(&format!("0.1{n:02}5")), "reload {n} was not loaded");
    }
    assert_eq!(before, stack.containers("{{.Id}} {{.State.StartedAt}}"), "something began anew");
    assert_eq!(there, objects(), "something stays behind");
    let kept: Vec<String> = (last - 3..=last + 1).rev().map(|n| format!("{n} proven")).collect();
    assert_eq!(outcomes(&stack), kept);
}
