//! HTTP+SSE of 2024-11-05: a stream for answers, POST for questions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use mcpmon::mcp::report::{StepName, Transport};
use mcpmon::mcp::target::Protocol;
use mcpmon::mcp::{Eras, Reason};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::double::{Asked, Double, Reply, result, two_tools};
use crate::support::{
    ask, failure, probe, probe_with, reason, speaking, succeeded, target, within, worked,
};

type Answers = Arc<dyn Fn(&Asked) -> Vec<Value> + Send + Sync>;

/// A double whose answers come on a stream.
pub struct Stream {
    port: u16,
    pub open: Arc<Mutex<usize>>,
}

#[derive(Clone)]
struct Shared {
    answers: Answers,
    endpoint: String,
    speaker: Arc<Mutex<Option<mpsc::UnboundedSender<String>>>>,
    open: Arc<Mutex<usize>>,
}

impl Stream {
    pub async fn start(answers: impl Fn(&Asked) -> Vec<Value> + Send + Sync + 'static) -> Self {
        Self::at("/message?sessionId=1", answers).await
    }

    async fn at(
        endpoint: &str,
        answers: impl Fn(&Asked) -> Vec<Value> + Send + Sync + 'static,
    ) -> Self {
        let open = Arc::new(Mutex::new(0));
        let shared = Shared {
            answers: Arc::new(answers),
            endpoint: endpoint.to_owned(),
            speaker: Arc::default(),
            open: open.clone(),
        };
        let routes = Router::new()
            .route(
                "/sse",
                get(listen).post(|| async { (StatusCode::NOT_FOUND, "Cannot POST /sse") }),
            )
            .route("/message", axum::routing::post(speak))
            .with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { port, open }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

struct Closing(Arc<Mutex<usize>>);

impl Drop for Closing {
    fn drop(&mut self) {
        *self.0.lock().unwrap() -= 1;
    }
}

async fn listen(State(shared): State<Shared>) -> Response {
    let (speaker, mut said) = mpsc::unbounded_channel();
    speaker.send(format!("event: endpoint\r\ndata: {}\r\n\r\n", shared.endpoint)).unwrap();
    *shared.speaker.lock().unwrap() = Some(speaker);
    *shared.open.lock().unwrap() += 1;
    let closing = Closing(shared.open.clone());
    let stream = futures_util::stream::poll_fn(move |context| {
        let _still_open = &closing;
        said.poll_recv(context).map(|said| said.map(Ok::<_, std::io::Error>))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}

async fn speak(State(shared): State<Shared>, body: Bytes) -> Response {
    let asked = Asked::of(serde_json::from_slice(&body).unwrap());
    if let Some(speaker) = &*shared.speaker.lock().unwrap()
        && !asked.body["id"].is_null()
    {
        for message in (shared.answers)(&asked) {
            let _ = speaker.send(format!("event: message\r\ndata: {message}\r\n\r\n"));
        }
    }
    (StatusCode::ACCEPTED, "Accepted").into_response()
}

fn answers(asked: &Asked) -> Vec<Value> {
    let answer = match asked.method() {
        "initialize" => {
            json!({"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": {"name": "old", "version": "1"}})
        }
        "ping" => json!({}),
        _ => two_tools(),
    };
    vec![
        json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}),
        result(asked, &answer),
    ]
}

#[tokio::test]
async fn it_is_found_and_remembered() {
    use StepName::{Close, Connect, Endpoint, Initialize, Initialized, Ping, ToolsList};
    let eras = Eras::default();
    let double = Stream::start(answers).await;
    for is_first in [true, false] {
        let report = probe_with(&target(&double.url("/sse")), &ask(), &eras).await;
        succeeded(&report);
        let expected = [Connect, Endpoint, Initialize, Initialized, Ping, ToolsList, Close];
        assert_eq!(worked(&report), expected);
        let spoken = report.protocol.unwrap();
        assert_eq!((spoken.version.as_str(), spoken.transport), ("2024-11-05", Transport::Sse));
        assert_eq!(report.tools.unwrap().len(), 2);
        let tried = report.steps.iter().any(|step| step.name == StepName::Discover);
        assert_eq!(tried, is_first);
    }
    // The stream is the session.
    for _ in 0..100 {
        if *double.open.lock().unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("streams stay open");
}

#[tokio::test]
async fn it_may_be_asked_for() {
    let double = Stream::start(answers).await;
    let report = probe(&speaking(&double.url("/sse"), Protocol::Sse), &ask()).await;
    succeeded(&report);
    assert!(report.steps.iter().all(|step| step.success));
}

#[tokio::test]
async fn questions_are_sent_to_no_other_server() {
    let other = Double::start(|_| Reply::status(202)).await;
    let double = Stream::at(&other.url(), answers).await;
    let report = probe(&speaking(&double.url("/sse"), Protocol::Sse), &ask()).await;
    let words =
        format!("the stream: its `endpoint` event leads to another server: {}", other.url());
    assert_eq!(failure(&report), (Reason::Redirect, words.as_str()));
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn faults_of_a_stream() {
    let refusing = Double::start(|_| Reply::status(404)).await;
    let report = probe(&speaking(&refusing.url(), Protocol::Sse), &ask()).await;
    assert_eq!(failure(&report), (Reason::HttpStatus, "the stream: answered 404 Not Found"));

    let json = Double::start(|_| Reply::json(&json!({}))).await;
    let report = probe(&speaking(&json.url(), Protocol::Sse), &ask()).await;
    assert_eq!(failure(&report).0, Reason::BadContentType);

    let short = Double::start(|_| Reply::sse(": hello\n\n")).await;
    let report = probe(&speaking(&short.url(), Protocol::Sse), &ask()).await;
    let words = "the stream: the stream ended before its `endpoint` event";
    assert_eq!(failure(&report), (Reason::BadSse, words));

    let silent = Stream::start(|_| Vec::new()).await;
    let report = probe(&speaking(&silent.url("/sse"), Protocol::Sse), &within(500)).await;
    assert_eq!(failure(&report), (Reason::Timeout, "initialize: not done within 500ms"));
}

/// A server that opens a stream to whoever asks, and never says anything on it.
#[tokio::test]
async fn a_stream_that_says_nothing_hides_no_other_failure() {
    let double = Double::start(|asked| match asked.verb.as_str() {
        "GET" => Reply::Endless {
            head: "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
            piece: b": \n\n".to_vec(),
            pause: Duration::from_millis(20),
        },
        _ => Reply::status(404),
    })
    .await;
    let report = probe(&target(&double.url()), &within(800)).await;
    assert_eq!(reason(&report), Reason::HttpStatus);
    assert!(report.duration < Duration::from_millis(600), "{report:?}");
}
