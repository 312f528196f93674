//! MCP in both eras, and what is no MCP.
use serde_json::{Value, json};

use crate::service::{Service, total};

fn tool_names(answer: &Value) -> Vec<&str> {
    answer["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

const TOOLS: [&str; 4] = ["get_forecast", "search_documents", "slow_report", "translate"];

#[tokio::test]
async fn the_legacy_era_is_spoken_under_any_host_name() {
    let service = Service::start("--rate 0 --name notes").await;
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let answer = service.post(&[("Host", "some-service:8080")], &hello).await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("mcp-session-id"), "it keeps no sessions");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(answer["result"]["serverInfo"]["name"], "notes");

    let version = [("MCP-Protocol-Version", "2025-11-25"), ("Host", "demo.example")];
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(service.post(&version, &initialized).await.status(), 202);
    let ping = service.post(&version, &json!({"jsonrpc": "2.0", "id": 2, "method": "ping"})).await;
    assert_eq!(ping.json::<Value>().await.unwrap()["result"], json!({}));
    let list =
        service.post(&version, &json!({"jsonrpc": "2.0", "id": 3, "method": "tools/list"})).await;
    assert_eq!(tool_names(&list.json().await.unwrap()), TOOLS);

    let answer = service.client.delete(format!("{}/mcp", service.base)).send().await.unwrap();
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
    let answer = service.post(&[version, ("Mcp-Method", "server/discover")], &discover).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert!(
        answer["result"]["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")),
        "{answer}"
    );

    let list = service
        .post(&[version, ("Mcp-Method", "tools/list")], &request("tools/list", json!({})))
        .await;
    assert_eq!(tool_names(&list.json().await.unwrap()), TOOLS);

    let call = request(
        "tools/call",
        json!({"name": "translate", "arguments": {"text": "hi", "language": "fr"}}),
    );
    let answer = service
        .post(&[version, ("Mcp-Method", "tools/call"), ("Mcp-Name", "translate")], &call)
        .await;
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "[fr] hi");
}

#[tokio::test]
async fn what_a_stranger_sends_is_refused_and_makes_no_label_values() {
    let service = Service::start("--rate 0 --errors 0").await;
    let (_, answer) = service.call("rm_rf", json!({})).await;
    assert!(answer["error"]["code"].is_i64(), "{answer}");
    let unknown = service.post(&[], &json!({"jsonrpc": "2.0", "id": 1, "method": "made/up"})).await;
    assert!(unknown.json::<Value>().await.unwrap()["error"]["code"].is_i64());
    let garbage =
        service.client.post(format!("{}/mcp", service.base)).body("{").send().await.unwrap();
    assert!(garbage.status().is_client_error());
    let large = vec![b' '; 300 * 1024];
    let large =
        service.client.post(format!("{}/mcp", service.base)).body(large).send().await.unwrap();
    assert_eq!(large.status(), 413);
    let metrics = service.metrics().await;
    assert!(!metrics.contains("rm_rf") && !metrics.contains("made/up"));
    assert!(
        (total(&metrics, "mcp_errors_total", &["invalid_request"]) - 4.0).abs() < f64::EPSILON,
        "{metrics}"
    );
    assert!(service.lines().iter().skip(1).all(|line| line["level"] == "warn"));
}
