//! Faults of a server and what stands before it: each with its reason, its words and within the deadline.

use std::time::Duration;

use mcpmon::mcp::Reason;
use mcpmon::mcp::report::StepName;
use mcpmon::mcp::target::Protocol;
use serde_json::json;

use crate::double::{Asked, Double, Reply, error, legacy, modern, result};
use crate::support::{ask, failure, probe, reason, speaking, steps, succeeded, target, within};

/// A legacy server that answers one method in its own way.
async fn except(
    method: &'static str,
    reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Double {
    Double::start(move |asked| if asked.method() == method { reply(asked) } else { legacy(asked) })
        .await
}

#[tokio::test]
async fn each_status_has_its_reason_and_is_no_sign_of_an_era() {
    let html = "<!DOCTYPE html><html><head><title>Bad\ngateway</title></head></html>";
    let cases = [
        (Reply::status(401), Reason::AuthRequired, "answered 401 Unauthorized"),
        (
            Reply::new(
                401,
                "application/json",
                r#"{"error":"invalid_token","error_description":"Expired"}"#,
            )
            .with("www-authenticate", "Bearer realm=x"),
            Reason::AuthRequired,
            "answered 401 Unauthorized: Expired",
        ),
        (
            Reply::new(403, "text/plain", "Invalid Origin header"),
            Reason::Forbidden,
            "answered 403 Forbidden: Invalid Origin header",
        ),
        (
            Reply::new(421, "text/plain", "Invalid Host header"),
            Reason::HostRejected,
            "answered 421 Misdirected Request: Invalid Host header",
        ),
        (
            Reply::new(429, "application/json", r#"{"detail":"slow down"}"#),
            Reason::RateLimited,
            "answered 429 Too Many Requests: slow down",
        ),
        (
            Reply::new(500, "text/plain", "Internal Server Error"),
            Reason::HttpStatus,
            "answered 500 Internal Server Error: Internal Server Error",
        ),
        (
            Reply::new(502, "text/html", html),
            Reason::HttpStatus,
            "answered 502 Bad Gateway: a web page titled `Bad gateway`",
        ),
    ];
    for (reply, expected, words) in cases {
        let double = Double::start(move |_| reply.clone()).await;
        let report = probe(&target(&double.url()), &ask()).await;
        assert_eq!(failure(&report), (expected, format!("server/discover: {words}").as_str()));
        let questions = double.methods().into_iter().filter(|method| method != "GET");
        assert_eq!(questions.collect::<Vec<_>>(), ["server/discover"], "{expected:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_strips_accept() {
    let body = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Not Acceptable"}}"#;
    let double = Double::start(move |_| Reply::new(406, "application/json", body)).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let words = "initialize: answered 406 Not Acceptable: error -32600: Not Acceptable";
    assert_eq!(failure(&report), (Reason::NotAcceptable, words));
    assert!(report.failure.unwrap().advice.contains("Accept"));
}

#[tokio::test]
async fn a_proxy_that_strips_headers() {
    let double = Double::start(|asked| {
        let body =
            error(asked, -32020, "mcp-method header does not match the request body's method");
        Reply::new(400, "application/json", body.to_string())
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    let words = "server/discover: answered 400 Bad Request: error -32020: mcp-method header does not match the request body's method";
    assert_eq!(failure(&report), (Reason::HeaderMismatch, words));
    assert_eq!(double.methods(), ["server/discover"]);
}

#[tokio::test]
async fn a_web_page() {
    let page = "<html><head><title>Welcome</title></head></html>";
    let double = Double::start(move |_| Reply::new(200, "text/html; charset=utf-8", page)).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let words = "initialize: answered 200 with text/html, not JSON or a stream: a web page titled `Welcome`";
    assert_eq!(failure(&report), (Reason::BadContentType, words));
}

#[tokio::test]
async fn a_path_that_is_not_there() {
    let page = "<!DOCTYPE html><html><body><pre>Cannot POST /</pre></body></html>";
    let double = Double::start(move |_| Reply::new(404, "text/html", page)).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(
        (reason, words),
        (Reason::HttpStatus, "initialize: answered 404 Not Found: a web page")
    );
    assert_eq!(double.methods(), ["server/discover", "initialize", "GET"]);
}

#[tokio::test]
async fn bodies_that_are_none() {
    let cases = [
        (r#"{"jsonrpc":"2.0","id":1,"resu"#, Reason::BadJson),
        ("", Reason::BadJson),
        ("<html>", Reason::BadJson),
        (r#"{"ok":true}"#, Reason::BadJson),
        (r#"{"jsonrpc":"2.0","method":"notifications/message"}"#, Reason::BadJson),
        (r#"{"jsonrpc":"2.0","id":77,"result":{}}"#, Reason::WrongId),
        (r#"{"jsonrpc":"2.0","id":"1","result":{}}"#, Reason::WrongId),
        ("[]", Reason::BadJson),
    ];
    for (body, expected) in cases {
        let double = Double::start(move |_| Reply::new(200, "application/json", body)).await;
        let report = probe(&target(&double.url()), &ask()).await;
        assert_eq!(failure(&report).0, expected, "{body}");
    }
}

#[tokio::test]
async fn an_answer_to_another_question_on_a_stream() {
    let other = "data: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n";
    let double = except("ping", move |_| Reply::sse(other)).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let words = "ping: an answer to request 99, not to 3, which was asked";
    assert_eq!(failure(&report), (Reason::WrongId, words));
    assert_eq!(double.count("DELETE"), 1);
}

#[tokio::test]
async fn streams_that_end_without_an_answer() {
    for body in ["", "data:\n\n", ": keep-alive\n\n", "event: x\ndata: y\n\n"] {
        let double = except("ping", move |_| Reply::sse(body)).await;
        let report = probe(&target(&double.url()), &ask()).await;
        let words = "ping: the stream ended without an answer";
        assert_eq!(failure(&report), (Reason::BadSse, words), "{body}");
    }
}

#[tokio::test]
async fn a_stream_of_nonsense() {
    let double = except("ping", |_| Reply::sse("data: hello\n\n")).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report).0, Reason::BadJson);
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"jsonrpc\"";
    let double = Double::start(move |_| Reply::Raw(head.into())).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let (reason, words) = failure(&report);
    assert_eq!(reason, Reason::Connect);
    assert!(words.starts_with("server/discover: the answer broke off"), "{words}");
}

#[tokio::test]
async fn a_server_that_hangs_up() {
    let double = Double::start(|_| Reply::Raw(Vec::new())).await;
    let report = probe(&target(&double.url()), &ask()).await;
    let words = "server/discover: no answer: the server closed the connection";
    assert_eq!(failure(&report), (Reason::Connect, words));
}

#[tokio::test]
async fn another_protocol() {
    let double = Double::start(|_| Reply::Raw(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::Connect, "server/discover: the answer is no HTTP/1.1"));
}

#[tokio::test]
async fn nobody_listens() {
    let report = probe(&target("http://127.0.0.1:1/mcp"), &ask()).await;
    assert_eq!(failure(&report), (Reason::Connect, "127.0.0.1:1: connection refused"));
    assert_eq!(steps(&report), [(StepName::Connect, false), (StepName::Discover, false)]);
}

#[tokio::test]
async fn an_address_of_another_kind() {
    let report = probe(&target("ftp://u:p@127.0.0.1/mcp?key=k"), &ask()).await;
    let words = "server/discover: ftp://127.0.0.1/mcp is no address behind http or https";
    assert_eq!(failure(&report), (Reason::Connect, words));
}

#[tokio::test]
async fn a_name_that_is_none() {
    let report = probe(&target("http://nobody.invalid/mcp"), &within(3000)).await;
    // Name servers that cannot be reached are waited for.
    assert!(matches!(reason(&report), Reason::Dns | Reason::Timeout), "{report:?}");
    assert_eq!(report.steps[0].name, StepName::Resolve);
}

#[tokio::test]
async fn a_name_in_the_hosts_file() {
    let double = Double::start(modern).await;
    let url = double.url().replace("127.0.0.1", "localhost");
    let report = probe(&target(&url), &ask()).await;
    succeeded(&report);
    assert_eq!(report.steps[0].name, StepName::Resolve);
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let double = Double::start(|_| Reply::Hang).await;
    let report = probe(&target(&double.url()), &within(600)).await;
    let words = "server/discover: not done within 600ms";
    assert_eq!(failure(&report), (Reason::Timeout, words));
    assert!(report.duration < Duration::from_millis(700));
}

#[tokio::test]
async fn a_server_that_accepts_and_never_reads() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let report = probe(&target(&url), &within(400)).await;
    assert_eq!(reason(&report), Reason::Timeout);
    let report = probe(&target(&url.replace("http:", "https:")), &within(400)).await;
    assert_eq!(failure(&report), (Reason::Timeout, "TLS: not done within 400ms"));
}

#[tokio::test]
async fn a_slow_drip() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n";
    let drip = Reply::Endless { head, piece: b" ".to_vec(), pause: Duration::from_millis(20) };
    let double = Double::start(move |_| drip.clone()).await;
    let report = probe(&target(&double.url()), &within(600)).await;
    assert_eq!(reason(&report), Reason::Timeout);

    // Even the head comes byte by byte.
    let drip = Reply::Endless {
        head: "HTTP/1.1 ",
        piece: b"2".to_vec(),
        pause: Duration::from_millis(50),
    };
    let double = Double::start(move |_| drip.clone()).await;
    let report = probe(&target(&double.url()), &within(600)).await;
    assert!(matches!(reason(&report), Reason::Timeout | Reason::Connect), "{report:?}");
}

#[tokio::test]
async fn a_json_rpc_error() {
    let double =
        except("tools/list", |asked| Reply::json(&error(asked, -32603, "boom\n\u{1b}[31m"))).await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report), (Reason::JsonrpcError, "tools/list: error -32603: boom [31m"));
    let step = report.steps.iter().find(|step| step.name == StepName::ToolsList).unwrap();
    assert_eq!((step.http_status, step.jsonrpc_error), (Some(200), Some(-32603)));
    assert_eq!(double.count("DELETE"), 1);
}

#[tokio::test]
async fn a_version_of_another_time() {
    for (protocol, reply) in [
        (Protocol::Legacy, json!({"protocolVersion": "1999-01-01", "capabilities": {}})),
        (Protocol::Modern, json!({"supportedVersions": ["2031-01-01"], "capabilities": {}})),
    ] {
        let double = Double::start(move |asked| Reply::json(&result(asked, &reply))).await;
        let report = probe(&speaking(&double.url(), protocol), &ask()).await;
        let (reason, words) = failure(&report);
        assert_eq!(reason, Reason::UnsupportedVersion);
        assert!(words.contains("no common version: the server has "), "{words}");
    }
}

#[tokio::test]
async fn a_compressed_answer() {
    let double = except("initialize", |_| {
        Reply::new(200, "application/json", vec![0x1f, 0x8b]).with("content-encoding", "gzip")
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(failure(&report).0, Reason::BadContentType);
}

#[tokio::test]
async fn notifications_and_questions_before_the_answer() {
    let double = Double::start(|asked| match (asked.method(), legacy(asked)) {
        ("DELETE" | "notifications/initialized", reply) => reply,
        (_, Reply::Full { status: 200, headers, body }) => {
            let answer = String::from_utf8(body).unwrap();
            let id = &asked.body["id"];
            let stream = format!(
                "id: e1\nretry: 3000\ndata:\n\n: hello\r\n\r\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{{}}}}\n\n\
                 event: message\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"roots/list\"}}\n\nevent: ping\ndata: now\n\ndata: {answer}\r\r"
            );
            let mut headers = headers;
            headers.retain(|(name, _)| *name != "content-type");
            headers.push(("content-type", "text/event-stream".to_owned()));
            Reply::Full { status: 200, headers, body: stream.into_bytes() }
        }
        (_, reply) => reply,
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    succeeded(&report);
    assert!(report.sse_response);
    assert_eq!(report.tools.unwrap().len(), 2);
}
