//! Faults in the midst of a change: each ends in a clear message and the right exit code, with the new
//! or the old generation running, and the next `up` makes all of it good.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::harness::{Ended, TestStack, docker, ended};

/// An engine that is gone after so many requests that change something.
fn dying(stack: &TestStack, after: usize) -> PathBuf {
    let path = stack.path(&format!("dying-{after}.sock"));
    let listener = UnixListener::bind(&path).unwrap();
    let changes = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let engine = UnixStream::connect("/var/run/docker.sock").unwrap();
            let (from, to) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || pass(from, to, |_| true));
            let changes = changes.clone();
            std::thread::spawn(move || {
                pass(client, engine, |bytes| {
                    let text = String::from_utf8_lossy(bytes);
                    let changing = ["POST ", "PUT ", "DELETE "].iter().any(|m| text.starts_with(m));
                    let seen = changes.fetch_add(usize::from(changing), Ordering::SeqCst);
                    seen + usize::from(changing) <= after
                });
            });
        }
    });
    path
}

fn pass(mut from: UnixStream, mut to: UnixStream, may: impl Fn(&[u8]) -> bool) {
    use std::io::{Read as _, Write as _};
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 || !may(&buffer[..n]) || to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// A change that reloads, restarts and makes anew.
fn change(round: usize) -> String {
    format!(
        "alerts: {{override: {{HighErrorRate: {{threshold: 0.0{}5}}}}}}\ncomponents: {{loki: {{config: {{limits_config: {{max_query_series: {}}}}}}}, alertmanager: {{resources: {{pids: {}}}}}}}\n",
        round + 1,
        400 + round,
        100 + round
    )
}

#[test]
fn an_engine_that_dies_at_any_step_leaves_nothing_that_the_next_up_cannot_mend() {
    let stack = TestStack::new("dying");
    stack.mcpmon(&["up"]).expect(0);
    let volumes = || {
        let label = format!("label=dev.mcpmon.stack={}", stack.name);
        docker(&["volume", "ls", "-q", "--filter", &label])
    };
    let before = volumes();
    for after in 0..20 {
        stack.manifest(&change(after));
        let host = format!("unix://{}", dying(&stack, after).display());
        let output = stack.command(&["up"]).env("DOCKER_HOST", host).output().unwrap();
        let died = ended(&output);
        assert!([0, 1, 3, 4].contains(&died.code), "after {after}: {}", died.stderr);
        assert!(died.code == 0 || died.stderr.contains("error:"), "after {after}: no message");
        // Its process has ended, so its lock is taken over.
        let good = stack.mcpmon(&["up"]);
        assert_eq!(good.code, 0, "after {after}:\n{}\nthen\n{}", died.stderr, good.stderr);
        let left = stack.mcpmon(&["plan", "--detailed-exitcode"]);
        assert_eq!(left.code, 0, "after {after}: {}{}", left.stdout, left.stderr);
        let rules = stack.text(stack.ports.prometheus, "/api/v1/rules?type=alert");
        assert!(rules.contains(&format!(" 0.0{}5 ", after + 1)), "after {after}: the old rules");
        assert!(stack.containers("{{.State.Status}}").iter().all(|s| s == "running"));
    }
    assert_eq!(before, volumes(), "data came or went");
}

#[test]
fn what_breaks_beside_mcpmon_is_named_and_mended() {
    let stack = TestStack::new("beside");
    stack.mcpmon(&["up"]).expect(0);
    // What is loaded; containers may be others afterwards.
    let loaded = || {
        let mut all = stack.fingerprint();
        all.truncate(all.len() - stack.containers("{{.Name}}").len());
        all
    };
    let before = loaded();
    let undone = |manifest: &str, says: &str| -> Ended {
        stack.manifest(manifest);
        let ended = stack.mcpmon(&["up", "--timeout", "10s", "--pull", "never"]);
        assert!(ended.stderr.contains(says), "`{says}` is not in:\n{}", ended.stderr);
        assert_eq!(before, loaded(), "{says}");
        ended
    };

    // Found before anything is touched.
    undone("components: {loki: {version: none-1}}\n", "it is not here, and --pull=never").expect(1);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let number = port.local_addr().unwrap().port();
    undone(&format!("components: {{loki: {{port: {number}}}}}\n"), "a program on this host has it")
        .expect(1);
    drop(port);
    // An argument that the program does not know: it ends at once, and the one before comes back.
    undone("components: {alertmanager: {args: [--no-such-flag]}}\n", "running again, proven")
        .expect(4);
    // Too little memory to start, and a value that only a running program refuses.
    undone("components: {loki: {resources: {memory: 6MiB}}}\n", "running again, proven").expect(4);
    undone(
        "components: {prometheus: {args: [--storage.tsdb.max-block-chunk-segment-size=1]}}\n",
        "running again, proven",
    )
    .expect(4);
    undone(
        "components: {loki: {config: {compactor: {working_directory: /proc/nothing}}}}\n",
        "running again, proven",
    )
    .expect(4);
    undone("components: {promtail: {config: {positions: {filename: /proc/nothing/x}}}}\n", "")
        .expect(4);
    let past = stack.mcpmon(&["history"]).expect(0).stdout;
    assert!(past.matches("undone").count() >= 4, "{past}");

    // What somebody takes away is made again, and data stays.
    stack.manifest("");
    for (what, args) in [
        ("a container", vec!["rm", "-f", "NAME-prometheus"]),
        ("a running process", vec!["kill", "NAME-alertmanager"]),
        ("a pause", vec!["pause", "NAME-loki"]),
        ("a network", vec!["network", "disconnect", "-f", "NAME", "NAME-weather"]),
        ("a configuration volume's container", vec!["rm", "-f", "NAME-mcpmon-state"]),
        ("a limit", vec!["update", "--pids-limit", "50", "NAME-grafana"]),
    ] {
        let args: Vec<String> = args.iter().map(|arg| arg.replace("NAME", &stack.name)).collect();
        docker(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let up = stack.mcpmon(&["up"]);
        assert_eq!(up.code, 0, "{what}: {}", up.stderr);
        let left = stack.mcpmon(&["plan", "--detailed-exitcode"]);
        assert_eq!(left.code, 0, "{what}: {}{}", left.stdout, left.stderr);
    }
    // A configuration volume that was emptied behind a container that is gone.
    docker(&["rm", "-f", &stack.container("promtail")]);
    docker(&["volume", "rm", &format!("{}-promtail-config", stack.name)]);
    stack.mcpmon(&["up"]).expect(0).says("1 created");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
    assert_eq!(before, loaded());
}
