//! Failures, their share, and `/control`.
use std::time::{Duration, Instant};

use serde_json::json;

use crate::service::{Service, total, until};

#[tokio::test]
async fn a_failing_tool_is_a_500_in_http_metrics_and_log() {
    let service = Service::start("--rate 0 --errors 100% --latency 1ms --dialect otel-http").await;
    let (status, answer) = service.call("get_forecast", json!({"city": "Ghent"})).await;
    assert_eq!((status, &answer["error"]["code"]), (500, &json!(-32603)));
    let metrics = service.metrics().await;
    let name = "http_server_request_duration_seconds_count";
    assert!(
        (total(&metrics, name, &["http_response_status_code=\"500\"", "/mcp"]) - 1.0).abs()
            < f64::EPSILON
    );
    let name = "mcp_server_operation_duration_seconds_count";
    assert!(
        (total(&metrics, name, &["error_type=\"-32603\"", "get_forecast"]) - 1.0).abs()
            < f64::EPSILON
    );
    let lines = service.lines();
    assert!(lines[0]["message"].as_str().unwrap().starts_with("listening on 127.0.0.1:"));
    let line = &lines[1];
    assert_eq!(
        (&line["level"], &line["status"], &line["tool"]),
        (&json!("error"), &json!(500), &json!("get_forecast"))
    );
    assert_eq!(line["message"], "get_forecast failed: the weather provider answered 503");
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
    assert_eq!(service.call("translate", json!({"text": "a", "language": "fr"})).await.0, 500);
    assert_eq!(service.control("errors?share=0", "").await.0, 200);
    assert_eq!(service.call("translate", json!({"text": "a", "language": "fr"})).await.0, 200);
}

#[tokio::test]
async fn control_logs_one_line_changes_latency_and_refuses_nonsense() {
    let service = Service::start("--rate 0 --errors 0 --latency 1ms").await;
    assert_eq!(service.control("log", "needle \"42\"\nsecond").await, (204, String::new()));
    let lines = service.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[1]["message"], &lines[1]["level"]),
        (&json!("needle \"42\"\nsecond"), &json!("info"))
    );

    assert_eq!(service.control("latency?mean=300ms", "").await.0, 200);
    let started = Instant::now();
    service.call("slow_report", json!({"month": "2026-10"})).await;
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
