//! One alert end to end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::harness::{TestStack, docker, eventually};

#[test]
fn a_stopped_service_reaches_a_webhook() {
    let (port, received) = receiver();
    let stack = TestStack::new("alert");
    stack.manifest(&format!(
        "alerts: {{override: {{ServiceDown: {{for: 5s}}}}}}\nnotifications:\n  receivers: {{hook: {{webhook: {{url: \"http://host.docker.internal:{port}/\"}}}}}}\n  default: hook\n  timing: {{group_wait: 1s}}\n",
    ));
    stack.mcpmon(&["up"]).expect(0);
    eventually("weather is up", 30, || {
        stack.query("up{service=\"weather\"}").iter().any(|s| s["value"][1] == "1")
    });

    docker(&["stop", "-t", "2", &stack.container("weather")]);
    let alert = "ALERTS{alertname=\"ServiceDown\",service=\"weather\",alertstate=\"firing\"}";
    eventually("the alert fires in Prometheus", 60, || !stack.query(alert).is_empty());
    eventually("it reaches Alertmanager", 30, || {
        stack.text(stack.ports.alertmanager, "/api/v2/alerts").contains("ServiceDown")
    });
    let got = |status: &str, alert: &str| {
        received.lock().unwrap().iter().any(|body| {
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            body["alerts"].as_array().is_some_and(|alerts| {
                alerts.iter().any(|a| a["labels"]["alertname"] == alert && a["status"] == status)
            })
        })
    };
    eventually("it reaches the webhook", 30, || got("firing", "ServiceDown"));
    assert!(!got("firing", "Watchdog"), "the Watchdog woke somebody");

    // `up` starts what was stopped by hand, and the alert is over.
    stack.mcpmon(&["up"]).expect(0).says("start weather");
    eventually("the alert ends", 60, || stack.query(alert).is_empty());
}

/// Takes POSTs and keeps their bodies.
pub fn receiver() -> (u16, Arc<Mutex<Vec<String>>>) {
    // Containers reach it through the host's address on their network, which is not loopback.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::new(Mutex::new(Vec::new()));
    let bodies = received.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_ok() {
                bodies.lock().unwrap().push(String::from_utf8(body).unwrap());
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (port, received)
}
