//! A double of an MCP server over HTTP: it answers each request as the test says, faults included.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// One request that the double received.
#[derive(Clone, Debug)]
pub struct Asked {
    pub verb: String,
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Value,
}

impl Asked {
    pub fn of(body: Value) -> Self {
        Self { verb: "POST".to_owned(), path: String::new(), headers: Vec::new(), body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The JSON-RPC method, or the verb where there is none.
    pub fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or(&self.verb)
    }
}

/// How the double answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A whole answer; the connection is kept.
    Full { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// These bytes as they are, then the end of the connection.
    Raw(Vec<u8>),
    /// This head, then this piece again and again, with a pause between.
    Endless { head: &'static str, piece: Vec<u8>, pause: Duration },
    /// Nothing, ever.
    Hang,
}

impl Reply {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self::Full { status, headers, body: body.into() }
    }

    pub fn status(status: u16) -> Self {
        Self::Full { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn json(body: &Value) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    pub fn sse(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/event-stream", body)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Full { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// A result for what was asked.
pub fn result(asked: &Asked, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": asked.body["id"], "result": result})
}

/// An error for what was asked.
pub fn error(asked: &Asked, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": asked.body["id"], "error": {"code": code, "message": message}})
}

pub fn two_tools() -> Value {
    json!({"tools": [
        {"name": "sub", "description": "Subtracts", "inputSchema": {"type": "object"}},
        {"name": "add", "description": "Adds", "inputSchema": {"type": "object"}},
    ]})
}

/// A server of the legacy era, with a session.
pub fn legacy(asked: &Asked) -> Reply {
    match asked.method() {
        "initialize" => Reply::json(&result(
            asked,
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}, "logging": {}},
                "serverInfo": {"name": "double", "version": "1.2"},
            }),
        ))
        .with("mcp-session-id", "s-1"),
        "DELETE" => Reply::status(200),
        _ if asked.header("mcp-session-id") != Some("s-1") => Reply::new(
            400,
            "application/json",
            error(asked, -32000, "Bad Request: No valid session ID provided").to_string(),
        ),
        "notifications/initialized" => Reply::status(202),
        "ping" => Reply::json(&result(asked, &json!({}))),
        "tools/list" => Reply::json(&result(asked, &two_tools())),
        "tools/call" => Reply::json(&result(
            asked,
            &json!({"content": [{"type": "text", "text": "3"}], "isError": false}),
        )),
        _ => Reply::json(&error(asked, -32601, "Method not found")),
    }
}

/// A server of the modern era and of no other.
pub fn modern(asked: &Asked) -> Reply {
    let refuse = |code: i64, message: &str| {
        let mut body = error(asked, code, message);
        body["error"]["data"] = json!({"supported": ["2026-07-28"]});
        Reply::new(400, "application/json", body.to_string())
    };
    let version = asked.body.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion");
    if version != Some(&json!("2026-07-28")) {
        return refuse(-32022, "Unsupported protocol version");
    }
    let name = asked.body.pointer("/params/name").and_then(Value::as_str);
    if asked.header("mcp-protocol-version") != Some("2026-07-28")
        || asked.header("mcp-method") != Some(asked.method())
        || asked.header("mcp-name") != name
    {
        return refuse(-32020, "headers do not match the body");
    }
    match asked.method() {
        "server/discover" => Reply::json(&result(
            asked,
            &json!({
                "resultType": "complete",
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {}},
                "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "double", "version": "2"}},
            }),
        )),
        "tools/list" => Reply::json(&result(asked, &two_tools())),
        "tools/call" => Reply::json(&result(
            asked,
            &json!({"resultType": "complete", "content": [{"type": "text", "text": "3"}]}),
        )),
        _ => Reply::new(
            404,
            "application/json",
            error(asked, -32601, "Method not found").to_string(),
        ),
    }
}

/// A running double; it ends with its value.
pub struct Double {
    pub port: u16,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
    pub connections: Arc<Mutex<usize>>,
    running: JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.running.abort();
    }
}

type Answer = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

impl Double {
    pub async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::bind(Arc::new(answer), None).await
    }

    pub async fn start_tls(
        acceptor: TlsAcceptor,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::bind(Arc::new(answer), Some(acceptor)).await
    }

    async fn bind(answer: Answer, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let (log, count) = (asked.clone(), connections.clone());
        let running = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                *count.lock().unwrap() += 1;
                let (answer, log, acceptor) = (answer.clone(), log.clone(), acceptor.clone());
                open.spawn(async move {
                    match acceptor {
                        None => serve(stream, answer, log).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, answer, log).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, scheme, asked, connections, running }
    }

    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}/mcp", self.scheme, self.port)
    }

    /// All that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The methods of all that was asked so far.
    pub fn methods(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.method().to_owned()).collect()
    }

    pub fn count(&self, method: &str) -> usize {
        self.methods().iter().filter(|one| *one == method).count()
    }
}

async fn serve<S>(stream: S, answer: Answer, log: Arc<Mutex<Vec<Asked>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    while let Some(asked) = request(&mut stream).await {
        log.lock().unwrap().push(asked.clone());
        match answer(&asked) {
            Reply::Full { status, headers, body } => {
                let mut text = format!("HTTP/1.1 {status} {}\r\n", phrase(status));
                for (name, value) in headers {
                    let _ = write!(text, "{name}: {value}\r\n");
                }
                let _ = write!(text, "content-length: {}\r\n\r\n", body.len());
                let mut bytes = text.into_bytes();
                bytes.extend(body);
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Endless { head, piece, pause } => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&piece).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
                return;
            }
            Reply::Hang => std::future::pending().await,
        }
    }
}

async fn request<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace();
    let (verb, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Asked { verb, path, headers, body })
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        _ => "Other",
    }
}
