//! A stack of a test's own: its folder, its ports, its name; gone when the test ends.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A stack of a test's own.
pub struct TestStack {
    pub name: String,
    pub dir: tempfile::TempDir,
    pub ports: Ports,
}

/// Where the stack's programs listen on this host.
pub struct Ports {
    pub prometheus: u16,
    pub alertmanager: u16,
    pub loki: u16,
    pub grafana: u16,
    pub agent: u16,
}

/// How a command ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Fails the test unless the command ended so.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
    /// Fails the test unless people read this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }
}

impl TestStack {
    /// The quickstart under a name of its own. Nothing runs yet.
    pub fn new(name: &str) -> Self {
        Self::of("quickstart", name)
    }

    /// A profile under a name of its own. Nothing runs yet.
    pub fn of(profile: &str, name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let name = format!("t{}-{name}", std::process::id() % 10_000);
        let ports = Ports {
            prometheus: free(),
            alertmanager: free(),
            loki: free(),
            grafana: free(),
            agent: free(),
        };
        let stack = Self { name, dir, ports };
        stack.mcpmon(&["init", "--profile", profile, "--name", &stack.name, "."]).expect(0);
        std::fs::write(
            stack.path("ports.yaml"),
            format!(
                "components:\n  prometheus: {{port: {}}}\n  alertmanager: {{port: {}}}\n  loki: {{port: {}}}\n  grafana: {{port: {}}}\n  agent: {{port: {}}}\n",
                stack.ports.prometheus, stack.ports.alertmanager, stack.ports.loki, stack.ports.grafana, stack.ports.agent
            ),
        )
        .unwrap();
        std::fs::write(stack.path("test.yaml"), "").unwrap();
        stack
    }

    /// A path in the stack's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Replaces what the test adds to the quickstart.
    pub fn manifest(&self, text: &str) {
        std::fs::write(self.path("test.yaml"), text).unwrap();
    }

    /// A command that would run mcpmon on this stack.
    pub fn command(&self, args: &[&str]) -> Command {
        let overlay = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/overlay.yaml");
        let files = format!("mcpmon.yaml,{},ports.yaml,test.yaml", overlay.display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcpmon"));
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null()).env("NO_COLOR", "1");
        if args.first() != Some(&"init") {
            command.env("MCPMON_FILE", files);
        }
        command
    }

    /// Runs mcpmon on this stack.
    pub fn mcpmon(&self, args: &[&str]) -> Ended {
        ended(&self.command(args).output().unwrap())
    }

    /// Name of one of its containers.
    pub fn container(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    /// Asks one of its programs on this host.
    pub fn get(&self, port: u16, path: &str) -> Value {
        serde_json::from_str(&self.text(port, path)).unwrap()
    }

    /// Asks one of its programs on this host for text.
    pub fn text(&self, port: u16, path: &str) -> String {
        let url = format!("http://127.0.0.1:{port}{path}");
        let stack = &self.name;
        let output = Command::new("curl").args(["-sS", "-m", "10", "-g", &url]).output().unwrap();
        assert!(
            output.status.success(),
            "{stack}: {url}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Result of an instant query.
    pub fn query(&self, expr: &str) -> Vec<Value> {
        let answer =
            self.get(self.ports.prometheus, &format!("/api/v1/query?query={}", encode(expr)));
        answer["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// Everything that Prometheus, Alertmanager and Loki have loaded, and the containers with
    /// their start times: equal before and after means that nothing was touched.
    pub fn fingerprint(&self) -> Vec<String> {
        let rules = self.get(self.ports.prometheus, "/api/v1/rules");
        let mut names: Vec<String> = Vec::new();
        for group in rules["data"]["groups"].as_array().unwrap() {
            for rule in group["rules"].as_array().unwrap() {
                names.push(format!(
                    "{} {} {} {}",
                    group["file"], rule["name"], rule["query"], rule["duration"]
                ));
            }
        }
        names.sort();
        let mut all = names;
        all.push(
            self.get(self.ports.prometheus, "/api/v1/status/config")["data"]["yaml"].to_string(),
        );
        all.push(
            self.get(self.ports.alertmanager, "/api/v2/status")["config"]["original"].to_string(),
        );
        // Loki calls itself by its container's identifier.
        let id = docker(&["inspect", "--format", "{{.Id}}", &self.container("loki")]);
        all.push(self.text(self.ports.loki, "/config").replace(&id[..12], "loki"));
        all.extend(self.containers("{{.Id}} {{.Name}} {{.State.StartedAt}} {{.RestartCount}}"));
        all
    }

    /// One line per container of the stack.
    pub fn containers(&self, format: &str) -> Vec<String> {
        let ids =
            docker(&["ps", "-aq", "--filter", &format!("label=dev.mcpmon.stack={}", self.name)]);
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let mut args = vec!["inspect", "--format", format];
        args.extend(&ids);
        let mut lines: Vec<String> = docker(&args).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

impl Drop for TestStack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self.mcpmon(&["logs", "-n", "15"]);
            eprintln!("--- logs of {}\n{}{}", self.name, logs.stdout, logs.stderr);
        }
        self.manifest("");
        let gone = self.mcpmon(&["destroy", "--yes"]);
        if gone.stderr.contains("the engine itself has lost count") {
            // Docker's own fault, told as such: a network stays that nothing is attached to.
            return eprintln!("{}", gone.stderr);
        }
        assert!(gone.code == 0 || std::thread::panicking(), "destroy: {}", gone.stderr);
    }
}

/// Runs docker; its output.
#[track_caller]
pub fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().expect("the docker command");
    assert!(
        output.status.success(),
        "docker {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// How often a test that repeats itself does so: usually, and where `scripts/test soak` asks for all of it.
pub fn rounds(usual: u32, all: u32) -> u32 {
    if std::env::var_os("MCPMON_SOAK").is_some() { all } else { usual }
}

/// Waits until something holds, and says what when it never does.
#[track_caller]
pub fn eventually(what: &str, seconds: u64, holds: impl FnMut() -> bool) {
    // What is usual on a quiet machine; a busy one gets three times that, which costs a good run nothing.
    within(what, 3 * seconds, holds);
}

/// The same where the time itself is promised.
#[track_caller]
pub fn within(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < deadline, "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(250));
    }
}

pub fn ended(output: &Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A port that was free a moment ago, and that nobody in this process was given before.
pub fn free() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return port;
        }
    }
}

/// Percent-encoding for a query parameter.
pub fn encode(text: &str) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_.~".contains(b);
    text.bytes()
        .map(|b| if plain(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
