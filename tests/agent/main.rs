//! The agent, as Prometheus asks it: what is refused, what is answered, and within which time.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod command;
mod fixture;
mod limits;
mod reload;
mod secrets;

use mcpmon::metrics::Exposition;
use mcpmon::metrics::lint::{Weight, lint};

use fixture::{Agent, Behaviour, Double};

#[tokio::test]
async fn a_server_that_works_is_told_in_blackbox_exporters_names_and_its_own() {
    let server = Double::good().await;
    let agent = Agent::start(&format!("services: {{search: \"{}\"}}", server.url())).await;
    let answer = agent.probe("search").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for (series, value) in [
        ("probe_success", 1.0),
        ("mcp_probe_success", 1.0),
        ("mcp_probe_auth_required", 0.0),
        (
            "mcp_probe_protocol_info{era=\"modern\",transport=\"streamable_http\",version=\"2026-07-28\"}",
            1.0,
        ),
        ("mcp_probe_server_info{name=\"good\",version=\"1.2.3\"}", 1.0),
        ("mcp_probe_capability{capability=\"tools\"}", 1.0),
        ("mcp_probe_capability{capability=\"prompts\"}", 0.0),
        ("mcp_probe_tools", 2.0),
        ("mcp_probe_tools_missing", 0.0),
        ("mcp_probe_session_issued", 0.0),
        ("mcp_probe_sse_response", 0.0),
        ("mcp_probe_step_success{step=\"connect\"}", 1.0),
        ("mcp_probe_step_success{step=\"handshake\"}", 1.0),
        ("mcp_probe_step_success{step=\"tools_list\"}", 1.0),
        ("mcp_probe_http_status_code{step=\"discover\"}", 200.0),
    ] {
        assert_eq!(answer.value(series), Some(value), "{series}:\n{}", answer.text);
    }
    assert!(answer.value("mcp_probe_duration_seconds{phase=\"connect\"}").unwrap() >= 0.0);
    assert!(answer.value("mcp_probe_tools_fingerprint").unwrap() > 1e6);
    assert!(answer.value("mcp_probe_failure").is_none());
    assert_clean(&answer.text);
    assert_clean(&agent.get("/metrics").await.text);
}

/// Nothing in it would hurt a Prometheus.
#[track_caller]
fn assert_clean(text: &str) {
    let served = Exposition::read(text);
    assert_eq!(served.problems, [], "{text}");
    let found: Vec<_> = lint(&served, &[], None)
        .into_iter()
        .filter(|finding| finding.weight == Weight::Warning)
        .collect();
    assert!(found.is_empty(), "{found:?}\n{text}");
}

#[tokio::test]
async fn what_a_server_says_of_itself_cannot_break_the_text() {
    let name = "quoted \" and \\ and \u{1F980}, a name that is much longer than a label should ever be, by far";
    let server = Double::start(Behaviour { name, legacy: true, ..Default::default() }).await;
    let agent = Agent::start(&format!("services: {{search: \"{}\"}}", server.url())).await;
    let answer = agent.probe("search").await;
    assert_clean(&answer.text);
    answer.says(r#"name="quoted \" and \\ and "#);
    let line = answer.text.lines().find(|l| l.starts_with("mcp_probe_server_info")).unwrap();
    assert!(line.chars().count() < 130, "{line}");
    assert_eq!(answer.value("mcp_probe_session_issued"), Some(1.0));
    assert_eq!(server.asked().last().unwrap(), "DELETE");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure_with_its_reason() {
    let gone = Double::good().await.port;
    // A port that nobody listens on.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!(
        "services: {{there: \"http://127.0.0.1:{gone}/mcp\", closed: \"http://127.0.0.1:{closed}/mcp\", nameless: \"http://no-such-host.invalid/mcp\"}}"
    );
    let agent = Agent::start(&text).await;
    for (target, reason) in [("closed", "connect"), ("nameless", "dns")] {
        let answer = agent.probe(target).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.value("mcp_probe_success"), Some(0.0), "{}", answer.text);
        let series = format!("mcp_probe_failure{{reason=\"{reason}\"}}");
        assert_eq!(answer.value(&series), Some(1.0), "{}", answer.text);
        assert_eq!(answer.value("mcp_probe_step_success{step=\"connect\"}"), Some(0.0));
        assert_clean(&answer.text);
    }
    let own = agent.get("/metrics").await;
    let counted = "mcpmon_agent_probes_total{module=\"tools\",result=\"failure\"}";
    assert_eq!(own.value(counted), Some(2.0), "{}", own.text);
    assert_eq!(own.value("mcpmon_agent_probes_in_flight"), Some(0.0));
    assert_eq!(own.value("mcpmon_agent_config_last_reload_successful"), Some(1.0));
    let version = format!("mcpmon_agent_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(own.value(&version), Some(1.0));
}

#[tokio::test]
async fn the_module_says_how_far_a_probe_goes() {
    let server =
        Double::start(Behaviour { legacy: true, tools: vec!["add"], ..Default::default() }).await;
    let text = format!(
        "apart: 1ms\nservices: {{search: {{url: \"{}\", depth: handshake, expect_tools: []}}}}",
        server.url()
    );
    let agent = Agent::start(&text).await;
    let asked = async |query: &str| {
        let before = server.asked().len();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let answer = agent.get(&format!("/probe?target=search{query}")).await;
        assert_eq!(answer.value("probe_success"), Some(1.0), "{}", answer.text);
        let mut asked = server.asked().split_off(before);
        asked.retain(|method| method != "server/discover");
        asked.join(" ")
    };
    let start = "initialize notifications/initialized";
    assert_eq!(asked("").await, format!("{start} DELETE"));
    assert_eq!(asked("&module=ping").await, format!("{start} ping DELETE"));
    assert_eq!(asked("&module=tools").await, format!("{start} ping tools/list DELETE"));
}

#[tokio::test]
async fn an_expected_tool_that_is_not_there_is_a_failure() {
    let server = Double::good().await;
    let text = format!("services: {{a: {{url: \"{}\", expect_tools: [add, sing]}}}}", server.url());
    let agent = Agent::start(&text).await;
    let answer = agent.probe("a").await;
    assert_eq!(answer.value("mcp_probe_tools_missing"), Some(1.0), "{}", answer.text);
    assert_eq!(answer.value("mcp_probe_failure{reason=\"tools_missing\"}"), Some(1.0));
    agent.get("/probe?target=a&debug=true").await.says("expected and not there: sing");
    // A handshake says nothing about tools.
    let answer = agent.get("/probe?target=a&module=handshake").await;
    assert_eq!(answer.value("probe_success"), Some(1.0), "{}", answer.text);
}

#[tokio::test]
async fn debug_tells_the_steps_and_json_the_report() {
    let server = Double::good().await;
    let agent = Agent::start(&format!("services: {{search: \"{}\"}}", server.url())).await;
    let debug = agent.get("/probe?target=search&debug=true").await;
    for text in ["as far as tools", "discover", "HTTP 200", "tools: add, look", "probe_success 1"] {
        debug.says(text);
    }
    let json = agent.get("/probe?target=search&output=json").await;
    let report: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!(report["success"], true, "{report}");
    assert_eq!(report["protocol"]["era"], "modern");
    assert_eq!(report["tools"][1]["name"], "look");
}

#[tokio::test]
async fn only_the_fleet_is_asked() {
    let server = Double::good().await;
    let (url, port) = (server.url(), server.port);
    let text = format!("services: {{search: \"{url}\", local: {{command: [/bin/false]}}}}");
    let agent = Agent::start(&text).await;
    let refused = [
        ("/probe", 400, "no target"),
        ("/probe?target=", 400, "no target"),
        ("/probe?target=serach", 404, "did you mean `search`?"),
        ("/probe?target=http://127.0.0.1:1/mcp", 404, "none of the fleet"),
        (&format!("/probe?target=http://127.0.0.1:{port}/mcp?x=1"), 404, "none of the fleet"),
        (
            &format!("/probe?target=http://me:hunter2@127.0.0.1:{port}/mcp"),
            400,
            "holds credentials",
        ),
        ("/probe?target=http://169.254.169.254/latest/", 403, "link-local"),
        ("/probe?target=http://0xa9fea9fe/latest/", 403, "link-local"),
        ("/probe?target=file:///etc/passwd", 403, "`file:` is never asked"),
        ("/probe?target=stdio:search", 404, "there is no service"),
        ("/probe?target=sh%20-c%20id", 400, "a program is started by the name"),
        ("/probe?target=/bin/id", 400, "a program is started by the name"),
        ("/probe?target=local&command=id", 400, "`command` is nothing that is read"),
        ("/probe?target=search&target=local", 400, "one target"),
        ("/probe?target=search&module=everything", 400, "`handshake`, `ping` or `tools`"),
        ("/probe?target=search&output=xml", 400, "`output` is nothing"),
    ];
    for (path, status, text) in refused {
        let answer = agent.get(path).await;
        assert_eq!(
            (answer.status, answer.text.contains(text)),
            (status, true),
            "{path}: {answer:?}"
        );
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    assert!(server.asked().is_empty(), "{:?}", server.asked());
    let own = agent.get("/metrics").await;
    let count = f64::from(u32::try_from(refused.len()).unwrap());
    assert_eq!(own.value("mcpmon_agent_probes_total{result=\"refused\"}"), Some(count));
    // By its name and by its exact address.
    for target in ["search", &url] {
        assert_eq!(agent.probe(target).await.value("probe_success"), Some(1.0), "{target}");
    }
    let answer = agent.probe("stdio:local").await;
    assert_eq!(
        answer.value("mcp_probe_failure{reason=\"process_exited\"}"),
        Some(1.0),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn it_says_that_it_is_there() {
    let agent = Agent::start("services: {}").await;
    for path in ["/-/healthy", "/-/ready", "/metrics"] {
        assert_eq!(agent.get(path).await.status, 200, "{path}");
    }
    assert_eq!(agent.get("/-/reload").await.status, 405, "a reload is a POST");
    assert_eq!(agent.get("/elsewhere").await.status, 404);
}
