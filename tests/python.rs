//! The Python modules of `examples/elk/python`: what a server shows and writes with them is what the stack reads.
//! They run in an environment of their own, with what their `requirements.txt` names.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value as Json;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {said}\nThis test needs Python 3.9 or later with venv, and PyPI."
    );
}

/// Python with what the modules need.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(python);

/// Makes it, once for each list of what they need.
fn python() -> PathBuf {
    let list = top().join("examples/elk/python/requirements.txt");
    let wanted = fs::read_to_string(&list).unwrap();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("elk-python");
    let made = dir.join("made-of.txt");
    if fs::read_to_string(&made).ok().as_ref() != Some(&wanted) {
        succeed(Command::new(top().join("scripts/packages")).arg("python3=python3"));
        let venv = Command::new("python3").args(["-c", "import ensurepip, venv"]).output().unwrap();
        if !venv.status.success() {
            // It has no command of its own, so its name is never found as one.
            succeed(Command::new(top().join("scripts/packages")).arg("python3-venv=python3-venv"));
        }
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir));
        let install = ["install", "--disable-pip-version-check", "--no-input", "-r"];
        succeed(Command::new(dir.join("bin/pip")).args(install).arg(&list));
        fs::write(&made, wanted).unwrap();
    }
    dir.join("bin/python")
}

/// The example's server; it ends with the test.
struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
    /// Its first line.
    first: Json,
}

impl Server {
    fn start(storage: &Path, dsn: &Path) -> Self {
        let mut child = Command::new(&*PYTHON)
            .args(["server.py", "0"])
            .arg(storage)
            .current_dir(top().join("examples/elk/python"))
            .env("SENTRY_DSN_FILE", dsn)
            .env_remove("SENTRY_DSN")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Json = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let address = first["message"].as_str().unwrap().rsplit_once("//").unwrap().1.to_owned();
        Self { child, lines, address, first }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// Status and body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn health(&self) -> (u16, Json) {
        let (status, body) = self.get("/health");
        (status, serde_json::from_str(&body).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes what is sent to Sentry: its port, and the path of each request.
fn sentry() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sent, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut request = String::new();
            while !request.ends_with("\r\n\r\n") {
                if reader.read_line(&mut request).unwrap_or(0) == 0 {
                    break;
                }
            }
            let length = request.to_lowercase();
            let length = length.split("content-length: ").nth(1).and_then(|l| l.lines().next());
            let mut body = vec![0; length.and_then(|l| l.parse().ok()).unwrap_or(0)];
            let _ = reader.read_exact(&mut body);
            let _ = reader
                .get_mut()
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            let _ = sent.send(request.split(' ').nth(1).unwrap_or_default().to_owned());
        }
    });
    (port, received)
}

fn mcpmon(arguments: &[&str]) -> Json {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpmon"));
    command.current_dir(top().join("examples/elk")).args(arguments);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_server_with_the_modules_is_what_the_stack_reads() {
    let (port, reported) = sentry();
    let folder = tempfile::tempdir().unwrap();
    let (storage, dsn) = (folder.path().join("storage"), folder.path().join("dsn"));
    fs::create_dir(&storage).unwrap();
    fs::write(&dsn, format!("http://key@127.0.0.1:{port}/1\n")).unwrap();
    let mut server = Server::start(&storage, &dsn);

    // Lines: each once, though logging was set up twice, and with no field that the index does not know.
    let (called, failed) = (server.line(), server.line());
    assert_eq!(server.first["request_id"], "start");
    assert!(called.contains("tool search took"), "{called}");
    assert!(failed.contains("tool divide failed"), "{failed}");
    let index = fs::read_to_string(top().join("templates/elasticsearch/index-template.json.j2"));
    let index: Json = serde_json::from_str(&index.unwrap()).unwrap();
    let known = index["template"]["mappings"]["properties"].as_object().unwrap();
    let failed_line: Json = serde_json::from_str(&failed).unwrap();
    for line in [&server.first, &failed_line] {
        let keys = line.as_object().unwrap().keys().map(String::as_str);
        // Logstash makes `@timestamp` of it.
        let unknown: Vec<&str> =
            keys.filter(|key| *key != "timestamp" && !known.contains_key(*key)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
    assert_eq!(failed_line["level"], "ERROR");
    assert!(failed_line["exception"].as_str().unwrap().contains("ZeroDivisionError"), "{failed}");
    let at = failed_line["timestamp"].as_str().unwrap();
    assert!(at.parse::<jiff::Timestamp>().is_ok() && at.ends_with("+00:00"), "{at}");
    let trace = mcpmon(&["logs", "test", "--service", "mcp-server", "--output", "json", &failed]);
    let json = &trace["entries"][0]["steps"][0];
    assert_eq!((&json["stage"], &json["fields"]["level"]), (&"json".into(), &"ERROR".into()));

    // Metrics: every role of the dialect, and nothing to object to.
    let url = format!("http://{}/metrics", server.address);
    let report = mcpmon(&["metrics", "check", &url, "--output", "json"]);
    let speech = &report["speech"];
    assert_eq!((&speech["dialect"], &report["ok"]), (&"mcp".into(), &true.into()), "{report}");
    let roles = speech["roles"].as_array().unwrap();
    assert!(roles.len() >= 5 && roles.iter().all(|role| role["present"] == true), "{report}");
    assert_eq!(
        (&report["lint"], &report["problems"]),
        (&Json::Array(vec![]), &Json::Array(vec![]))
    );
    let metrics = server.get("/metrics").1;
    for series in [
        "mcp_requests_total{endpoint=\"/mcp\",method=\"tools/call\",status=\"500\"}",
        "mcp_errors_total{error_type=\"ZeroDivisionError\"}",
        "mcp_tool_executions_total{status=\"error\",tool_name=\"divide\"}",
        "mcp_active_connections ",
        "api_calls_total{endpoint=\"/search\",method=\"GET\"}",
    ] {
        assert!(metrics.contains(series), "{series} is not in {metrics}");
    }

    // Errors: what failed is reported.
    let path = reported.recv_timeout(Duration::from_secs(20)).expect("a report to Sentry");
    assert_eq!(path, "/api/1/envelope/");

    // Health: well, and not when a check fails.
    let (status, well) = server.health();
    assert_eq!((status, &well["status"]), (200, &"healthy".into()), "{well}");
    fs::remove_dir(&storage).unwrap();
    let (status, unwell) = server.health();
    assert_eq!((status, &unwell["status"]), (503, &"unhealthy".into()), "{unwell}");
    let checks = unwell["checks"].as_object().unwrap();
    let bad: BTreeSet<&str> = checks
        .iter()
        .filter(|(_, check)| check["status"] != "healthy")
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(bad, BTreeSet::from(["storage"]), "{unwell}");
}

/// A check that raises, one that is async, one that never ends, an address that does not answer; no secret is shown.
#[test]
fn health_is_honest_however_a_check_fails() {
    let script = r#"
import json, time, health
health.TIMEOUT = 0.5
@health.check("fine")
async def fine(): return {"any": "thing"}
@health.check("raises")
async def raises(): raise RuntimeError("postgres://me:hunter2@db")
@health.check("hangs")
def hangs(): time.sleep(60)
health.check("gone")(health.answers("http://127.0.0.1:9/", timeout=0.2))
health.check("memory")(health.memory_below(1))
first, again = health.run(), health.run()
import threading
print(json.dumps([first, again, threading.active_count()]))
"#;
    let output = Command::new(&*PYTHON)
        .args(["-c", script])
        .current_dir(top().join("examples/elk/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let answer: Json = serde_json::from_slice(&output.stdout).unwrap();
    for run in [&answer[0], &answer[1]] {
        assert_eq!((&run[0], &run[1]["status"]), (&503.into(), &"unhealthy".into()));
        let error = |check: &str| run[1]["checks"][check]["error"].as_str();
        assert_eq!(error("fine"), None);
        assert_eq!(error("raises"), Some("RuntimeError"));
        assert_eq!(error("hangs"), Some("no answer within 0.5 s"));
        assert_eq!(error("gone"), Some("URLError"));
        assert_eq!(error("memory"), Some("the check says no"));
    }
    assert_eq!(answer[2], 2, "what hangs is not started again");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("hunter2"), "a password is shown");
}
