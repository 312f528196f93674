//! mcpmon dies at any moment; the next `up` finishes what it began.

use std::process::Stdio;
use std::time::Duration;

use crate::harness::{TestStack, docker, eventually, rounds};

#[test]
fn after_kill_9_at_any_moment_the_next_up_converges() {
    let stack = TestStack::new("crash");
    stack.mcpmon(&["up"]).expect(0);
    let count = stack.containers("{{.Name}}").len();
    let rounds = u64::from(rounds(10, 25));
    for round in 0..rounds {
        // From the first millisecond to the last of a change, and denser at its beginning.
        let millis = 40 + 2880 * round * round / ((rounds - 1) * (rounds - 1));
        // Half of the rounds die during an `up` that makes containers, half during a reload.
        let command = if round % 2 == 0 {
            stack.manifest(&format!("components: {{loki: {{resources: {{pids: {}}}}}, alertmanager: {{resources: {{pids: {}}}}}}}\n", 400 + round, 120 + round));
            "up"
        } else {
            stack.manifest(&format!("alerts: {{override: {{HighErrorRate: {{threshold: 0.0{}}}}}}}\nservices: {{weather: {{run: {{resources: {{pids: {}}}}}}}}}\n", round + 1, 100 + round));
            "reload"
        };
        let mut child =
            stack.command(&[command]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        // It may be done already; then there is nothing to kill.
        let _ = child.kill();
        child.wait().unwrap();
        // The engine goes on with what it was asked for, such as to unpack files, for about as long as this.
        std::thread::sleep(Duration::from_millis(500));

        // Whatever it had begun is told, and made sure of.
        let begun = stack.mcpmon(&["history"]).stdout.contains("applying");
        let ended = stack.mcpmon(&["up"]);
        assert_eq!(begun, ended.stderr.contains("was interrupted"), "{}", ended.stderr);
        assert_eq!(ended.code, 0, "round {round}, killed after {millis} ms:\n{}", ended.stderr);
        stack.mcpmon(&["up"]).expect(0).says("nothing to change");
        // On a busy machine a program that has just begun may leave a question unanswered.
        eventually("nothing is left to do", 30, || {
            stack.mcpmon(&["plan", "--detailed-exitcode"]).code == 0
        });
        assert!(!stack.mcpmon(&["history"]).stdout.contains("applying"));
        let names = stack.containers("{{.Name}} {{.State.Status}}");
        assert_eq!(names.len(), count, "round {round}: {names:?}");
        assert!(names.iter().all(|n| n.ends_with(" running")), "round {round}: {names:?}");
        let all = docker(&["ps", "-a", "--format", "{{.Names}}"]);
        let ours: Vec<&str> =
            all.lines().filter(|n| n.starts_with(&format!("{}-", stack.name))).collect();
        // And the one that generations are read through.
        assert_eq!(ours.len(), count + 1, "round {round}: something stays behind: {ours:?}");
    }
}

#[test]
fn ctrl_c_leaves_no_lock_and_the_next_up_goes_on() {
    let stack = TestStack::new("ctrlc");
    for millis in [300, 1200] {
        let child =
            stack.command(&["up"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        let pid = child.id().to_string();
        assert!(
            std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success()
        );
        let ended = crate::harness::ended(&child.wait_with_output().unwrap());
        assert_eq!(ended.code, 130, "{}", ended.stderr);
        assert!(ended.stderr.contains("it goes on from here"), "{}", ended.stderr);
        let lock =
            docker(&["ps", "-aq", "--filter", &format!("name=^/{}-mcpmon-lock$", stack.name)]);
        assert_eq!(lock.trim(), "", "the lock stays");
    }
    stack.mcpmon(&["up"]).expect(0).says("ready and proven");
}

#[test]
fn of_two_at_once_the_second_waits_or_is_told_who_is_at_work() {
    let stack = TestStack::new("two");
    let first =
        stack.command(&["up"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("the first one holds the lock", 20, || {
        let lock = format!("name=^/{}-mcpmon-lock$", stack.name);
        !docker(&["ps", "-aq", "--filter", &lock]).trim().is_empty()
    });
    let told = stack.mcpmon(&["up"]).expect(1).says("is being changed: `mcpmon up` of ");
    assert!(told.stderr.contains("`--wait-lock` waits for it"), "{}", told.stderr);
    stack.manifest("alerts: {override: {HighErrorRate: {threshold: 0.0625}}}\n");
    stack.mcpmon(&["up", "--wait-lock=2m"]).expect(0).says("waiting: ").says("ready and proven");
    crate::harness::ended(&first.wait_with_output().unwrap()).expect(0);
    let past = stack.mcpmon(&["history"]).expect(0).stdout;
    let outcomes: Vec<&str> = past.lines().map(|line| line.get(..40).unwrap_or(line)).collect();
    assert_eq!(outcomes.len(), 2, "{past}");
    assert!(outcomes.iter().all(|line| line.contains("proven")), "{past}");
}
