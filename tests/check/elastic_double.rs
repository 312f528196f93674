//! A double of the parts of Elasticsearch and Kibana that mcpmon asks, over TLS. It keeps what it is
//! given as they document it, and is neither of them: what they answer beyond their documentation,
//! no test here can know.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the double holds.
#[derive(Default)]
pub struct State {
    /// User → password.
    pub users: BTreeMap<String, String>,
    /// Path → what was put there.
    pub documents: BTreeMap<String, Json>,
    /// Every change that was asked for, as `PUT /path`.
    pub changes: Vec<String>,
    /// Answers to changes of a path, instead of making them; the first is used up first.
    pub refusals: BTreeMap<String, Vec<(u16, String)>>,
    /// Takes changes and forgets them.
    pub forgetful: bool,
}

pub struct Double {
    pub port: u16,
    pub state: Arc<Mutex<State>>,
}

impl Double {
    /// Answers with the certificate of that name.
    pub async fn start(secrets: &Path, name: &str) -> Self {
        let certificate = CertificateDer::from_pem_file(secrets.join(format!("{name}.crt")));
        let key = PrivateKeyDer::from_pem_file(secrets.join(format!("{name}.key")));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.unwrap()], key.unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    // Who does not trust the certificate goes away again.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let Some(request) = Request::read(&mut stream).await else { return };
                    let (status, body) = state.lock().unwrap().answer(&request);
                    let head = format!(
                        "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { port, state }
    }

    pub fn changes(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().changes)
    }
}

struct Request {
    method: String,
    path: String,
    head: String,
    body: Vec<u8>,
}

impl Request {
    async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let length = header(&head, "content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let mut words = head.lines().next()?.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Self { method, path, head, body })
    }

    /// The user who proved to be one.
    fn user(&self, users: &BTreeMap<String, String>) -> Option<String> {
        let given = header(&self.head, "authorization")?.strip_prefix("Basic ")?;
        let known = |(user, password): (&String, &String)| {
            (base64(format!("{user}:{password}").as_bytes()) == given).then(|| user.clone())
        };
        users.iter().find_map(known)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = (word >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { DIGITS[index as usize] as char } else { '=' });
        }
    }
    text
}

type Said = (u16, String);

fn said(status: u16, body: &Json) -> Said {
    (status, body.to_string())
}

fn problem(status: u16, reason: &str) -> Said {
    said(status, &json!({"error": {"type": "double", "reason": reason}, "status": status}))
}

impl State {
    fn answer(&mut self, request: &Request) -> Said {
        let path = request.path.split('?').next().unwrap().to_owned();
        if path == "/api/status" {
            return said(200, &json!({"status": {"overall": {"level": "available"}}}));
        }
        let Some(user) = request.user(&self.users) else {
            return problem(401, "unable to authenticate user");
        };
        if path == "/_security/_authenticate" {
            return said(200, &json!({"username": user}));
        }
        if user != "elastic" {
            return problem(403, "action is unauthorized");
        }
        if request.method == "GET" {
            return self.read(&path);
        }
        self.changes.push(format!("{} {path}", request.method));
        let refusal = self.refusals.get_mut(&path).filter(|list| !list.is_empty());
        if let Some(list) = refusal {
            let (status, text) = list.remove(0);
            let body = Json::String(String::from_utf8_lossy(&request.body).into_owned());
            let quoted = body.to_string();
            return (status, text.replace("$BODY", quoted.trim_matches('"')));
        }
        self.write(request, &path)
    }

    fn read(&self, path: &str) -> Said {
        if path == "/_cluster/health" {
            return said(
                200,
                &json!({"status": self.documents.get("health").unwrap_or(&json!("yellow"))}),
            );
        }
        let name = path.rsplit('/').next().unwrap();
        let Some(document) = self.documents.get(path) else {
            return problem(404, "not found");
        };
        // Each in the shape that its program gives it, with what the program adds by itself.
        let kind = path.trim_end_matches(name);
        said(
            200,
            &match kind {
                "/_ilm/policy/" => {
                    json!({name: {"version": 1, "policy": document["policy"], "in_use_by": {}}})
                }
                "/_index_template/" => {
                    json!({"index_templates": [{"name": name, "index_template": document}]})
                }
                "/_security/role/" | "/_security/user/" => {
                    let mut document = document.clone();
                    document["transient_metadata"] = json!({"enabled": true});
                    json!({name: document})
                }
                _ => document.clone(),
            },
        )
    }

    fn write(&mut self, request: &Request, path: &str) -> Said {
        if path.starts_with("/api/") && header(&request.head, "kbn-xsrf").is_none() {
            return problem(400, "Request must contain a kbn-xsrf header.");
        }
        if path == "/api/saved_objects/_import" {
            return self.import(request);
        }
        let Ok(mut body) = serde_json::from_slice::<Json>(&request.body) else {
            return problem(400, "the body is no JSON");
        };
        if self.forgetful {
            return said(200, &json!({"acknowledged": true}));
        }
        if let Some(user) = path.strip_prefix("/_security/user/") {
            let user = user.trim_end_matches("/_password");
            let password = body.as_object_mut().and_then(|body| body.remove("password"));
            match password.as_ref().and_then(Json::as_str) {
                Some(password) if password.len() >= 6 => {
                    self.users.insert(user.to_owned(), password.to_owned());
                }
                _ => return problem(400, "passwords must be at least [6] characters long"),
            }
        }
        let at = match path {
            "/api/data_views/data_view" => {
                let id = body["data_view"]["id"].as_str().unwrap().to_owned();
                let at = format!("{path}/{id}");
                if self.documents.contains_key(&at) && body["override"] != true {
                    return problem(400, "Duplicate data view");
                }
                at
            }
            path => path.to_owned(),
        };
        self.documents.insert(at, body);
        said(200, &json!({"acknowledged": true}))
    }

    fn import(&mut self, request: &Request) -> Said {
        let kind = header(&request.head, "content-type").unwrap_or_default();
        let Some(boundary) = kind.strip_prefix("multipart/form-data; boundary=") else {
            return problem(415, "Unsupported Media Type");
        };
        let body = String::from_utf8(request.body.clone()).unwrap();
        let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
        let [_, part, "--\r\n"] = parts.as_slice() else {
            return problem(400, "one file is expected");
        };
        let (head, file) = part.split_once("\r\n\r\n").unwrap();
        if !head.contains("name=\"file\"") || !head.contains(".ndjson") {
            return problem(400, "[request body.file]: expected a .ndjson file");
        }
        for line in file.lines().filter(|line| !line.trim().is_empty()) {
            let object: Json = serde_json::from_str(line).unwrap();
            let (kind, id) = (object["type"].as_str().unwrap(), object["id"].as_str().unwrap());
            self.documents.insert(format!("/api/saved_objects/{kind}/{id}"), object.clone());
        }
        said(200, &json!({"success": true, "successCount": 1}))
    }
}
