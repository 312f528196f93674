//! What the tests share: a stack of their own, a gate before its engine, and clients.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use mcpmon::engine::{ContainerSpec, Endpoint, Engine, RestartPolicy, TarFile, labels, tar_of};
use mcpmon::gate::{Gate, Scope};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;

pub const SOCKET: &str = "/var/run/docker.sock";

/// A stack of its own for each test, removed with all that carries its label when the test ends, also when it fails.
pub struct Fixture {
    pub engine: Engine,
    pub stack: String,
}

async fn connect() -> Engine {
    let home = std::env::var("HOME").ok().map(PathBuf::from);
    let endpoint = Endpoint::choose(&|name| std::env::var(name).ok(), home.as_deref()).unwrap();
    Engine::connect(&endpoint).await.expect("these tests need a Docker engine")
}

impl Fixture {
    pub async fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let stack = format!("gatetest-{}-{number}", std::process::id());
        Self { engine: connect().await, stack }
    }

    pub fn name(&self, part: &str) -> String {
        format!("{}-{part}", self.stack)
    }

    /// What a gate shows of it.
    pub fn scope(&self) -> Scope {
        Scope::Fleet { stack: self.stack.clone(), containers: [self.name("named")].into() }
    }

    /// A container that does what `program` does in this mode.
    pub async fn spec(&self, part: &str, mode: &str) -> ContainerSpec {
        let mut spec = ContainerSpec::new(self.name(part), program_image(&self.engine).await);
        spec.labels = BTreeMap::from([(labels::STACK.to_owned(), self.stack.clone())]);
        spec.command = ["program", "--exact", "--nocapture"].map(str::to_owned).to_vec();
        spec.env.insert("GATETEST_PROGRAM".to_owned(), mode.to_owned());
        spec.user = Some("65534:65534".to_owned());
        spec.stop_timeout_seconds = Some(0);
        spec.restart = RestartPolicy::No;
        spec
    }

    pub async fn started(&self, spec: &ContainerSpec) -> String {
        let id = self.engine.create_container(spec).await.unwrap();
        self.engine.start(&id).await.unwrap();
        id
    }

    /// A container that carries no label of the stack; the test removes it.
    pub async fn stranger(&self, part: &str, mode: &str) -> Stranger {
        let mut spec = self.spec(part, mode).await;
        spec.labels.clear();
        Stranger { id: self.started(&spec).await }
    }
}

/// A container of somebody else, removed when the test ends.
pub struct Stranger {
    pub id: String,
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let id = self.id.clone();
        clean(move |engine| async move { engine.remove_container(&id, true).await.unwrap() });
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let stack = self.stack.clone();
        clean(move |engine| async move {
            for container in engine.containers(&stack).await.unwrap() {
                engine.remove_container(&container.id, true).await.unwrap();
            }
            for network in engine.networks(&stack).await.unwrap() {
                engine.remove_network(&network.id).await.unwrap();
            }
        });
    }
}

/// A destructor cannot await, and a runtime cannot be started inside another: hence the thread.
fn clean<F: Future<Output = ()>>(work: impl FnOnce(Engine) -> F + Send + 'static) {
    let cleanup = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { work(connect().await).await });
    });
    assert!(cleanup.join().is_ok() || std::thread::panicking(), "could not clean up");
}

/// The image with this executable. Always the same name, so that at most one stays behind.
async fn program_image(engine: &Engine) -> String {
    static IMAGE: OnceCell<String> = OnceCell::const_new();
    let made = IMAGE.get_or_init(|| async {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let reference = "mcpmon-gatetest/program:1".to_owned();
        let previous = engine.image(&reference).await.unwrap();
        let file = TarFile { path: "mcpmon", content: &bytes, mode: 0o755, uid: 0, gid: 0 };
        let changes = [r#"ENTRYPOINT ["/mcpmon"]"#.to_owned()];
        engine.import_image(tar_of([file]).unwrap(), &reference, &changes).await.unwrap();
        if let Some(previous) = previous {
            // Another run of these tests may be using it; then it stays.
            engine.remove_image(&previous.id, false).await.ok();
        }
        engine.image(&reference).await.unwrap().unwrap().id
    });
    made.await.clone()
}

/// A gate before that socket, until the runtime of the test ends.
pub async fn gate(socket: &Path, scope: Scope) -> (Arc<Gate>, SocketAddr) {
    opened(Gate::new(socket, scope)).await
}

pub async fn opened(gate: Gate) -> (Arc<Gate>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gate = Arc::new(gate);
    tokio::spawn(Arc::clone(&gate).serve(listener));
    (gate, address)
}

/// A well-behaved client's GET, of which the answer's head has come.
pub async fn open(address: SocketAddr, path: &str) -> Response<Incoming> {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(path).header("host", "gate").body(Empty::<Bytes>::new()).unwrap();
    sender.send_request(request).await.unwrap()
}

/// Status and body of a well-behaved client's GET.
pub async fn get(address: SocketAddr, path: &str) -> (u16, Value) {
    let answer = open(address, path).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// Everything that these bytes get until the gate closes the connection, or has been silent for a second.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // A gate that has seen enough closes while the rest is sent.
    socket.write_all(bytes).await.ok();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(read @ 1..)) =
        tokio::time::timeout(Duration::from_secs(1), socket.read(&mut buffer)).await
    {
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
