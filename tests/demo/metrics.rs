//! What is counted, in which names.
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::service::{Service, total, until};

#[tokio::test]
async fn every_dialect_has_all_series_before_and_counts_after_traffic() {
    let cases: [(&str, &str, &[&str], &str); 5] = [
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
        (
            "task-http",
            "tool_executions_total",
            &["tool=\"translate\"", "status=\"success\""],
            "http_server_requests_total{method=\"POST\",route=\"/mcp\",status_class=\"5xx\",status_code=\"500\"} 0",
        ),
        (
            "customer-success",
            "rate_limit_checks_total",
            &["tool_name=\"translate\""],
            "rate_limit_rejections_total{limit_type=\"per_minute\",tool_name=\"translate\"} 0",
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

/// Names and labels are the contract with rules and dashboards.
fn signatures(metrics: &str) -> BTreeSet<String> {
    let series = metrics.lines().filter(|line| !line.starts_with('#'));
    let names = series.map(|line| match line.rsplit_once(' ').unwrap().0.split_once('{') {
        Some((name, labels)) => {
            let labels = labels.trim_end_matches('}').split("\",");
            let labels =
                labels.map(|label| label.split_once('=').unwrap().0).filter(|l| *l != "le");
            format!("{name}{{{}}}", labels.collect::<Vec<_>>().join(","))
        }
        None => format!("{}{{}}", line.split_once(' ').unwrap().0),
    });
    names
        .filter(|name| !name.ends_with("_sum{}") && !name.contains("_sum{"))
        .filter(|name| !name.contains("_count{"))
        .collect()
}

const PROCESS: [&str; 4] = [
    "process_cpu_seconds_total{}",
    "process_open_fds{}",
    "process_resident_memory_bytes{}",
    "process_start_time_seconds{}",
];

#[tokio::test]
async fn task_http_has_just_these_names_and_labels() {
    let service = Service::start("--rate 200 --latency 1ms --errors 20% --dialect task-http").await;
    let metrics = until(&service, |metrics| {
        total(metrics, "streaming_messages_total", &["type=\"error\""]) > 0.0
            && total(metrics, "streaming_connection_duration_seconds_count", &[]) > 3.0
    })
    .await;
    let expected = [
        "auth_attempts_total{result}",
        "health_check_status{check_type}",
        "http_server_active_requests{}",
        "http_server_request_duration_seconds_bucket{method,route}",
        "http_server_requests_total{method,route,status_class,status_code}",
        "http_server_response_size_bytes_bucket{}",
        "process_cpu_usage_percent{}",
        "process_memory_bytes{type}",
        "process_uptime_seconds{}",
        "rate_limit_hits_total{route}",
        "streaming_active_connections{}",
        "streaming_bytes_transferred_bytes_bucket{}",
        "streaming_connection_duration_seconds_bucket{}",
        "streaming_first_message_duration_seconds_bucket{}",
        "streaming_messages_total{type}",
        "tool_active_executions{tool}",
        "tool_execution_duration_seconds_bucket{tool}",
        "tool_executions_total{status,tool}",
    ];
    let expected = expected.into_iter().chain(PROCESS).map(str::to_owned).collect();
    assert_eq!(signatures(&metrics), expected);
    assert!(total(&metrics, "auth_attempts_total", &["success"]) > 0.0);
    for kind in ["rss", "heap", "limit"] {
        assert!(total(&metrics, "process_memory_bytes", &[&format!("\"{kind}\"")]) > 1e5, "{kind}");
    }
    for name in ["streaming_bytes_transferred_bytes_sum", "http_server_response_size_bytes_sum"] {
        assert!(total(&metrics, name, &[]) > 0.0, "{name}");
    }
    assert!(total(&metrics, "process_uptime_seconds", &[]) > 0.0);
}

#[tokio::test]
async fn customer_success_has_just_these_names_and_labels() {
    let service = Service::start("--rate 100 --latency 1ms --dialect customer-success").await;
    let metrics =
        until(&service, |metrics| total(metrics, "mcp_tool_executions_total", &["success"]) > 10.0)
            .await;
    let expected = [
        "database_connection_pool_active{}",
        "database_connection_pool_size{}",
        "health_check_response_time_ms{check_type}",
        "health_check_status{check_type}",
        "http_request_duration_seconds_bucket{method,path}",
        "http_requests_total{method,path,status}",
        "mcp_active_connections{}",
        "mcp_tool_duration_seconds_bucket{tool_name}",
        "mcp_tool_executions_total{status,tool_name}",
        "rate_limit_checks_total{tool_name}",
        "rate_limit_rejections_total{limit_type,tool_name}",
    ];
    let expected = expected.into_iter().chain(PROCESS).map(str::to_owned).collect();
    assert_eq!(signatures(&metrics), expected);
    assert!((total(&metrics, "database_connection_pool_size", &[]) - 100.0).abs() < f64::EPSILON);
}

/// What document 001 and 002 expect of `FastAPI` services and of hand-instrumented servers.
#[tokio::test]
async fn fastapi_and_mcp_have_the_names_that_their_documents_list() {
    let cases: [(&str, &[&str]); 2] = [
        (
            "fastapi",
            &[
                "http_requests_total{handler,method,status}",
                "http_request_duration_seconds_bucket{handler,method}",
                "http_requests_created{handler,method,status}",
            ],
        ),
        (
            "mcp",
            &[
                "mcp_requests_total{endpoint,method,status}",
                "mcp_request_duration_seconds_bucket{endpoint,method}",
                "mcp_active_connections{}",
                "mcp_errors_total{error_type}",
            ],
        ),
    ];
    for (dialect, expected) in cases {
        let service = Service::start(&format!("--rate 0 --dialect {dialect}")).await;
        let found = signatures(&service.metrics().await);
        for name in expected.iter().chain(&PROCESS) {
            assert!(found.contains(*name), "{dialect} lacks {name}: {found:?}");
        }
    }
}

#[tokio::test]
async fn metrics_are_served_in_two_places_and_on_a_port_of_their_own_if_asked() {
    let service = Service::start("--rate 0 --dialect task-http").await;
    for path in ["/metrics", "/health/metrics"] {
        let text = service.get(path).await.text().await.unwrap();
        assert!(text.contains("\ntool_executions_total{"), "{path}");
    }
    assert_eq!(service.get("/health/live").await.text().await.unwrap(), "ok\n");
    let ready = service.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    assert_eq!(ready.text().await.unwrap(), "database ok\ntools ok\n");

    let apart = Service::start("--rate 0 --dialect task-http --metrics-listen 127.0.0.1:0").await;
    assert_ne!(apart.base, apart.metrics_base);
    assert!(apart.metrics().await.contains("\ntool_executions_total{"));
    assert_eq!(apart.get("/metrics").await.status(), 404);
    assert_eq!(apart.get("/healthz").await.status(), 200);
    assert!(apart.lines()[1]["message"].as_str().unwrap().starts_with("metrics on 127.0.0.1:"));
}

#[tokio::test]
async fn a_stream_counts_from_its_beginning_to_the_clients_leaving() {
    let service = Service::start("--rate 0 --latency 1s --dialect task-http").await;
    let answer = service.get("/stream").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    until(&service, |metrics| metrics.contains("streaming_active_connections 1\n")).await;
    drop(answer);
    until(&service, |metrics| {
        metrics.contains("streaming_active_connections 0\n")
            && metrics.contains("streaming_connection_duration_seconds_count 1\n")
    })
    .await;

    service.control("latency?mean=20ms", "").await;
    let text = service.get("/stream").await.text().await.unwrap();
    assert_eq!(text.matches("event: progress\n").count(), 4, "{text}");
    assert!(text.contains("event: result\ndata: {\"step\":5,\"of\":5}\n\n"), "{text}");
}

#[tokio::test]
async fn a_client_that_leaves_is_no_longer_active() {
    let service = Service::start("--rate 0 --latency 30s").await;
    let hurried = mcpmon::check::tls::plain().timeout(Duration::from_millis(300)).build().unwrap();
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
