//! What is counted, in which names.
use std::time::Duration;

use serde_json::json;

use crate::service::{Service, client, total, until};

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
            &["gen_ai_tool_name=\"translate\"", "mcp_protocol_version=\"2026-07-28\""],
            "http_server_request_duration_seconds_count{http_request_method=\"POST\",http_response_status_code=\"500\",http_route=\"/mcp\",url_scheme=\"http\"} 0",
        ),
    ];
    for (dialect, name, parts, zero) in cases {
        let quiet = Service::start(&format!("--rate 0 --dialect {dialect}")).await;
        let answer = quiet.get("/metrics").await;
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let before = answer.text().await.unwrap();
        assert!(before.lines().any(|line| line == zero), "{dialect}:\n{before}");

        let busy = Service::start(&format!(
            "--rate 100 --latency 1ms --errors 30% --seed 1 --dialect {dialect}"
        ))
        .await;
        let after = until(&busy, |metrics| total(metrics, name, parts) > 5.0).await;
        for line in after.lines().filter(|line| !line.starts_with('#')) {
            let series = format!("\n{} ", line.rsplit_once(' ').unwrap().0);
            assert!(before.contains(&series), "{dialect}: traffic brought a new series:{series}");
        }
        for name in
            ["process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds"]
        {
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
    assert!(service.get("/").await.text().await.unwrap().contains("/metrics"));
    service.metrics().await;
    let metrics = service.metrics().await;
    assert!((total(&metrics, "http_requests_total", &[]) - 3.0).abs() < f64::EPSILON, "{metrics}");
    assert!(
        metrics.contains("http_requests_total{handler=\"none\",method=\"GET\",status=\"4xx\"} 1\n")
    );
    assert!(metrics.contains("http_requests_inprogress 0\n"));
}

#[tokio::test]
async fn a_client_that_leaves_is_no_longer_active() {
    let service = Service::start("--rate 0 --latency 30s").await;
    let hurried = client().timeout(Duration::from_millis(300)).build().unwrap();
    let params = json!({"name": "translate", "arguments": {"text": "a", "language": "fr"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let request = hurried
        .post(format!("{}/mcp", service.base))
        .header("Accept", "application/json, text/event-stream");
    let answer = tokio::spawn(request.json(&body).send());
    until(&service, |metrics| metrics.contains("mcp_active_connections 1\n")).await;
    assert!(answer.await.unwrap().unwrap_err().is_timeout());
    until(&service, |metrics| metrics.contains("mcp_active_connections 0\n")).await;
}
