//! Servers that never come to an end.

use std::time::Duration;

use mcpmon::mcp::Reason;
use serde_json::json;

use crate::double::{Double, Reply, legacy, result};
use crate::support::{ask, failure, probe, reason, succeeded, target, within};

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

async fn endless(head: &'static str, piece: &str, pause: u64) -> Double {
    let (piece, pause) = (piece.as_bytes().to_vec(), Duration::from_millis(pause));
    Double::start(move |asked| match asked.method() {
        "ping" => Reply::Endless { head, piece: piece.clone(), pause },
        _ => legacy(asked),
    })
    .await
}

#[tokio::test]
async fn a_stream_of_keep_alives() {
    let double = endless(STREAM, ": keep-alive\n\n", 10).await;
    let report = probe(&target(&double.url()), &within(1000)).await;
    assert_eq!(failure(&report), (Reason::Timeout, "ping: not done within 1s"));
    assert_eq!(double.count("DELETE"), 1);
}

#[tokio::test]
async fn a_stream_of_events() {
    let event = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n".repeat(50);
    let double = endless(STREAM, &event, 0).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::TooLarge, "ping: a stream of more than 1000 events"));
    assert_eq!(double.count("DELETE"), 1);
}

#[tokio::test]
async fn a_stream_of_empty_events() {
    let double = endless(STREAM, &"data:\n\n".repeat(100), 0).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::TooLarge, "ping: a stream of more than 1000 events"));
}

#[tokio::test]
async fn a_line_without_end() {
    let double = endless(STREAM, &"x".repeat(64 << 10), 0).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::TooLarge, "ping: an answer of more than 8 MiB"));
    assert_eq!(double.count("DELETE"), 1);
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n";
    let double = endless(head, &" ".repeat(64 << 10), 0).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::TooLarge, "ping: an answer of more than 8 MiB"));
    let ping = report.steps.iter().find(|step| step.http_status == Some(200) && !step.success);
    assert!(ping.unwrap().bytes.unwrap() < 9 << 20, "the rest was not read");
    assert_eq!(double.count("DELETE"), 1);
}

#[tokio::test]
async fn a_refusal_of_a_hundred_megabytes() {
    let head = "HTTP/1.1 503 Busy\r\ncontent-type: text/plain\r\ncontent-length: 104857600\r\n\r\n";
    let double = endless(head, &"sorry ".repeat(1000), 0).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(reason(&report), Reason::HttpStatus);
    let message = report.failure.unwrap().message;
    assert!(message.len() < 300, "{message}");
}

#[tokio::test]
async fn a_refusal_that_drips() {
    let head = "HTTP/1.1 503 Busy\r\ncontent-type: text/plain\r\ncontent-length: 9000\r\n\r\n";
    let double = endless(head, "s", 100).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::HttpStatus, "ping: answered 503 Service Unavailable"));
}

#[tokio::test]
async fn headers_without_end() {
    let double = endless("HTTP/1.1 200 OK\r\n", &"x: y\r\n".repeat(500), 0).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(reason(&report), Reason::TooLarge);
}

#[tokio::test]
async fn pages_without_end() {
    for repeats in [false, true] {
        let double = Double::start(move |asked| match asked.method() {
            "tools/list" => {
                let cursor = if repeats { "same".to_owned() } else { asked.body["id"].to_string() };
                Reply::json(&result(asked, &json!({"tools": [], "nextCursor": cursor})))
            }
            _ => legacy(asked),
        })
        .await;
        let report = probe(&target(&double.url()), &ask()).await;
        assert_eq!(failure(&report).0, Reason::TooLarge);
        assert!(double.count("tools/list") <= 20);
        assert_eq!(double.count("DELETE"), 1);
    }
}

#[tokio::test]
async fn too_many_tools() {
    let double = Double::start(|asked| match asked.method() {
        "tools/list" => {
            let tools: Vec<_> = (0..2001).map(|at| json!({"name": at.to_string()})).collect();
            Reply::json(&result(asked, &json!({"tools": tools})))
        }
        _ => legacy(asked),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::TooLarge, "tools/list: more than 2000 tools"));
}

#[tokio::test]
async fn what_a_server_says_of_itself_is_cut_and_cleaned() {
    let double = Double::start(|asked| match asked.method() {
        "initialize" => Reply::json(&result(
            asked,
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}, "x".repeat(500): {}},
                "serverInfo": {"name": "n\u{1b}]0;x\u{7}".repeat(50), "version": "1\n2"},
            }),
        )),
        "tools/list" => Reply::json(&result(
            asked,
            &json!({"tools": [{"name": "t", "description": "d\u{202e} ".repeat(500)}]}),
        )),
        "ping" => Reply::json(&result(asked, &json!({}))),
        _ => Reply::status(202),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    let server = report.server.unwrap();
    assert_eq!(server.name.chars().count(), 65);
    assert!(!server.name.chars().any(char::is_control));
    assert_eq!(server.version, "1 2");
    assert!(report.capabilities.iter().all(|name| name.chars().count() <= 65));
    assert!(report.tools.unwrap()[0].description.chars().count() <= 201);
}

/// Twenty at once, each of another kind of trouble: none waits for another.
#[tokio::test]
async fn side_by_side() {
    let slow = endless(STREAM, ": \n\n", 10).await;
    let good = Double::start(legacy).await;
    let asks = (0..20).map(|at| {
        let url = if at % 2 == 0 { slow.url() } else { good.url() };
        tokio::spawn(async move { probe(&target(&url), &within(800)).await.success })
    });
    let mut successes = 0;
    for asked in asks.collect::<Vec<_>>() {
        successes += usize::from(asked.await.unwrap());
    }
    assert_eq!(successes, 10);
    assert_eq!((slow.count("DELETE"), good.count("DELETE")), (10, 10));
}
