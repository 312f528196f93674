//! A running service and what is asked of it.
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use mcpmon::check::tls;
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
pub struct Service {
    pub base: String,
    pub metrics_base: String,
    log: Buffer,
    pub client: Client,
    _running: JoinHandle<()>,
}

impl Service {
    pub async fn start(arguments: &str) -> Self {
        let line = Line::parse_from(
            ["demo", "--listen=127.0.0.1:0"].into_iter().chain(arguments.split_whitespace()),
        );
        let log = Buffer::default();
        let server = demo::bind(&line.args, Box::new(log.clone())).await.unwrap();
        let base = format!("http://{}", server.address());
        let metrics = server.metrics_address().unwrap_or(server.address());
        let metrics_base = format!("http://{metrics}");
        let running =
            tokio::spawn(async move { server.serve(std::future::pending()).await.unwrap() });
        Self { base, metrics_base, log, client: tls::plain().build().unwrap(), _running: running }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    pub async fn control(&self, path: &str, body: &'static str) -> (u16, String) {
        let answer = self
            .client
            .post(format!("{}/control/{path}", self.base))
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.metrics_base);
        self.client.get(url).send().await.unwrap().text().await.unwrap()
    }

    pub async fn post(&self, headers: &[(&'static str, &str)], body: &Value) -> Response {
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

    pub async fn call(&self, tool: &str, arguments: Value) -> (u16, Value) {
        let params = json!({"name": tool, "arguments": arguments});
        let body = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params});
        let answer = self.post(&[("MCP-Protocol-Version", "2025-11-25")], &body).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The sum of all series whose line begins so and holds each of these parts.
pub fn total(metrics: &str, name: &str, parts: &[&str]) -> f64 {
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
pub async fn until(service: &Service, condition: impl Fn(&str) -> bool) -> String {
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
