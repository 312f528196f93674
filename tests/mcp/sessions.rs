//! Sessions are begun once and always ended.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcpmon::mcp::report::StepName;
use mcpmon::mcp::{self, Eras, Reason};
use serde_json::json;

use crate::double::{Double, Reply, error, legacy, result};
use crate::support::{ask, failure, probe, reason, succeeded, target, within, worked};

#[tokio::test]
async fn it_is_ended_after_success_and_after_each_failure() {
    for broken in ["", "notifications/initialized", "ping", "tools/list"] {
        for reply in [Reply::status(500), Reply::Hang, Reply::Raw(Vec::new()), Reply::sse("")] {
            let double =
                Double::start(
                    move |asked| {
                        if asked.method() == broken { reply.clone() } else { legacy(asked) }
                    },
                )
                .await;
            let report = probe(&target(&double.url()), &within(1000)).await;
            // A notification has no answer, so that any good status will do.
            assert!(report.session_issued);
            let asked = double.asked();
            let last = asked.last().unwrap();
            assert_eq!(last.verb, "DELETE", "{broken}");
            assert_eq!(double.count("DELETE"), 1);
            assert_eq!(last.header("mcp-session-id"), Some("s-1"));
            assert_eq!(last.header("mcp-protocol-version"), Some("2025-11-25"));
            assert!(worked(&report).contains(&StepName::Close));
        }
    }
}

#[tokio::test]
async fn it_is_ended_when_nobody_waits_any_more() {
    let double = Double::start(|asked| match asked.method() {
        "ping" => Reply::Hang,
        _ => legacy(asked),
    })
    .await;
    let (target, ask, eras) = (target(&double.url()), ask(), Eras::default());
    let given_up =
        tokio::time::timeout(Duration::from_millis(300), mcp::probe(&target, &ask, &eras)).await;
    assert!(given_up.is_err());
    for _ in 0..100 {
        if double.count("DELETE") == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", double.methods());
}

#[tokio::test]
async fn a_server_that_lets_nobody_end_it() {
    for status in [200, 202, 204, 404, 405] {
        let double = Double::start(move |asked| match asked.verb.as_str() {
            "DELETE" => Reply::status(status),
            _ => legacy(asked),
        })
        .await;
        let report = probe(&target(&double.url()), &ask()).await;
        succeeded(&report);
        assert!(worked(&report).contains(&StepName::Close), "{status}");
    }
    // The server works; that its sessions cannot be ended is told by the step.
    for reply in [Reply::status(500), Reply::Hang] {
        let double = Double::start(move |asked| match asked.verb.as_str() {
            "DELETE" => reply.clone(),
            _ => legacy(asked),
        })
        .await;
        let report = probe(&target(&double.url()), &within(700)).await;
        succeeded(&report);
        assert!(!worked(&report).contains(&StepName::Close));
    }
}

#[tokio::test]
async fn a_session_that_is_lost_between_steps() {
    let lost = [
        Reply::new(
            404,
            "application/json",
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Session not found"}}"#,
        ),
        Reply::new(404, "text/plain", "Not Found"),
        Reply::new(
            400,
            "application/json",
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}"#,
        ),
    ];
    for reply in lost {
        let double = Double::start(move |asked| match asked.method() {
            "tools/list" => reply.clone(),
            _ => legacy(asked),
        })
        .await;
        let report = probe(&target(&double.url()), &ask()).await;
        assert_eq!(failure(&report).0, Reason::SessionLost);
        assert!(report.failure.unwrap().advice.contains("sticky"));
    }
}

#[tokio::test]
async fn a_refusal_begins_none() {
    let double = Double::start(|asked| {
        Reply::new(400, "application/json", error(asked, -32600, "no").to_string())
            .with("mcp-session-id", "bait")
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(reason(&report), Reason::JsonrpcError);
    assert!(!report.session_issued);
    assert_eq!(double.count("DELETE"), 0);
}

#[tokio::test]
async fn a_session_with_invisible_characters() {
    let double = Double::start(|asked| match asked.method() {
        "initialize" => Reply::json(&result(
            asked,
            &json!({"protocolVersion": "2025-11-25", "capabilities": {}}),
        ))
        .with("mcp-session-id", "a b"),
        _ => legacy(asked),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    let words = "initialize: its session's number holds characters other than visible ASCII";
    assert_eq!(failure(&report), (Reason::SessionLost, words));
}

#[tokio::test]
async fn a_server_that_closes_each_connection() {
    let double = Double::start(|asked| match legacy(asked) {
        Reply::Full { status, headers, body } => {
            let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            for (name, value) in headers {
                let _ = write!(text, "{name}: {value}\r\n");
            }
            text += "\r\n";
            let mut bytes = text.into_bytes();
            bytes.extend(body);
            Reply::Raw(bytes)
        }
        other => other,
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    assert_eq!(*double.connections.lock().unwrap(), double.asked().len());
    let connects = report.steps.iter().filter(|step| step.name == StepName::Connect).count();
    assert_eq!(connects, 1, "they add up");
    assert_eq!(double.count("DELETE"), 1);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_no_failure() {
    let turns = Arc::new(AtomicUsize::new(0));
    let double = Double::start(move |asked| match asked.method() {
        // Once, without a word, on a connection that has been used.
        "ping" if turns.fetch_add(1, Ordering::Relaxed) == 0 => Reply::Raw(Vec::new()),
        _ => legacy(asked),
    })
    .await;
    succeeded(&probe(&target(&double.url()), &ask()).await);
    assert_eq!(double.count("ping"), 2);
}

#[tokio::test]
async fn a_call_is_never_made_twice() {
    let double = Double::start(|asked| match asked.method() {
        "tools/call" => Reply::Raw(Vec::new()),
        _ => legacy(asked),
    })
    .await;
    let report = probe(&target(&double.url()), &crate::support::calling("add")).await;
    assert_eq!(failure(&report).0, Reason::Connect);
    assert_eq!(double.count("tools/call"), 1);
}
