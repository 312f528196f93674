//! MCP servers that behave as told, and an agent that asks them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use mcpmon::agent::{Server, config};
use serde_json::{Value, json};

/// How a server behaves.
#[derive(Default)]
pub struct Behaviour {
    /// Who it says that it is.
    pub name: &'static str,
    /// Its tools.
    pub tools: Vec<&'static str>,
    /// It takes the question and never answers.
    pub hangs: bool,
    /// It thinks that long before each answer.
    pub thinks: Duration,
    /// It speaks with sessions, as servers did before 2026.
    pub legacy: bool,
    /// Whom it lets in.
    pub token: Option<&'static str>,
}

/// An MCP server.
pub struct Double {
    pub port: u16,
    seen: Arc<Seen>,
}

struct Seen {
    behaviour: Behaviour,
    methods: Mutex<Vec<String>>,
    tokens: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Double {
    pub async fn start(behaviour: Behaviour) -> Self {
        let seen = Arc::new(Seen {
            behaviour,
            methods: Mutex::default(),
            tokens: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes = Router::new()
            .route("/mcp", post(answer).merge(delete(end)))
            .with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { port, seen }
    }

    /// A server that works.
    pub async fn good() -> Self {
        Self::start(Behaviour { name: "good", tools: vec!["add", "look"], ..Default::default() })
            .await
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// Every method that was asked, in order; `DELETE` for the end of a session.
    pub fn asked(&self) -> Vec<String> {
        self.seen.methods.lock().unwrap().clone()
    }

    /// How often a conversation began.
    pub fn conversations(&self) -> usize {
        let opening = if self.seen.behaviour.legacy { "initialize" } else { "server/discover" };
        self.asked().iter().filter(|method| *method == opening).count()
    }

    /// Every credential that was shown.
    pub fn tokens(&self) -> Vec<String> {
        self.seen.tokens.lock().unwrap().clone()
    }

    /// Questions that were open at the same time, at the most.
    pub fn most_at_once(&self) -> usize {
        self.seen.most_at_once.load(Ordering::SeqCst)
    }
}

async fn answer(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: String) -> Response {
    let question: Value = serde_json::from_str(&body).unwrap();
    let method = question["method"].as_str().unwrap().to_owned();
    seen.methods.lock().unwrap().push(method.clone());
    let now = seen.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    seen.most_at_once.fetch_max(now, Ordering::SeqCst);
    let answer = speak(&seen, &headers, &method, &question["id"]).await;
    seen.at_once.fetch_sub(1, Ordering::SeqCst);
    answer
}

async fn speak(seen: &Seen, headers: &HeaderMap, method: &str, id: &Value) -> Response {
    let behaviour = &seen.behaviour;
    let shown = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    seen.tokens.lock().unwrap().extend(shown.clone());
    if behaviour.hangs {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(behaviour.thinks).await;
    if let Some(token) = behaviour.token
        && shown != Some(format!("Bearer {token}"))
    {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer")], "").into_response();
    }
    let info = json!({"name": behaviour.name, "version": "1.2.3"});
    let tools: Vec<Value> = behaviour
        .tools
        .iter()
        .map(|name| json!({"name": name, "inputSchema": {"type": "object"}}))
        .collect();
    let error = |status: u16, code: i64| {
        let body = json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "no"}});
        (StatusCode::from_u16(status).unwrap(), body)
    };
    let (status, body) = match (method, behaviour.legacy) {
        ("notifications/initialized", true) => return StatusCode::ACCEPTED.into_response(),
        ("server/discover", false) => result(
            id,
            json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                "cacheScope": "private", "ttlMs": 0,
                "_meta": {"io.modelcontextprotocol/serverInfo": info},
            }),
        ),
        ("initialize", true) => result(
            id,
            json!({
                "protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info,
            }),
        ),
        ("tools/list", false) => {
            result(id, json!({"resultType": "complete", "cacheScope": "private", "tools": tools}))
        }
        ("tools/list", true) => result(id, json!({"tools": tools})),
        ("ping", true) => result(id, json!({})),
        _ => error(400, -32600),
    };
    let mut said = HeaderMap::new();
    said.insert("content-type", "application/json".parse().unwrap());
    if method == "initialize" {
        said.insert("mcp-session-id", "s1".parse().unwrap());
    }
    (status, said, body.to_string()).into_response()
}

#[allow(clippy::needless_pass_by_value)]
fn result(id: &Value, result: Value) -> (StatusCode, Value) {
    (StatusCode::OK, json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

async fn end(State(seen): State<Arc<Seen>>) -> StatusCode {
    seen.methods.lock().unwrap().push("DELETE".to_owned());
    StatusCode::OK
}

/// What the agent answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// The value of a series, written as it stands in the text.
    #[track_caller]
    pub fn value(&self, series: &str) -> Option<f64> {
        let line =
            self.text.lines().find(|line| line.rsplit_once(' ').is_some_and(|l| l.0 == series));
        line.map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }
    #[track_caller]
    pub fn says(&self, text: &str) {
        assert!(self.text.contains(text), "`{text}` is not in:\n{}", self.text);
    }
}

/// An agent in this process.
pub struct Agent {
    pub address: SocketAddr,
    pub dir: tempfile::TempDir,
}

impl Agent {
    pub async fn start(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::within(dir, text).await
    }

    /// As [`Agent::start`], beside files that are there already.
    pub async fn within(dir: tempfile::TempDir, text: &str) -> Self {
        let path = dir.path().join("agent.yml");
        std::fs::write(&path, text).unwrap();
        let loaded = config::load(&path).unwrap_or_else(|wrong| panic!("{:?}", wrong.lines()));
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(path, loaded, listen).await.unwrap();
        let address = server.address().unwrap();
        tokio::spawn(server.serve(std::future::pending()));
        Self { address, dir }
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("agent.yml")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(path, None).await
    }

    /// Asks as a Prometheus does that waits that long.
    pub async fn ask(&self, path: &str, scrape_timeout: Option<&str>) -> Answer {
        let mut request = client().get(format!("http://{}{path}", self.address));
        if let Some(seconds) = scrape_timeout {
            request = request.header("X-Prometheus-Scrape-Timeout-Seconds", seconds);
        }
        read(request).await
    }

    pub async fn probe(&self, target: &str) -> Answer {
        self.get(&format!("/probe?target={target}")).await
    }

    pub async fn reload(&self) -> Answer {
        read(client().post(format!("http://{}/-/reload", self.address))).await
    }
}

fn client() -> reqwest::Client {
    mcpmon::check::tls::plain().build().unwrap()
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    Answer { status, text: response.text().await.unwrap() }
}
