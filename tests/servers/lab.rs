//! MCP servers of the field, as processes on loopback. They end with their test.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// Longest time until a server listens: the machine may be busy with other tests.
const START: Duration = Duration::from_mins(1);

fn lab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/mcp-servers")
}

/// Where the servers are installed. Installs them, the first time.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let output = Command::new(lab().join("install")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    })
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The start line of our own server on top of a Python environment.
pub fn python(environment: &str, arguments: &str) -> Vec<String> {
    let mut words =
        vec![text(&folder().join(environment).join("bin/python")), text(&lab().join("server.py"))];
    words.extend(arguments.split_whitespace().map(ToOwned::to_owned));
    words
}

/// The start line of the reference server.
pub fn everything(transport: &str) -> Vec<String> {
    let script = "npm/node_modules/@modelcontextprotocol/server-everything/dist/index.js";
    vec!["node".to_owned(), text(&folder().join(script)), transport.to_owned()]
}

/// The start line of supergateway around a server on standard input and output.
pub fn supergateway(transport: &str) -> Vec<String> {
    let script = text(&folder().join("npm/node_modules/supergateway/dist/index.js"));
    let inner = everything("stdio").join(" ");
    let words =
        ["node", &script, "--stdio", &inner, "--outputTransport", transport, "--port", "PORT"];
    words.map(ToOwned::to_owned).to_vec()
}

/// The start line of mcp-proxy around a server on standard input and output.
pub fn mcp_proxy() -> Vec<String> {
    let program = text(&folder().join("mcp-1/bin/mcp-proxy"));
    let mut words = vec![program, "--port".to_owned(), "PORT".to_owned(), "--".to_owned()];
    words.extend(python("mcp-1", "mcp stdio"));
    words
}

/// The start line of mcpmon's own demo service.
pub fn demo() -> Vec<String> {
    let words = [
        env!("CARGO_BIN_EXE_mcpmon"),
        "demo-service",
        "--listen=127.0.0.1:PORT",
        "--rate=0",
        "--errors=0",
    ];
    words.map(ToOwned::to_owned).to_vec()
}

/// A server that listens.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Starts it, with the number of a free port in the place of `PORT`, and waits until it listens.
    pub fn start(line: &[String]) -> Self {
        // Between being found free and being taken, another process may take it.
        for _ in 0..3 {
            if let Some(server) = Self::try_start(line) {
                return server;
            }
        }
        panic!("{line:?} did not listen within {START:?}");
    }

    fn try_start(line: &[String]) -> Option<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let words: Vec<String> =
            line.iter().map(|word| word.replace("PORT", &port.to_string())).collect();
        let child = Command::new(&words[0])
            .args(&words[1..])
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // In a group of its own, so that it ends with all that it started.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut server = Self { child, port };
        let started = Instant::now();
        while started.elapsed() < START {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Some(server);
            }
            if server.child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sends a signal to it and all that it started.
    pub fn signal(&self, signal: &str) {
        let command = format!("kill -s {signal} -- -{}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}");
    }

    /// Its resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.child.wait();
    }
}

/// Processes with this word among their arguments.
pub fn running(word: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let lines = processes.filter_map(|entry| {
        // One that has ended meanwhile has none.
        let line = std::fs::read(entry.unwrap().path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(word)).collect()
}

/// How `mcpmon probe` ended.
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Answer {
    /// The document on standard output.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// Runs `mcpmon probe` in an empty folder.
pub fn probe<S: AsRef<str>>(arguments: &[S]) -> Answer {
    let dir = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .arg("probe")
        .args(arguments.iter().map(AsRef::as_ref))
        .current_dir(dir.path())
        .env("RIGHT", "right-token")
        .env("WRONG", "another-token")
        .output()
        .unwrap();
    let took = started.elapsed();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
        took,
    }
}
