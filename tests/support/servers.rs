//! Servers at ports of this host: one that knows nothing of MCP, one that minds the header `Host`, one of 2024-11-05,
//! one that never answers. Each ends with the test program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, mpsc};

use serde_json::{Value as Json, json};

/// A server, and what it was asked.
pub struct Double {
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Double {
    /// Method, path and body of each request.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

struct Request {
    method: String,
    path: String,
    host: String,
    body: String,
}

/// A port at which nobody listens.
pub fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A port at which connections are taken and nothing is ever said.
pub fn hung() -> (u16, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (listener.local_addr().unwrap().port(), listener)
}

/// A web server.
pub fn plain() -> Double {
    serve(|_, _| Some(answer("404 Not Found", "text/html", "<h1>Not here</h1>")))
}

/// An MCP server that answers 421 to any `Host` but its own address.
pub fn strict_about_host() -> Double {
    serve(|request, port| {
        Some(if request.host != format!("127.0.0.1:{port}") {
            answer("421 Misdirected Request", "text/plain", "Invalid Host header")
        } else if request.method == "POST" && request.path == "/mcp" {
            match reply(&request.body) {
                Some(reply) => answer("200 OK", "application/json", &reply.to_string()),
                None => answer("202 Accepted", "text/plain", ""),
            }
        } else {
            answer("405 Method Not Allowed", "text/plain", "")
        })
    })
}

/// A server of 2024-11-05: a stream for answers, POST for questions.
pub fn sse() -> Double {
    let stream: Arc<Mutex<Option<Sender<String>>>> = Arc::default();
    serve(move |request, _| match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/sse") => {
            let (sender, events) = mpsc::channel();
            *stream.lock().unwrap() = Some(sender);
            let mut text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: endpoint\ndata: /messages?session=1\n\n".to_owned();
            // The stream stays open for as long as somebody reads it.
            Some(Box::new(move |connection: &mut TcpStream| {
                while connection.write_all(text.as_bytes()).is_ok() {
                    let Ok(event) = events.recv() else { return };
                    text = format!("event: message\ndata: {event}\n\n");
                }
            }))
        }
        ("POST", "/messages?session=1") => {
            if let (Some(reply), Some(sender)) = (reply(&request.body), &*stream.lock().unwrap()) {
                let _ = sender.send(reply.to_string());
            }
            Some(answer("202 Accepted", "text/plain", "Accepted"))
        }
        _ => Some(answer("404 Not Found", "text/plain", "")),
    })
}

/// What a server of the legacy era replies to a message, if it is a question.
fn reply(body: &str) -> Option<Json> {
    let message: Json = serde_json::from_str(body).unwrap();
    let id = message.get("id")?;
    Some(match message["method"].as_str() {
        Some("initialize") => json!({"jsonrpc": "2.0", "id": id, "result": {
            "protocolVersion": "2024-11-05",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "double", "version": "1"},
        }}),
        _ => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Method not found"}})
        }
    })
}

type Answer = Box<dyn FnOnce(&mut TcpStream) + Send>;

fn answer(status: &str, kind: &str, body: &str) -> Answer {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    Box::new(move |connection| {
        let _ = connection.write_all(text.as_bytes());
    })
}

fn serve(handle: impl Fn(&Request, u16) -> Option<Answer> + Send + Sync + 'static) -> Double {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, handle) = (Arc::clone(&requests), Arc::new(handle));
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (seen, handle) = (Arc::clone(&seen), Arc::clone(&handle));
            std::thread::spawn(move || {
                let mut connection = connection.unwrap();
                // Whoever looks whether somebody listens sends nothing.
                let Some(request) = read(&connection) else { return };
                let Request { method, path, body, .. } = &request;
                seen.lock().unwrap().push(format!("{method} {path} {body}"));
                if let Some(answer) = handle(&request, port) {
                    answer(&mut connection);
                }
            });
        }
    });
    Double { port, requests }
}

fn read(connection: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut host, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_lowercase().as_str() {
            "host" => value.trim().clone_into(&mut host),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, host, body: String::from_utf8(body).ok()? })
}
