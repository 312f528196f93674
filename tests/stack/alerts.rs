//! One alert end to end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::harness::{TestStack, docker, eventually, within};

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

/// With every number as it is by default: from the kill to the message in less than a minute, and one message.
#[test]
fn a_killed_mcp_server_reaches_a_webhook_within_a_minute() {
    let (port, received) = receiver();
    let stack = TestStack::new("killed");
    // The quickstart asks, and so evaluates, every five seconds; a manifest of one's own every fifteen.
    stack.manifest(&format!(
        "defaults: {{scrape: {{interval: 15s, timeout: 10s}}, probe: {{interval: 15s, timeout: 10s}}}}\nnotifications:\n  receivers: {{hook: {{webhook: {{url: \"http://host.docker.internal:{port}/\"}}}}}}\n  default: hook\n",
    ));
    stack.mcpmon(&["up"]).expect(0);
    eventually("weather answers", 60, || answers(&stack, "weather"));
    let told = |alert: &str| {
        received.lock().unwrap().iter().any(|body: &String| {
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            body["alerts"].as_array().is_some_and(|alerts| {
                alerts.iter().any(|a| {
                    a["labels"]["alertname"] == alert && a["labels"]["service"] == "weather"
                })
            })
        })
    };

    docker(&["kill", &stack.container("weather")]);
    let killed = Instant::now();
    within("it reaches the webhook", 60, || told("McpNotAnswering"));
    let bodies = received.lock().unwrap().concat();
    assert!(bodies.contains("has worked for 15s, the last one because of `"), "{bodies}");
    println!("told {:.1} s after the kill", killed.elapsed().as_secs_f64());
    // ServiceDown fires later for the same server, and nobody hears it twice.
    let down = "ALERTS{alertname=\"ServiceDown\",service=\"weather\",alertstate=\"firing\"}";
    eventually("the other alert fires", 120, || !stack.query(down).is_empty());
    std::thread::sleep(Duration::from_secs(15));
    assert!(!told("ServiceDown"), "two messages about one dead server");
    let muted = stack.text(
        stack.ports.alertmanager,
        "/api/v2/alerts?filter=alertname%3D%22ServiceDown%22&inhibited=true&active=false",
    );
    assert!(muted.contains("weather"), "{muted}");

    stack.mcpmon(&["up"]).expect(0).says("start weather");
    let firing = "ALERTS{alertname=\"McpNotAnswering\",alertstate=\"firing\"}";
    eventually("the alert ends", 90, || stack.query(firing).is_empty());
}

#[test]
fn a_tool_that_goes_is_noticed() {
    let stack = TestStack::new("tools");
    stack.manifest(
        "services: {weather: {mcp: {url: \"http://weather:8080/mcp\", expect_tools: [get_forecast, translate]}, run: {demo: {dialect: fastapi}}}}\n",
    );
    stack.mcpmon(&["up"]).expect(0);
    let listed = |tools: &str| {
        let series = stack.query("mcp_probe_tools{service=\"weather\"}");
        series.iter().any(|series| series["value"][1] == tools)
    };
    eventually("its tools are listed", 60, || listed("4"));
    let fires = |alert: &str| {
        let firing =
            format!("ALERTS{{alertname=\"{alert}\",service=\"weather\",alertstate=\"firing\"}}");
        !stack.query(&firing).is_empty()
    };
    assert!(!fires("McpToolMissing") && !fires("McpToolsChanged"));

    let ask = |what: &str| {
        let url = format!("http://weather:8080/control/tools?without={what}");
        // Nothing of it is published; a container on its network asks it.
        let agent = stack.container("weather");
        docker(&[
            "run",
            "--rm",
            "--network",
            &format!("container:{agent}"),
            "--entrypoint",
            "/bin/wget",
            "prom/prometheus:v3.13.5",
            "-qO-",
            "--post-data=",
            &url.replace("weather:8080", "127.0.0.1:8080"),
        ])
    };
    ask("translate");
    eventually("a tool less is listed", 30, || listed("3"));
    eventually("its list is other than before", 30, || fires("McpToolsChanged"));
    eventually("it is missed", 90, || fires("McpToolMissing"));
    assert!(!fires("McpNotAnswering"), "it answers all the same");

    ask("none");
    eventually("it is no longer missed", 60, || listed("4") && !fires("McpToolMissing"));
}

fn answers(stack: &TestStack, service: &str) -> bool {
    let series = stack.query(&format!("mcp_probe_success{{service=\"{service}\"}}"));
    series.iter().any(|series| series["value"][1] == "1")
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
