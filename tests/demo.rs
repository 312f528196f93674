//! The demonstration service, asked over HTTP as Prometheus and MCP clients ask it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use mcpmon::demo::{self, DemoArgs};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: DemoArgs,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A running service; it ends with the test's runtime.
struct Service {
    base: String,
    log: Buffer,
    client: Client,
    _running: JoinHandle<()>,
}

impl Service {
    async fn start(arguments: &str) -> Self {
        let line = Line::parse_from(
            ["demo", "--listen=127.0.0.1:0"]
                .into_iter()
                .chain(arguments.split_whitespace()),
        );
        let log = Buffer::default();
        let server = demo::bind(&line.args, Box::new(log.clone())).await.unwrap();
        let base = format!("http://{}", server.address());
        let running =
            tokio::spawn(async move { server.serve(std::future::pending()).await.unwrap() });
        Self {
            base,
            log,
            client: Client::new(),
            _running: running,
        }
    }

    async fn get(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap()
    }

    async fn control(&self, path: &str, body: &'static str) -> (u16, String) {
        let answer = self
            .client
            .post(format!("{}/control/{path}", self.base))
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn metrics(&self) -> String {
        self.get("/metrics").await.text().await.unwrap()
    }

    async fn post(&self, headers: &[(&'static str, &str)], body: &Value) -> Response {
        let mut request = self
            .client
            .post(format!("{}/mcp", self.base))
            .header("Accept", "application/json, text/event-stream")
            .json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn call(&self, tool: &str, arguments: Value) -> (u16, Value) {
        let params = json!({"name": tool, "arguments": arguments});
        let body = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params});
        let answer = self
            .post(&[("MCP-Protocol-Version", "2025-11-25")], &body)
            .await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// The sum of all series whose line begins so and holds each of these parts.
fn total(metrics: &str, name: &str, parts: &[&str]) -> f64 {
    metrics
        .lines()
        .filter(|line| {
            line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} "))
        })
        .filter(|line| parts.iter().all(|part| line.contains(part)))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        .sum()
}

/// Waits until a condition on the metrics holds.
async fn until(service: &Service, condition: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let metrics = service.metrics().await;
        if condition(&metrics) {
            return metrics;
        }
        assert!(Instant::now() < deadline, "never came true:\n{metrics}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn tool_names(answer: &Value) -> Vec<&str> {
    answer["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

const TOOLS: [&str; 4] = [
    "get_forecast",
    "search_documents",
    "slow_report",
    "translate",
];

#[tokio::test]
async fn the_legacy_era_is_spoken_under_any_host_name() {
    let service = Service::start("--rate 0 --name notes").await;
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let answer = service.post(&[("Host", "some-service:8080")], &hello).await;
    assert_eq!(answer.status(), 200);
    assert!(
        !answer.headers().contains_key("mcp-session-id"),
        "it keeps no sessions"
    );
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(answer["result"]["serverInfo"]["name"], "notes");

    let version = [
        ("MCP-Protocol-Version", "2025-11-25"),
        ("Host", "demo.example"),
    ];
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(service.post(&version, &initialized).await.status(), 202);
    let ping = service
        .post(
            &version,
            &json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}),
        )
        .await;
    assert_eq!(ping.json::<Value>().await.unwrap()["result"], json!({}));
    let list = service
        .post(
            &version,
            &json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"}),
        )
        .await;
    assert_eq!(tool_names(&list.json().await.unwrap()), TOOLS);

    let answer = service
        .client
        .delete(format!("{}/mcp", service.base))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 405, "there is no session to end");
}

#[tokio::test]
async fn the_modern_era_is_spoken() {
    let service = Service::start("--rate 0 --errors 0 --latency 1ms").await;
    let version = ("MCP-Protocol-Version", "2026-07-28");
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let request = |method: &str, mut params: Value| {
        params["_meta"] = meta.clone();
        json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": params})
    };
    let discover = request("server/discover", json!({}));
    let answer = service
        .post(&[version, ("Mcp-Method", "server/discover")], &discover)
        .await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert!(
        answer["result"]["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!("2026-07-28")),
        "{answer}"
    );

    let list = service
        .post(
            &[version, ("Mcp-Method", "tools/list")],
            &request("tools/list", json!({})),
        )
        .await;
    assert_eq!(tool_names(&list.json().await.unwrap()), TOOLS);

    let call = request(
        "tools/call",
        json!({"name": "translate", "arguments": {"text": "hi", "language": "fr"}}),
    );
    let answer = service
        .post(
            &[
                version,
                ("Mcp-Method", "tools/call"),
                ("Mcp-Name", "translate"),
            ],
            &call,
        )
        .await;
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "[fr] hi");
}

#[tokio::test]
async fn every_dialect_has_all_series_before_and_counts_after_traffic() {
    let cases: [(&str, &str, &[&str], &str); 3] = [
        (
            "fastapi",
            "http_requests_total",
            &["handler=\"/mcp\"", "status=\"2xx\""],
            "http_requests_total{handler=\"/mcp\",method=\"POST\",status=\"5xx\"} 0",
        ),
        (
            "mcp",
            "mcp_tool_executions_total",
            &["status=\"success\""],
            "mcp_errors_total{error_type=\"tool_error\"} 0",
        ),
        (
            "otel-http",
            "mcp_server_operation_duration_seconds_count",
            &[
                "gen_ai_tool_name=\"translate\"",
                "mcp_protocol_version=\"2026-07-28\"",
            ],
            "http_server_request_duration_seconds_count{http_request_method=\"POST\",http_response_status_code=\"500\",http_route=\"/mcp\",url_scheme=\"http\"} 0",
        ),
    ];
    for (dialect, name, parts, zero) in cases {
        let quiet = Service::start(&format!("--rate 0 --dialect {dialect}")).await;
        let answer = quiet.get("/metrics").await;
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        let before = answer.text().await.unwrap();
        assert!(
            before.lines().any(|line| line == zero),
            "{dialect}:\n{before}"
        );

        let busy = Service::start(&format!(
            "--rate 100 --latency 1ms --errors 30% --seed 1 --dialect {dialect}"
        ))
        .await;
        let after = until(&busy, |metrics| total(metrics, name, parts) > 5.0).await;
        for line in after.lines().filter(|line| !line.starts_with('#')) {
            let series = format!("\n{} ", line.rsplit_once(' ').unwrap().0);
            assert!(
                before.contains(&series),
                "{dialect}: traffic brought a new series:{series}"
            );
        }
        for name in [
            "process_start_time_seconds",
            "process_resident_memory_bytes",
            "process_open_fds",
        ] {
            assert!(total(&after, name, &[]) > 0.0, "{dialect} lacks {name}");
        }
        assert!(after.contains("\nprocess_cpu_seconds_total "));
    }
}

#[tokio::test]
async fn requests_from_outside_are_counted_and_scrapes_are_not() {
    let service = Service::start("--rate 0 --dialect fastapi").await;
    assert_eq!(service.get("/healthz").await.text().await.unwrap(), "ok\n");
    assert_eq!(service.get("/nowhere").await.status(), 404);
    assert!(
        service
            .get("/")
            .await
            .text()
            .await
            .unwrap()
            .contains("/metrics")
    );
    service.metrics().await;
    let metrics = service.metrics().await;
    assert!(
        (total(&metrics, "http_requests_total", &[]) - 3.0).abs() < f64::EPSILON,
        "{metrics}"
    );
    assert!(
        metrics.contains("http_requests_total{handler=\"none\",method=\"GET\",status=\"4xx\"} 1\n")
    );
    assert!(metrics.contains("http_requests_inprogress 0\n"));
}

#[tokio::test]
async fn a_failing_tool_is_a_500_in_http_metrics_and_log() {
    let service = Service::start("--rate 0 --errors 100% --latency 1ms --dialect otel-http").await;
    let (status, answer) = service.call("get_forecast", json!({"city": "Ghent"})).await;
    assert_eq!((status, &answer["error"]["code"]), (500, &json!(-32603)));
    let metrics = service.metrics().await;
    let name = "http_server_request_duration_seconds_count";
    assert!(
        (total(
            &metrics,
            name,
            &["http_response_status_code=\"500\"", "/mcp"]
        ) - 1.0)
            .abs()
            < f64::EPSILON
    );
    let name = "mcp_server_operation_duration_seconds_count";
    assert!(
        (total(&metrics, name, &["error_type=\"-32603\"", "get_forecast"]) - 1.0).abs()
            < f64::EPSILON
    );
    let lines = service.lines();
    assert!(
        lines[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("listening on 127.0.0.1:")
    );
    let line = &lines[1];
    assert_eq!(
        (&line["level"], &line["status"], &line["tool"]),
        (&json!("error"), &json!(500), &json!("get_forecast"))
    );
    assert_eq!(
        line["message"],
        "get_forecast failed: the weather provider answered 503"
    );
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn the_share_of_errors_is_kept_and_can_be_changed() {
    let service = Service::start("--rate 400 --latency 1ms --errors 20% --seed 3").await;
    let failed = |metrics: &str| total(metrics, "mcp_tool_executions_total", &["status=\"error\""]);
    let all = |metrics: &str| total(metrics, "mcp_tool_executions_total", &[]);
    let metrics = until(&service, |metrics| all(metrics) > 400.0).await;
    let share = failed(&metrics) / all(&metrics);
    assert!((0.13..0.27).contains(&share), "{share}");

    assert_eq!(
        service.control("errors?share=100%25", "").await,
        (200, "share of failing tool calls set to 1\n".to_owned())
    );
    assert_eq!(
        service
            .call("translate", json!({"text": "a", "language": "fr"}))
            .await
            .0,
        500
    );
    assert_eq!(service.control("errors?share=0", "").await.0, 200);
    assert_eq!(
        service
            .call("translate", json!({"text": "a", "language": "fr"}))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn control_logs_one_line_changes_latency_and_refuses_nonsense() {
    let service = Service::start("--rate 0 --errors 0 --latency 1ms").await;
    assert_eq!(
        service.control("log", "needle \"42\"\nsecond").await,
        (204, String::new())
    );
    let lines = service.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[1]["message"], &lines[1]["level"]),
        (&json!("needle \"42\"\nsecond"), &json!("info"))
    );

    assert_eq!(service.control("latency?mean=300ms", "").await.0, 200);
    let started = Instant::now();
    service
        .call("slow_report", json!({"month": "2026-10"}))
        .await;
    assert!(started.elapsed() > Duration::from_millis(100));
    assert_eq!(service.lines().last().unwrap()["level"], "warn");

    let (status, text) = service.control("errors?share=7", "").await;
    assert_eq!(status, 400);
    assert_eq!(
        text,
        "share '7': a share lies between 0% and 100% (0 and 1); write 5% for five in a hundred\n"
    );
    assert_eq!(
        service.control("latency", "").await,
        (400, "say which: /control/latency?mean=…\n".to_owned())
    );
    assert_eq!(
        service.get("/control/errors?share=1").await.status(),
        405,
        "only POST changes anything"
    );
}

#[tokio::test]
async fn what_a_stranger_sends_is_refused_and_makes_no_label_values() {
    let service = Service::start("--rate 0 --errors 0").await;
    let (_, answer) = service.call("rm_rf", json!({})).await;
    assert!(answer["error"]["code"].is_i64(), "{answer}");
    let unknown = service
        .post(
            &[],
            &json!({"jsonrpc": "2.0", "id": 1, "method": "made/up"}),
        )
        .await;
    assert!(unknown.json::<Value>().await.unwrap()["error"]["code"].is_i64());
    let garbage = service
        .client
        .post(format!("{}/mcp", service.base))
        .body("{")
        .send()
        .await
        .unwrap();
    assert!(garbage.status().is_client_error());
    let large = vec![b' '; 300 * 1024];
    let large = service
        .client
        .post(format!("{}/mcp", service.base))
        .body(large)
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), 413);
    let metrics = service.metrics().await;
    assert!(!metrics.contains("rm_rf") && !metrics.contains("made/up"));
    assert!(
        (total(&metrics, "mcp_errors_total", &["invalid_request"]) - 4.0).abs() < f64::EPSILON,
        "{metrics}"
    );
    assert!(
        service
            .lines()
            .iter()
            .skip(1)
            .all(|line| line["level"] == "warn")
    );
}

#[tokio::test]
async fn a_client_that_leaves_is_no_longer_active() {
    let service = Service::start("--rate 0 --latency 30s").await;
    let hurried = Client::builder()
        .timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let params = json!({"name": "translate", "arguments": {"text": "a", "language": "fr"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let request = hurried
        .post(format!("{}/mcp", service.base))
        .header("Accept", "application/json, text/event-stream");
    let answer = tokio::spawn(request.json(&body).send());
    until(&service, |metrics| {
        metrics.contains("mcp_active_connections 1\n")
    })
    .await;
    assert!(answer.await.unwrap().unwrap_err().is_timeout());
    until(&service, |metrics| {
        metrics.contains("mcp_active_connections 0\n")
    })
    .await;
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_at_once_and_well() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .args([
            "demo-service",
            "--listen=127.0.0.1:0",
            "--rate=50",
            "--latency=10s",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert!(
        first["message"]
            .as_str()
            .unwrap()
            .starts_with("listening on 127.0.0.1:")
    );
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let last = lines.last().unwrap().unwrap();
    let status = child.wait().unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
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
        text.contains(&format!(
            "cannot listen on {address}; choose another address with --listen"
        )),
        "{text}"
    );
}
