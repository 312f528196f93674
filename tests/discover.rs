//! `mcpmon init --from` and `mcpmon discover`: each folder in `tests/discover/` holds a configuration as people have them, and exactly what
//! comes of it: `expected.yaml`, the services of the manifest, and `expected.txt`, what is said. `UPDATE_GOLDEN=1`
//! writes both anew; read them as a user would before they are committed.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;
#[path = "support/servers.rs"]
mod doubles;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use command::{Folder, Outcome};

/// Stands in every value that must not be repeated. `aHVudGVyMj` is the same in base64.
const SECRETS: [&str; 2] = ["hunter2", "aHVudGVyMj"];

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/discover");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// The files of a case, without what is expected.
fn inputs(case: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.file_stem().is_none_or(|stem| stem != "expected")).collect();
    paths.sort();
    paths
}

fn init(folder: &Folder, files: &[PathBuf], options: &str) -> Outcome {
    let mut arguments = format!("init --name acme {options} stack");
    for file in files {
        let name = file.file_name().unwrap();
        fs::copy(file, folder.path().join(name)).unwrap();
        write!(arguments, " --from {}", name.display()).unwrap();
    }
    folder.mcpmon(&arguments)
}

/// What is wrong about a case, if anything.
fn try_one(case: &Path, update: bool) -> Option<String> {
    let name = case.file_name().unwrap().display().to_string();
    let folder = Folder::new();
    let outcome = init(&folder, &inputs(case), "");
    let mut manifest = String::new();
    if outcome.exit == 0 {
        let written = folder.read("stack/mcpmon.yaml");
        // What is shown is what is written.
        let shown: Vec<&str> = outcome.out.lines().skip(3).map(|line| &line[1..]).collect();
        assert_eq!(shown, written.lines().collect::<Vec<_>>(), "{name}");
        let from = written.find("# The services' own").or(written.find("\nservices:")).unwrap();
        let to = written.find("\n# Who is told").unwrap();
        written[from..to].trim_start().clone_into(&mut manifest);
        for file in folder.files() {
            let text = folder.read(&file);
            let ours = file.starts_with("stack/");
            assert!(!ours || SECRETS.iter().all(|s| !text.contains(s)), "{name}: {file}: {text}");
        }
        folder.mcpmon("-f stack/mcpmon.yaml validate --without-secrets").ends(0);
    } else {
        assert!(!folder.path().join("stack").exists(), "{name}: {:?}", folder.files());
    }
    let all = format!("{}{}", outcome.out, outcome.err);
    assert!(SECRETS.iter().all(|secret| !all.contains(secret)), "{name} repeats a secret: {all}");
    // What is written besides is the same each time.
    let said: String = outcome
        .err
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("✔ wrote") && !line.starts_with("  Grafana's"))
        .collect();
    let said = format!("exit {}\n{said}", outcome.exit);
    let mut wrong = String::new();
    for (file, text) in [("expected.yaml", &manifest), ("expected.txt", &said)] {
        let path = case.join(file);
        if update && text.is_empty() {
            let _ = fs::remove_file(&path);
        } else if update {
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != *text {
            write!(wrong, "--- {name}/{file} is now ---\n{text}").unwrap();
        }
    }
    (!wrong.is_empty()).then_some(wrong)
}

#[test]
fn every_configuration_becomes_its_manifest() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let cases = cases();
    assert!(cases.len() > 12, "{cases:?}");
    let wrong: Vec<String> = cases.iter().filter_map(|case| try_one(case, update)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const MANIFEST: &str = "# Our services.
name: acme
components:
  agent: {image: acme/agent-tools, version: \"1\"}
  grafana: {admin_password: {env: SECRET}}
services:
  # The first one.
  first: {mcp: \"http://first:7001/mcp\"}
";

#[test]
fn a_manifest_is_added_to_and_what_it_has_is_not_found_again() {
    let config = "{\"mcpServers\": {
        \"first\": {\"url\": \"http://first:7001/mcp\"},
        \"FIRST\": {\"url\": \"http://other:7001/mcp\"},
        \"notes\": {\"command\": \"notes\", \"env\": {\"NOTES_TOKEN\": \"hunter2\", \"A\": \"b\"}}}}";
    let folder = Folder::new().file("mcpmon.yaml", MANIFEST).file("c.json", config);
    let shown = folder.mcpmon("discover --from c.json").ends(0);
    assert_eq!(folder.read("mcpmon.yaml"), MANIFEST);
    for line in [
        "+  first-2:\n+    mcp: http://other:7001/mcp\n",
        "+  notes:\n+    mcp:\n+      command: [notes]\n+      env: {NOTES_TOKEN: {file: secrets/notes-notes-token}, A: b}\n",
    ] {
        assert!(shown.out.contains(line), "{line:?} is not in:\n{}", shown.out);
    }
    let all = format!("{}{}", shown.out, shown.err);
    assert!(!all.contains("hunter2"), "{all}");
    shown
        .says("c.json:2:9: first: left out: it is `first` already\n")
        .says("nothing was written; `--write` does");

    // Nobody can be asked here.
    folder.mcpmon("discover --from c.json --write").ends(2).says("say so with --yes");
    assert_eq!(folder.read("mcpmon.yaml"), MANIFEST);
    folder.mcpmon("discover --from c.json --write --yes").ends(0).says("✔ wrote mcpmon.yaml");
    let written = folder.read("mcpmon.yaml");
    let mut rest = written.lines();
    for line in MANIFEST.lines() {
        assert!(rest.any(|other| other == line), "{line:?} is gone from\n{written}");
    }
    folder.mcpmon("validate --without-secrets").ends(0);
    folder.mcpmon("discover --from c.json --write").ends(0).says("nothing new was found");
    assert_eq!(folder.read("mcpmon.yaml"), written);
}

#[test]
fn programs_need_an_image_that_brings_them() {
    let config = "{\"mcpServers\": {
        \"docs\": {\"url\": \"http://docs:7001/mcp\"},
        \"notes\": {\"command\": \"notes\", \"env\": {\"NOTES_TOKEN\": \"hunter2\"}}}}";
    let without: String =
        MANIFEST.split_inclusive('\n').filter(|line| !line.contains("agent")).collect();
    let folder = Folder::new().file("mcpmon.yaml", &without).file("c.json", config);
    let shown = folder.mcpmon("discover --from c.json --write --yes").ends(0);
    assert!(!shown.out.contains("notes") && !shown.err.contains("secrets/"), "{}", shown.err);
    shown.says("! notes: left out: programs, and the agent's own image has none");
    assert!(folder.read("mcpmon.yaml").contains("  docs:\n    mcp: http://docs:7001/mcp\n"));
    folder.mcpmon("validate --without-secrets").ends(0);
}

#[test]
fn a_manifest_that_is_there_is_left_alone() {
    let folder = Folder::new().file("mcpmon.yaml", MANIFEST).file("c.json", "{\"mcpServers\": {}}");
    folder.mcpmon("init --from c.json").ends(2).says("mcpmon.yaml is here already");
    assert_eq!(folder.read("mcpmon.yaml"), MANIFEST);
}

/// mcpmon's own demo server, ended with the test.
struct Demo(Child, u16);

impl Demo {
    fn start() -> Self {
        let port = doubles::closed();
        let child = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
            .args(["demo-service", &format!("--listen=127.0.0.1:{port}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let demo = Self(child, port);
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the demo server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        demo
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `mcpmon discover` where no engine can be reached.
fn discover(folder: &Folder, arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .current_dir(folder.path())
        .args(["discover"])
        .args(arguments)
        .env_clear()
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Outcome {
        exit: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn ports_are_asked_where_somebody_asks_for_them_and_not_much() {
    let demo = Demo::start();
    let plain = doubles::plain();
    let strict = doubles::strict_about_host();
    let sse = doubles::sse();
    let (hung, _kept) = doubles::hung();
    let closed = doubles::closed();
    let folder = Folder::new().file("mcpmon.yaml", MANIFEST);
    let ports = [demo.1, plain.port, strict.port, sse.port, hung, closed];
    let ports = ports.map(|port| port.to_string()).join(",");

    let began = Instant::now();
    let shown = discover(&folder, &["--ports", &ports]).ends(0);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(folder.read("mcpmon.yaml"), MANIFEST);
    let url = |port: u16, path: &str| format!("http://host.docker.internal:{port}{path}");
    for line in [
        url(demo.1, "/mcp"),
        format!(
            "+      url: {}\n+      host_header: \"127.0.0.1:{}\"\n",
            url(strict.port, "/mcp"),
            strict.port
        )
        .replace('"', ""),
        format!("+      url: {}\n+      protocol: sse\n", url(sse.port, "/sse")),
    ] {
        let out = shown.out.replace('"', "");
        assert!(out.contains(&line), "{line:?} is not in:\n{out}");
    }
    for port in [plain.port, hung] {
        let line = format!("localhost:{port}: left out: something listens that speaks no MCP\n");
        assert!(shown.err.contains(&line), "{line:?} is not in:\n{}", shown.err);
    }
    assert!(!shown.err.contains(&format!(":{closed}:")), "{}", shown.err);
    let shown = shown.says("containers: left out: Docker cannot be reached");
    assert!(!shown.out.contains(&format!(":{}/", plain.port)), "{}", shown.out);
    let requests = plain.requests();
    assert!((1..=7).contains(&requests.len()), "{requests:?}");
    let sessions = strict.requests();
    assert!(sessions.iter().all(|line| !line.contains("tools/")), "{sessions:?}");

    let written = discover(&folder, &["--ports", &ports, "--write", "--yes"]).ends(0);
    written.says("✔ wrote mcpmon.yaml");
    folder.mcpmon("validate --without-secrets").ends(0);
    let again = discover(&folder, &["--ports", &ports, "--output", "json"]).ends(0);
    let again: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(again["found"], serde_json::json!([]));
    assert_eq!(again["schema_version"], 1);
    let notes = again["notes"].as_array().unwrap();
    let about = |port: u16| {
        let about = format!("localhost:{port}");
        let note = notes.iter().find(|note| note["about"] == *about);
        note.map(|note| note["text"].as_str().unwrap().to_owned())
    };
    assert_eq!(about(demo.1).as_deref(), Some("in the manifest already"));
    assert_eq!(about(closed), None);
}

#[test]
fn without_an_engine_and_without_ports_there_is_nobody_to_ask() {
    let folder = Folder::new().file("mcpmon.yaml", MANIFEST);
    discover(&folder, &[]).ends(3);
    discover(&folder, &["--ports", "1-2000"]).ends(2).says("at most 1024 ports");
    discover(&folder, &["--ports", "9-8"]).ends(2).says("the smaller one");
}
