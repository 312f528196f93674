//! The program: its start and its end.
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

#[cfg(unix)]
#[test]
fn sigterm_ends_it_at_once_and_well() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .args(["demo-service", "--listen=127.0.0.1:0", "--rate=50", "--latency=10s"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert!(first["message"].as_str().unwrap().starts_with("listening on 127.0.0.1:"));
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    assert!(
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success()
    );
    let last = lines.last().unwrap().unwrap();
    let status = child.wait().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(0));
    assert!(last.contains("\"message\":\"stopping\""), "{last}");
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .args(["demo-service", "--listen", &address])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains(&format!("cannot listen on {address}; choose another address with --listen")),
        "{text}"
    );
}
