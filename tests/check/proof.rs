use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mcpmon::catalog::Proof;
use mcpmon::check::{Login, Subject, prove};
use mcpmon::plan::Unit;
use serde_json::{Value, json};

use crate::fixture::{Reply, Server, fixture, serve, stack, subject, unit, with_file};

/// The real answers of a program, by path.
async fn recorded(answers: Vec<(&'static str, String)>) -> Server {
    let formatted: Value =
        serde_json::from_str(&fixture("prometheus/format_query-answers.json")).unwrap();
    serve(move |asked, _| {
        let path = asked.trim_start_matches("GET ");
        if path.starts_with("/api/v1/format_query") {
            let url = reqwest::Url::parse(&format!("http://x{path}")).unwrap();
            let query = url.query_pairs().next().unwrap().1.into_owned();
            return match formatted.get(&query) {
                Some(answer) => Reply::ok(answer.to_string()),
                None => Reply::status(400, r#"{"status":"error","error":"parse error"}"#),
            };
        }
        match answers.iter().find(|(known, _)| path == *known) {
            Some((_, body)) => Reply::ok(body.clone()),
            None => Reply::status(404, "404 page not found"),
        }
    })
    .await
}

fn prometheus() -> Unit {
    let unit = with_file(
        unit("prometheus", Some(Proof::Prometheus)),
        "prometheus.yml",
        &fixture("prometheus/prometheus.yml"),
    );
    let unit = with_file(unit, "rules/services.yml", &fixture("prometheus/rules.yml"));
    with_file(unit, "targets/services.json", &fixture("prometheus/services.json"))
}

async fn prometheus_server() -> Server {
    recorded(vec![
        ("/api/v1/status/config", fixture("prometheus/config-answer.json")),
        ("/api/v1/status/runtimeinfo", fixture("prometheus/runtimeinfo-answer.json")),
        ("/api/v1/rules", fixture("prometheus/rules-answer.json")),
        ("/api/v1/targets?state=active", fixture("prometheus/targets-answer.json")),
    ])
    .await
}

fn alertmanager() -> Unit {
    with_file(
        unit("alertmanager", Some(Proof::Alertmanager)),
        "alertmanager.yml",
        &fixture("alertmanager/alertmanager.yml"),
    )
}

async fn alertmanager_server() -> Server {
    recorded(vec![
        ("/api/v2/status", fixture("alertmanager/status-answer.json")),
        ("/metrics", fixture("alertmanager/metrics-answer.txt")),
    ])
    .await
}

fn loki() -> Unit {
    with_file(
        unit("loki", Some(Proof::Config("/config".to_owned()))),
        "loki.yml",
        &fixture("loki/loki.yml"),
    )
}

fn promtail() -> Unit {
    with_file(
        unit("promtail", Some(Proof::Config("/config".to_owned()))),
        "promtail.yml",
        &fixture("promtail/promtail.yml"),
    )
}

async fn config_server(file: &str) -> Server {
    recorded(vec![("/config", fixture(file))]).await
}

async fn outcome(unit: &Unit, server: &Server) -> Vec<String> {
    let stack = stack();
    let subject = subject(unit, &stack, server.url());
    prove(&subject, Duration::ZERO).await.err().unwrap_or_default()
}

#[tokio::test]
async fn what_the_real_programs_print_is_what_was_rendered() {
    let cases = [
        (prometheus(), prometheus_server().await),
        (alertmanager(), alertmanager_server().await),
        (loki(), config_server("loki/config-answer.yaml").await),
        (promtail(), config_server("promtail/config-answer.html").await),
    ];
    for (unit, server) in cases {
        assert_eq!(outcome(&unit, &server).await, [""; 0], "{}", unit.name);
    }
}

/// Rendered differently: file, what stands in it, what is rendered instead, and what is said.
type Change = (&'static str, &'static str, &'static str, &'static [&'static str]);

async fn each_change_is_found(unit: &Unit, server: &Server, changes: &[Change]) {
    for (path, from, to, expected) in changes {
        let text = String::from_utf8(unit.files[*path].content.clone()).unwrap();
        assert!(text.contains(from), "{path}: {from}");
        let other = with_file(unit.clone(), path, &text.replacen(from, to, 1));
        assert_eq!(outcome(&other, server).await, *expected, "{path}: {from} → {to}");
    }
}

#[tokio::test]
async fn prometheus_with_something_else_loaded() {
    let (yml, rules, targets) = ("prometheus.yml", "rules/services.yml", "targets/services.json");
    let changes: [Change; 13] = [
        (yml, "15s", "30s", &["prometheus: global.scrape_interval: rendered 30s, loaded 15s"]),
        (
            yml,
            "acme\"}",
            "other\"}",
            &["prometheus: global.external_labels.stack: rendered other, loaded acme"],
        ),
        (
            yml,
            "acme-alertmanager:9093",
            "am:9093",
            &[
                "prometheus: alerting.alertmanagers[0].static_configs[0].targets[am:9093]: rendered am:9093, loaded acme-alertmanager:9093",
            ],
        ),
        (
            yml,
            "false",
            "true",
            &["prometheus: scrape_configs[services].honor_labels: rendered true, loaded nothing"],
        ),
        (
            rules,
            "0.05",
            "0.02",
            &[
                "rule HighErrorRate: expr: rendered mcp:errors:ratio5m{service!=\"\",group=\"a\"} > 0.02 and mcp:errors:rate5m * 300 > 2, loaded mcp:errors:ratio5m{group=\"a\",service!=\"\"} > 0.05 and mcp:errors:rate5m * 300 > 2",
            ],
        ),
        (rules, "for: 5m", "for: 10m", &["rule HighErrorRate: for: rendered 600s, loaded 300s"]),
        (
            rules,
            "severity: high",
            "severity: critical",
            &["rule HighErrorRate: labels.severity: rendered critical, loaded high"],
        ),
        (
            rules,
            " fails",
            " is broken",
            &[
                "rule HighErrorRate: annotations.summary: rendered {{ $labels.service }} is broken, loaded {{ $labels.service }} fails",
            ],
        ),
        (
            rules,
            "labels: {dialect: fastapi}",
            "labels: {}",
            &["rule mcp:requests:rate5m: labels.dialect is loaded and not rendered"],
        ),
        (
            rules,
            "alert: HighErrorRate",
            "alert: Errors",
            &[
                "rule Errors (mcpmon-services): rendered, not loaded",
                "rule HighErrorRate (mcpmon-services): loaded, not rendered",
            ],
        ),
        (
            rules,
            "name: mcpmon-services",
            "name: x",
            &[
                "prometheus: rendered the rule group x (services.yml), loaded none of that name",
                "prometheus: the rule group mcpmon-services (services.yml) is loaded and not rendered",
            ],
        ),
        (
            targets,
            "weather:8080",
            "weather:9999",
            &[
                "prometheus: job services: rendered and not scraped yet: weather at weather:9999",
                "prometheus: job services: still scraped and not rendered: weather at weather:8080",
            ],
        ),
        (
            targets,
            "\"/m\"",
            "\"/metrics\"",
            &[
                "prometheus: job services: rendered and not scraped yet: search at search:8080",
                "prometheus: job services: still scraped and not rendered: search at search:8080",
            ],
        ),
    ];
    each_change_is_found(&prometheus(), &prometheus_server().await, &changes).await;
}

#[tokio::test]
async fn alertmanager_with_something_else_loaded() {
    let file = "alertmanager.yml";
    let changes: [Change; 5] = [
        (
            file,
            "group_wait: \"10s\"",
            "group_wait: 1m",
            &["alertmanager: route.group_wait: rendered 1m, loaded 10s"],
        ),
        (
            file,
            "#mcp",
            "#ops",
            &["alertmanager: receivers[chat].slack_configs[0].channel: rendered #ops, loaded #mcp"],
        ),
        (
            file,
            "high|warning",
            "high",
            &[
                "alertmanager: inhibit_rules[0].target_matchers: rendered [\"severity=~\\\"high\\\"\",\"service!=\\\"\\\"\"], loaded [\"service!=\\\"\\\"\",\"severity=~\\\"high|warning\\\"\"]",
            ],
        ),
        (
            file,
            "receiver: \"chat\"",
            "receiver: none",
            &["alertmanager: route.receiver: rendered none, loaded chat"],
        ),
        (
            file,
            "templates/*.tmpl",
            "other/*.tmpl",
            &[
                "alertmanager: templates[other/*.tmpl]: rendered other/*.tmpl, loaded /etc/mcpmon/live/templates/*.tmpl",
            ],
        ),
    ];
    each_change_is_found(&alertmanager(), &alertmanager_server().await, &changes).await;
}

#[tokio::test]
async fn loki_and_promtail_with_something_else_loaded() {
    let server = config_server("loki/config-answer.yaml").await;
    let changes: [Change; 2] = [
        (
            "loki.yml",
            "retention_period: \"7d\"",
            "retention_period: 14d",
            &["loki: limits_config.retention_period: rendered 14d, loaded 1w"],
        ),
        (
            "loki.yml",
            "536870912B",
            "1GiB",
            &["loki: ingester.wal.replay_memory_ceiling: rendered 1GiB, loaded 512MB"],
        ),
    ];
    each_change_is_found(&loki(), &server, &changes).await;
    let server = config_server("promtail/config-answer.html").await;
    let changes: [Change; 3] = [
        (
            "promtail.yml",
            "stack: \"acme\"",
            "stack: other",
            &["promtail: clients[0].external_labels.stack: rendered other, loaded acme"],
        ),
        (
            "promtail.yml",
            "8kb",
            "16kb",
            &[
                "promtail: scrape_configs[stack].pipeline_stages[1].drop.longer_than: rendered 16kb, loaded 8kb",
            ],
        ),
        (
            "promtail.yml",
            "acme-loki",
            "elsewhere",
            &[
                "promtail: clients[0].url: rendered http://elsewhere:3100/loki/api/v1/push, loaded http://acme-loki:3100/loki/api/v1/push",
            ],
        ),
    ];
    each_change_is_found(&promtail(), &server, &changes).await;
}

#[tokio::test]
async fn a_reload_that_failed_is_seen_though_the_configuration_is_the_same() {
    let failed = fixture("prometheus/runtimeinfo-answer.json")
        .replace("\"reloadConfigSuccess\":true", "\"reloadConfigSuccess\":false");
    let server = recorded(vec![
        ("/api/v1/status/config", fixture("prometheus/config-answer.json")),
        ("/api/v1/status/runtimeinfo", failed),
        ("/api/v1/rules", fixture("prometheus/rules-answer.json")),
        ("/api/v1/targets?state=active", fixture("prometheus/targets-answer.json")),
    ])
    .await;
    assert_eq!(
        outcome(&prometheus(), &server).await,
        ["prometheus: its last reload failed, and it may run with half of the change"]
    );
    for (metrics, expected) in [
        ("x_ok 1\n", ""),
        ("# TYPE x_ok gauge\nx_ok{a=\"b\"} 1\n", ""),
        (
            "x_ok 0\n",
            "alloy: x_ok is 0: its last reload failed, and it runs with what it had before",
        ),
        ("x_okay 1\n", "alloy: /metrics has no x_ok: another program answers there?"),
    ] {
        let server = recorded(vec![("/metrics", metrics.to_owned())]).await;
        let unit = unit("alloy", Some(Proof::Metric("x_ok".to_owned())));
        assert_eq!(outcome(&unit, &server).await.join(""), expected);
    }
}

/// Every proof says what is wrong when another program, or none, answers.
#[tokio::test]
async fn no_proof_takes_a_wrong_answer_for_a_good_one() {
    for unit in [prometheus(), alertmanager(), loki(), promtail(), grafana()] {
        for (reply, expected) in [
            (Reply::ok("<html>welcome</html>"), ""),
            (Reply::ok("{}"), ""),
            (Reply::status(503, "starting"), "answered 503: starting"),
            (Reply::Close, "GET http://127.0.0.1"),
        ] {
            let server = serve(move |_, _| reply.clone()).await;
            let said = outcome(&unit, &server).await;
            assert!(!said.is_empty() && said[0].contains(expected), "{}: {said:?}", unit.name);
        }
    }
}

fn grafana() -> Unit {
    let unit = unit("grafana", Some(Proof::Grafana));
    let unit = with_file(
        unit,
        "provisioning/datasources/mcpmon.yml",
        "datasources: [{name: Prometheus, uid: prometheus, type: prometheus, url: 'http://acme-prometheus:9090'}]",
    );
    with_file(unit, "dashboards/fleet.json", &json!({"id": null, "uid": "fleet", "version": 1, "title": "Fleet", "panels": [{"id": 1, "title": "Up", "targets": [{"expr": "up"}]}]}).to_string())
}

async fn grafana_server(url: &'static str, expr: &'static str) -> Server {
    serve(move |asked, head| match asked {
        "GET /api/health" => Reply::ok(r#"{"database":"ok","version":"13.2.1"}"#),
        // `admin:right`
        _ if !head.contains("Basic YWRtaW46cmlnaHQ=") => Reply::status(401, r#"{"message":"Invalid username or password"}"#),
        "GET /api/datasources" => Reply::ok(json!([{"uid": "prometheus", "name": "Prometheus", "type": "prometheus", "url": url}]).to_string()),
        "GET /api/dashboards/uid/fleet" => Reply::ok(json!({"meta": {}, "dashboard": {"id": 7, "uid": "fleet", "version": 3, "title": "Fleet", "panels": [{"id": 1, "title": "Up", "targets": [{"expr": expr}]}]}}).to_string()),
        _ => Reply::status(404, r#"{"message":"not found"}"#),
    })
    .await
}

#[tokio::test]
async fn grafana_with_something_else_loaded() {
    const URL: &str = "http://acme-prometheus:9090";
    let more = with_file(grafana(), "dashboards/logs.json", r#"{"uid": "logs"}"#);
    let cases = [
        (grafana(), URL, "up", ""),
        (
            grafana(),
            "http://old:9090",
            "up",
            "grafana: datasource prometheus: url: rendered http://acme-prometheus:9090, loaded http://old:9090",
        ),
        (
            grafana(),
            URL,
            "up == 1",
            "grafana: dashboard fleet: panels[Up].targets[0].expr: rendered up, loaded up == 1",
        ),
        (more, URL, "up", "grafana: the dashboard logs is rendered and not there"),
    ];
    let stack = stack();
    for (unit, url, expr, expected) in cases {
        let server = grafana_server(url, expr).await;
        let login = Login { user: "admin".to_owned(), password: "right".to_owned() };
        let subject = Subject { login: Some(login), ..subject(&unit, &stack, server.url()) };
        assert_eq!(
            prove(&subject, Duration::ZERO).await.err().unwrap_or_default().join(""),
            expected
        );
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let server = grafana_server("", "").await;
    let (unit, stack) = (grafana(), stack());
    let login = Login { user: "admin".to_owned(), password: "wrong".to_owned() };
    let subject = Subject { login: Some(login), ..subject(&unit, &stack, server.url()) };
    let started = Instant::now();
    let said = prove(&subject, Duration::from_secs(30)).await.unwrap_err();
    assert!(said[0].contains("does not take the password of `admin`"), "{said:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(server.asked(), ["GET /api/health", "GET /api/datasources"]);
}

#[tokio::test]
async fn a_program_that_needs_a_moment_is_given_it() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let server = serve(move |_, _| {
        let value = u8::from(ASKED.fetch_add(1, Ordering::Relaxed) >= 3);
        Reply::ok(format!("x_ok {value}\n"))
    })
    .await;
    let (unit, stack) = (unit("alloy", Some(Proof::Metric("x_ok".to_owned()))), stack());
    prove(&subject(&unit, &stack, server.url()), Duration::from_secs(10)).await.unwrap();
    assert_eq!(server.asked().len(), 4);
}
