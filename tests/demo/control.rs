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

#[tokio::test]
async fn wrong_credentials_are_refused_and_counted() {
    let start = "--rate 200 --errors 0 --latency 1ms --dialect task-http";
    let service = Service::start(start).await;
    let failed = |metrics: &str| total(metrics, "auth_attempts_total", &["failure"]);
    let right = |metrics: &str| total(metrics, "auth_attempts_total", &["success"]);
    let metrics = until(&service, |metrics| right(metrics) > 50.0).await;
    assert!(failed(&metrics) < 0.5, "{metrics}");
    assert_eq!(service.control("auth?failures=50%25", "").await.0, 200);
    let metrics = until(&service, |metrics| failed(metrics) > 50.0).await;
    let refused = total(&metrics, "http_server_requests_total", &["status_code=\"401\""]);
    assert!((refused - failed(&metrics)).abs() < 3.0, "{metrics}");
    // Whoever shows nothing is served.
    assert_eq!(service.call("translate", json!({"text": "a", "language": "fr"})).await.0, 200);
    assert_eq!(service.control("auth?failures=0", "").await.0, 200);
}

#[tokio::test]
async fn calls_beyond_the_limit_are_turned_away_and_run_nothing() {
    let service =
        Service::start("--rate 0 --errors 0 --latency 1ms --dialect customer-success").await;
    let params = json!({"name": "translate", "arguments": {"text": "a", "language": "fr"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let call = async || service.post(&[], &body).await;
    assert_eq!(call().await.status(), 200);
    assert_eq!(service.control("rate-limit?share=100%25", "").await.0, 200);
    let answer = call().await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    let metrics = service.metrics().await;
    let of = |name: &str| total(&metrics, name, &["translate"]);
    assert!((of("rate_limit_checks_total") - 2.0).abs() < f64::EPSILON, "{metrics}");
    assert!((of("rate_limit_rejections_total") - 1.0).abs() < f64::EPSILON, "{metrics}");
    assert!((of("mcp_tool_executions_total") - 1.0).abs() < f64::EPSILON, "{metrics}");
    assert!(
        (total(&metrics, "http_requests_total", &["status=\"429\""]) - 1.0).abs() < f64::EPSILON
    );
    // Task servers count the hits by route.
    let service = Service::start("--rate 0 --errors 0 --dialect task-http").await;
    service.control("rate-limit?share=100%25", "").await;
    assert_eq!(service.post(&[], &body).await.status(), 429);
    let metrics = service.metrics().await;
    assert!(metrics.contains("rate_limit_hits_total{route=\"/mcp\"} 1\n"), "{metrics}");
}

#[tokio::test]
async fn a_pool_that_leaks_fails_tools_and_the_check() {
    let service =
        Service::start("--rate 0 --errors 0 --latency 1ms --dialect customer-success").await;
    assert!(service.metrics().await.contains("database_connection_pool_active 0\n"));
    assert_eq!(service.control("pool?leaked=100%25", "").await.0, 200);
    let metrics = service.metrics().await;
    assert!(metrics.contains("database_connection_pool_active 100\n"), "{metrics}");
    assert!(metrics.contains("health_check_status{check_type=\"database\"} 0\n"), "{metrics}");
    assert!(metrics.contains("health_check_status{check_type=\"tools\"} 1\n"), "{metrics}");
    assert_eq!(service.get("/health/ready").await.status(), 503);
    assert_eq!(service.get("/health/live").await.status(), 200);
    let (status, answer) = service.call("translate", json!({"text": "a", "language": "fr"})).await;
    assert_eq!(status, 500);
    assert_eq!(answer["error"]["message"], "no database connection became free");
    assert_eq!(service.control("pool?leaked=0", "").await.0, 200);
    assert_eq!(service.call("translate", json!({"text": "a", "language": "fr"})).await.0, 200);
    assert_eq!(service.get("/health/ready").await.status(), 200);
}

#[tokio::test]
async fn checks_memory_and_processor_are_switched_and_back() {
    let service = Service::start("--rate 0 --dialect task-http").await;
    let memory = |metrics: &str, kind: &str| {
        total(metrics, "process_memory_bytes", &[&format!("type=\"{kind}\"")])
    };
    let before = service.metrics().await;
    assert!(memory(&before, "rss") < memory(&before, "limit") * 0.9);
    assert_eq!(service.control("health?failing=tools", "").await.0, 200);
    assert_eq!(service.control("memory?share=97%25", "").await.0, 200);
    assert_eq!(service.control("cpu?share=95%25", "").await.0, 200);
    let during = service.metrics().await;
    assert!(during.contains("health_check_status{check_type=\"tools\"} 0\n"), "{during}");
    assert!((memory(&during, "rss") / memory(&during, "limit") - 0.97).abs() < 1e-6);
    assert!(during.contains("process_cpu_usage_percent 95\n"), "{during}");
    for (path, said) in [
        ("health?failing=none", "failing check set to none\n"),
        ("memory?share=off", "pretended share of the memory limit set to off\n"),
        ("cpu?share=off", "pretended share of a processor set to off\n"),
    ] {
        assert_eq!(service.control(path, "").await, (200, said.to_owned()));
    }
    let after = service.metrics().await;
    assert!(after.contains("health_check_status{check_type=\"tools\"} 1\n"), "{after}");
    assert!(memory(&after, "rss") < memory(&after, "limit") * 0.9);
    assert!(!after.contains("process_cpu_usage_percent 95\n"));
    assert_eq!(
        service.control("health?failing=disk", "").await,
        (400, "failing 'disk': there are the checks database, tools, and `none`\n".to_owned())
    );
    assert_eq!(service.control("memory?share=much", "").await.0, 400);
}
