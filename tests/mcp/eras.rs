//! Which protocol is found, and what is remembered of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mcpmon::mcp::era::{Era, Eras};
use mcpmon::mcp::report::StepName;
use mcpmon::mcp::target::Protocol;
use mcpmon::mcp::{Reason, Target};
use serde_json::json;

use crate::double::{Double, Reply, error, legacy, modern, result};
use crate::support::{ask, failure, probe, probe_with, reason, speaking, steps, succeeded, target};

#[tokio::test]
async fn what_was_found_is_asked_at_once_the_next_time() {
    let eras = Eras::default();
    let double = Double::start(legacy).await;
    succeeded(&probe_with(&target(&double.url()), &ask(), &eras).await);
    succeeded(&probe_with(&target(&double.url()), &ask(), &eras).await);
    assert_eq!(double.count("server/discover"), 1);
    assert_eq!(double.count("initialize"), 2);
    assert_eq!(eras.len(), 1);
    // The same address under another name is another target.
    let other = Target { name: "other".to_owned(), ..target(&double.url()) };
    succeeded(&probe_with(&other, &ask(), &eras).await);
    assert_eq!((double.count("server/discover"), eras.len()), (2, 2));
}

#[tokio::test]
async fn what_a_server_says_to_the_modern_question_may_be_anything() {
    let said = [
        (
            400,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Server not initialized"}}"#,
        ),
        (
            400,
            r#"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Missing session ID"}}"#,
        ),
        (404, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}"#),
        (
            200,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid request parameters"}}"#,
        ),
        (200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        (404, "<html>"),
        (405, ""),
    ];
    for (status, body) in said {
        let double = Double::start(move |asked| match asked.method() {
            "server/discover" => {
                Reply::new(status, "application/json", body).with("mcp-session-id", "bait")
            }
            _ => legacy(asked),
        })
        .await;
        let report = probe(&target(&double.url()), &ask()).await;
        succeeded(&report);
        assert_eq!(report.protocol.unwrap().era, Era::Legacy, "{body}");
        assert_eq!(report.steps[1].name, StepName::Discover);
        assert!(!report.steps[1].success);
        // Only `initialize` begins a session.
        let deleted = double.asked().into_iter().find(|asked| asked.verb == "DELETE").unwrap();
        assert_eq!(deleted.header("mcp-session-id"), Some("s-1"));
    }
}

#[tokio::test]
async fn a_server_of_the_modern_era_only() {
    let double = Double::start(modern).await;
    let report = probe(&speaking(&double.url(), Protocol::Legacy), &ask()).await;
    assert_eq!(reason(&report), Reason::UnsupportedVersion);
    assert!(report.failure.unwrap().advice.contains("`auto`"));

    // A version that is newer than mcpmon: an older question would only blur what is wrong.
    let double = Double::start(|asked| {
        let mut body = error(asked, -32022, "Unsupported protocol version");
        body["error"]["data"] = json!({"supported": ["2031-01-01"]});
        Reply::new(400, "application/json", body.to_string())
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report).0, Reason::UnsupportedVersion);
    assert_eq!(double.methods(), ["server/discover"]);
}

#[tokio::test]
async fn a_server_that_names_legacy_versions() {
    let double = Double::start(|asked| match asked.method() {
        "server/discover" => {
            let mut body = error(asked, -32022, "Unsupported protocol version");
            body["error"]["data"] = json!({"supported": ["2031-01-01", "2025-06-18"]});
            Reply::new(400, "application/json", body.to_string())
        }
        _ => legacy(asked),
    })
    .await;
    succeeded(&probe(&target(&double.url()), &ask()).await);
}

#[tokio::test]
async fn a_server_that_was_upgraded_is_found_again_in_the_same_probe() {
    let eras = Eras::default();
    let upgraded = Arc::new(AtomicBool::new(false));
    let is_upgraded = upgraded.clone();
    let double = Double::start(move |asked| {
        if is_upgraded.load(Ordering::Relaxed) { modern(asked) } else { legacy(asked) }
    })
    .await;
    let target = target(&double.url());
    succeeded(&probe_with(&target, &ask(), &eras).await);
    upgraded.store(true, Ordering::Relaxed);
    let report = probe_with(&target, &ask(), &eras).await;
    succeeded(&report);
    assert_eq!(report.protocol.unwrap().era, Era::Modern);
    upgraded.store(false, Ordering::Relaxed);
    let report = probe_with(&target, &ask(), &eras).await;
    succeeded(&report);
    assert_eq!(report.protocol.unwrap().era, Era::Legacy);
}

#[tokio::test]
async fn a_target_that_fails_is_forgotten_unless_it_spoke() {
    let eras = Eras::default();
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = broken.clone();
    let double = Double::start(move |asked| match asked.method() {
        _ if is_broken.load(Ordering::Relaxed) => Reply::status(503),
        "tools/list" => Reply::json(&error(asked, -32603, "boom")),
        _ => legacy(asked),
    })
    .await;
    let target = target(&double.url());
    assert_eq!(reason(&probe_with(&target, &ask(), &eras).await), Reason::JsonrpcError);
    assert_eq!(eras.len(), 1);
    broken.store(true, Ordering::Relaxed);
    assert_eq!(reason(&probe_with(&target, &ask(), &eras).await), Reason::HttpStatus);
    assert!(eras.is_empty());
}

#[tokio::test]
async fn a_missing_capability_is_no_sign_of_an_era() {
    let double = Double::start(|asked| {
        Reply::new(400, "application/json", error(asked, -32021, "needs elicitation").to_string())
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report).0, Reason::JsonrpcError);
    assert_eq!(double.methods(), ["server/discover"]);
}

#[tokio::test]
async fn a_forced_protocol_is_the_only_one() {
    let double = Double::start(|asked| match asked.method() {
        "server/discover" => Reply::json(&error(asked, -32601, "Method not found")),
        _ => legacy(asked),
    })
    .await;
    let report = probe(&speaking(&double.url(), Protocol::Modern), &ask()).await;
    let words = "server/discover: error -32601: Method not found";
    assert_eq!(failure(&report), (Reason::JsonrpcError, words));
    assert_eq!(steps(&report), [(StepName::Connect, true), (StepName::Discover, false)]);

    let report = probe(&speaking(&double.url(), Protocol::Legacy), &ask()).await;
    succeeded(&report);
    assert_eq!(double.count("server/discover"), 1);
}

#[tokio::test]
async fn a_half_modern_gateway_is_spoken_with_in_the_legacy_era() {
    // It passes everything on to a new process each time, and knows no sessions.
    let double = Double::start(|asked| match asked.method() {
        "server/discover" => Reply::new(
            404,
            "application/json",
            error(asked, -32601, "Method not found").to_string(),
        ),
        "initialize" => Reply::sse(format!(
            "event: message\ndata: {}\n\n",
            result(asked, &json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}))
        )),
        "DELETE" => Reply::status(405),
        "notifications/initialized" => Reply::status(202),
        "ping" => Reply::json(&result(asked, &json!({}))),
        _ => Reply::json(&result(asked, &json!({"tools": []}))),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    assert!(!report.session_issued);
    assert_eq!(report.tools.unwrap().len(), 0);
    assert_eq!(double.count("DELETE"), 0);
}
