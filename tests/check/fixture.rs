//! A server that answers as told, and units and stacks to ask it about.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use mcpmon::assets::Assets;
use mcpmon::catalog::{Catalog, Effect, Proof, Ready, Reload};
use mcpmon::check::Subject;
use mcpmon::check::http::Http;
use mcpmon::engine::{ContainerSpec, Endpoint, Reader};
use mcpmon::plan::{Unit, WantedFile};
use mcpmon::stack::{self, Stack};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a server answers.
#[derive(Clone)]
pub enum Reply {
    Status(u16, Vec<u8>),
    /// Takes the connection and says nothing.
    Hang,
    /// Closes the connection at once.
    Close,
}

impl Reply {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Status(200, body.into())
    }
    pub fn status(status: u16, body: &str) -> Self {
        Self::Status(status, body.into())
    }
}

/// A server on a port of its own.
pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
    /// Every request so far, as `GET /path`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Starts a server; `answer` gets `GET /path?query`, and the whole head of the request.
pub async fn serve(answer: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            tokio::spawn(async move { one(stream, &*answer, &log).await });
        }
    });
    Server { port, asked }
}

async fn one(
    mut stream: TcpStream,
    answer: &(dyn Fn(&str, &str) -> Reply + Send + Sync),
    log: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    let mut byte = [0_u8; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let asked = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    log.lock().unwrap().push(asked.clone());
    match answer(&asked, &head) {
        Reply::Close => {}
        Reply::Hang => std::future::pending().await,
        Reply::Status(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(&[head.into_bytes(), body].concat()).await;
        }
    }
}

/// A recorded or rendered file.
pub fn fixture(path: &str) -> String {
    let path = format!("{}/tests/check/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A component without files.
pub fn unit(name: &str, proof: Option<Proof>) -> Unit {
    Unit {
        name: name.to_owned(),
        spec: ContainerSpec::new(format!("acme-{name}"), "image:1"),
        is_component: true,
        files: BTreeMap::new(),
        secrets: Effect::Watched,
        owner: (0, 0),
        port: Some(9090),
        ready: Some(Ready {
            path: "/-/ready".to_owned(),
            timeout: mcpmon::manifest::Duration::from_secs(60),
            login: false,
            says: None,
        }),
        access: None,
        setup: Vec::new(),
        reload: Some(Reload { post: vec!["/-/reload".to_owned()], login: false }),
        proof,
        validators: Vec::new(),
        after: Vec::new(),
    }
}

/// Gives a unit a rendered file.
pub fn with_file(mut unit: Unit, path: &str, text: &str) -> Unit {
    let content = text.as_bytes().to_vec();
    let file = WantedFile { content, effect: Effect::Reload, secret: false };
    unit.files.insert(path.to_owned(), file);
    unit
}

/// A small stack.
pub fn stack() -> Stack {
    // Reading every component is the slow part of a test.
    static STACK: LazyLock<Stack> = LazyLock::new(|| {
        let text = "name: acme\ncomponents: {grafana: {admin_password: {file: p}}}\nservices: {a: {metrics: http://a:1/metrics, dialect: fastapi}}\n";
        let document = mcpmon::manifest::load_text("mcpmon.yaml", text, Path::new("."));
        let document = document.unwrap_or_else(|_| panic!("{text}"));
        let catalog = Catalog::load(Assets::shipped()).unwrap();
        stack::resolve(&document, &catalog).unwrap_or_else(|found| panic!("{found:?}")).stack
    });
    STACK.clone()
}

pub fn subject<'a>(unit: &'a Unit, stack: &'a Stack, base_url: String) -> Subject<'a> {
    Subject { unit, base_url, stack, login: None, http: Http::default() }
}

/// A container as the engine describes it.
pub fn container(unit: &Unit, state: &str, restarts: u32, host_port: u16) -> String {
    format!(
        r#"{{"Id":"1","Name":"/{}","RestartCount":{restarts},"State":{state},"Config":{{"Labels":{{"dev.mcpmon.stack":"acme"}}}},"NetworkSettings":{{"Ports":{{"9090/tcp":[{{"HostIp":"127.0.0.1","HostPort":"{host_port}"}}]}}}}}}"#,
        unit.spec.name
    )
}

pub const RUNNING: &str = r#"{"Status":"running","ExitCode":0,"StartedAt":"2026-01-01T00:00:00Z"}"#;

/// An engine whose containers are as `inspect` says, by name; each wrote one line.
pub async fn engine(
    inspect: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> (Server, Reader) {
    let server = serve(move |asked, _| {
        let path = asked.split_once(' ').unwrap().1.split('?').next().unwrap();
        let name = path.split("/containers/").nth(1).and_then(|rest| rest.split('/').next());
        if path.ends_with("/version") {
            Reply::ok(r#"{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux","Arch":"amd64"}"#)
        } else if path.ends_with("/info") {
            Reply::ok("{}")
        } else if path.ends_with("/logs") {
            let line = b"2026-01-01T00:00:00Z it said this\n";
            let length = u8::try_from(line.len()).unwrap();
            Reply::ok([&[1, 0, 0, 0, 0, 0, 0, length], &line[..]].concat())
        } else if path.ends_with("/containers/json") || path.ends_with("/networks") {
            Reply::ok("[]")
        } else {
            match name.and_then(&inspect) {
                Some(body) => Reply::ok(body),
                None => Reply::status(404, r#"{"message":"no such thing"}"#),
            }
        }
    })
    .await;
    let address = format!("tcp://127.0.0.1:{}", server.port);
    let endpoint = Endpoint { address, chosen_by: "the test".to_owned() };
    let reader = Reader::connect(&endpoint).await.unwrap();
    (server, reader)
}
