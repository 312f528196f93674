//! `mcpmon integrate` and `mcpmon metrics check SERVICE`, against a plain container of mcpmon's own image in Docker.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A folder with a manifest, and containers and networks that go with it.
struct Lab {
    dir: tempfile::TempDir,
    name: String,
}

struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Answer {
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in:\n{}", self.err);
        self
    }
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "docker {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

const MANIFEST: &str = "# Our services.
name: acme
components:
  grafana: {admin_password: {env: SECRET}} # from the vault
services:
  # The first one.
  first:
    mcp: http://first:7001/mcp

# Who is told.
notifications:
  receivers: {chat: {slack: {webhook_url: {env: SECRET}}}}
  default: chat
";

impl Lab {
    fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mcpmon.yaml"), MANIFEST).unwrap();
        // The executable is all that the image needs.
        let binary = dir.path().join("image/mcpmon");
        fs::create_dir(dir.path().join("image")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_mcpmon"), binary).unwrap();
        let name = format!("dialects-test-{}-{name}", std::process::id());
        let lab = Self { dir, name };
        let image = format!("{}/image", lab.dir.path().display());
        let tar =
            Command::new("tar").args(["-C", &image, "-c", "."]).stdout(Stdio::piped()).spawn();
        let change = "ENTRYPOINT [\"/mcpmon\", \"demo-service\"]";
        let import = Command::new("docker")
            .args(["import", "-c", change, "-", &format!("{}:1", lab.name)])
            .stdin(tar.unwrap().stdout.unwrap())
            .output()
            .unwrap();
        assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
        docker(&["network", "create", &lab.name]);
        lab
    }

    /// A plain container, which mcpmon knows nothing of.
    fn run(&self, name: &str, options: &[&str], arguments: &[&str]) -> String {
        let (container, image) = (format!("{}-{name}", self.name), format!("{}:1", self.name));
        let start = ["run", "-d", "--name", &container];
        docker(&[&start[..], options, &[&image], arguments].concat());
        container
    }

    fn mcpmon(&self, arguments: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
            .args(arguments)
            .current_dir(self.dir.path())
            .env("SECRET", "8CbYkqNtWp4s")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Answer {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, until it ends well: a container that was just started may not listen yet.
    fn eventually(&self, arguments: &[&str]) -> Answer {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.mcpmon(arguments);
            if answer.code == 0 || Instant::now() > deadline {
                return answer.ends(0);
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let filter = format!("name=^{}-", self.name);
        let found =
            Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output().unwrap();
        for id in String::from_utf8_lossy(&found.stdout).split_whitespace() {
            let _ = Command::new("docker").args(["rm", "-f", "-v", id]).output();
        }
        let _ = Command::new("docker").args(["network", "rm", &self.name]).output();
        let _ = Command::new("docker").args(["rmi", "-f", &format!("{}:1", self.name)]).output();
    }
}

#[test]
fn a_running_container_is_added_once_and_nothing_else_changes() {
    let lab = Lab::new("add");
    let options =
        ["--network", &lab.name, "--expose", "7009", "--expose", "9091", "-e", "LOG_LEVEL=INFO"];
    let container = lab.run(
        "search",
        &options,
        &["--listen=0.0.0.0:7009", "--metrics-listen=0.0.0.0:9091", "--dialect=task-http"],
    );
    let started = docker(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", &container]);

    // Shown, not written.
    let shown =
        lab.eventually(&["integrate", &container, "--name", "search", "--env-file", "app.env"]);
    assert_eq!(lab.read("mcpmon.yaml"), MANIFEST);
    assert!(!lab.path("app.env").exists());
    let network = &lab.name;
    for line in [
        "+  search:\n",
        &format!("+    mcp: \"http://{container}:7009/mcp\"\n").replace('"', ""),
        &format!("+    metrics: http://{container}:9091/metrics\n"),
        "+    dialect: task-http\n",
        &format!("+    container: {container}\n"),
        &format!("+networks: [{network}]\n"),
        "+PROMETHEUS_PORT=9091\n",
    ] {
        assert!(shown.out.contains(line), "{line:?} is not in:\n{}", shown.out);
    }
    let shown = shown
        .says("dialect task-http")
        .says("nothing was written; `--write` does")
        .says("  PROMETHEUS_ENABLED=true\n")
        .says(&format!("docker rm -f {container} && docker run -d --name {container} --network {network} --env-file app.env"));
    assert!(!shown.err.contains("  LOG_LEVEL=INFO\n"), "it has that already: {}", shown.err);

    // Written, with all that was there.
    lab.mcpmon(&["integrate", &container, "--name", "search", "--env-file", "app.env", "--write"])
        .ends(0)
        .says("wrote mcpmon.yaml");
    let written = lab.read("mcpmon.yaml");
    let mut rest = written.lines();
    for line in MANIFEST.lines() {
        assert!(rest.any(|other| other == line), "{line:?} is gone from\n{written}");
    }
    lab.mcpmon(&["validate"]).ends(0);

    // A second time there is nothing to do.
    let env = lab.read("app.env");
    lab.mcpmon(&["integrate", &container, "--env-file", "app.env", "--write"])
        .ends(0)
        .says("it is in the manifest already, as `search`")
        .says("app.env is as it should be");
    assert_eq!((lab.read("mcpmon.yaml"), lab.read("app.env")), (written.clone(), env));

    // What the manifest says otherwise is told, and left.
    let other = written.replace("dialect: task-http", "dialect: fastapi");
    fs::write(lab.path("mcpmon.yaml"), &other).unwrap();
    lab.mcpmon(&["integrate", &container, "--write"])
        .ends(0)
        .says("services.search: `dialect` is fastapi, and task-http was found");
    assert_eq!(lab.read("mcpmon.yaml"), other);

    // The service is checked where this host reaches it, and the dialect is found to be wrong.
    lab.mcpmon(&["metrics", "check", "search"])
        .ends(1)
        .says("✘ it does not speak fastapi, which the manifest names\n")
        .says(
            "It speaks task-http, not fastapi: write\n  services: {search: {dialect: task-http}}",
        );
    fs::write(lab.path("mcpmon.yaml"), &written).unwrap();
    lab.mcpmon(&["metrics", "check", "search"]).ends(0).says("✔ dialect task-http");

    let after = docker(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", &container]);
    assert_eq!(started, after, "the container was touched");
}

#[test]
fn running_containers_are_found_and_proposed() {
    let lab = Lab::new("discover");
    let network = lab.name.clone();
    let search = lab.run(
        "search",
        &["--network", &network, "--expose", "7009", "-p", "127.0.0.1::7009"],
        &["--listen=0.0.0.0:7009", "--dialect=fastapi"],
    );
    let other =
        lab.run("other", &["--network", &network, "--expose", "9"], &["--listen=0.0.0.0:8080"]);
    let nameless = lab.run("nameless", &["--expose", "8080"], &["--listen=0.0.0.0:8080"]);
    let started = docker(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", &search]);
    lab.eventually(&["integrate", &search]);

    let all = ["discover", &search, &other, &nameless];
    let shown = lab.mcpmon(&all).ends(0);
    assert_eq!(lab.read("mcpmon.yaml"), MANIFEST);
    let url = format!("http://{search}:7009/mcp");
    for line in [
        "NAME".to_owned(),
        format!("container {search}  {url}  "),
        format!(
            "+  {search}:\n+    mcp: {url}\n+    metrics: http://{search}:7009/metrics\n+    dialect: fastapi\n+    container: {search}\n"
        ),
        format!("+networks: [{network}]\n"),
    ] {
        assert!(shown.out.contains(&line), "{line:?} is not in:\n{}", shown.out);
    }
    shown
        .says(&format!("{other}: left out: speaks no MCP at port 9\n"))
        .says(&format!(
            "{nameless}: left out: {nameless} is in no network in which containers have names"
        ))
        .says("nothing was written; `--write` does");

    lab.mcpmon(&[&all[..], &["--write"]].concat()).ends(2).says("say so with --yes");
    assert_eq!(lab.read("mcpmon.yaml"), MANIFEST);
    lab.mcpmon(&[&all[..], &["--write", "--yes"]].concat()).ends(0).says("✔ wrote mcpmon.yaml");
    lab.mcpmon(&["validate"]).ends(0);
    let written = lab.read("mcpmon.yaml");
    let mut rest = written.lines();
    for line in MANIFEST.lines() {
        assert!(rest.any(|other| other == line), "{line:?} is gone from\n{written}");
    }

    // What is there is not found again, also where it is not asked by name.
    lab.mcpmon(&all)
        .ends(0)
        .says(&format!("{search}: left out: in the manifest already, as `{search}`\n"))
        .says("nothing new was found");
    assert_eq!(lab.read("mcpmon.yaml"), written);
    let after = docker(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", &search]);
    assert_eq!(started, after, "the container was touched");

    lab.mcpmon(&["discover", "nobody-is-called-so"])
        .ends(1)
        .says("there is no container `nobody-is-called-so`");
}

#[test]
fn what_stands_in_the_way_is_named_with_the_way_out() {
    let lab = Lab::new("refuse");
    let name = &lab.name;
    lab.mcpmon(&["integrate", &format!("{name}-nobody")])
        .ends(1)
        .says(&format!("there is no container `{name}-nobody`"));

    // The default network has no names.
    let plain = lab.run("plain", &[], &["--listen=0.0.0.0:8080"]);
    lab.mcpmon(&["integrate", &plain]).ends(1).says(&format!(
        "  docker network create acme-services\n  docker network connect acme-services {plain}"
    ));
    docker(&["network", "connect", name, &plain]);
    lab.eventually(&["integrate", &plain]).says("dialect mcp");
    lab.mcpmon(&["integrate", &plain, "--name", "first"])
        .ends(2)
        .says("`services.first` is another service already; choose a name with --name");

    // Nothing that answers.
    let silent =
        lab.run("silent", &["--network", name, "--expose", "9"], &["--listen=0.0.0.0:8080"]);
    lab.mcpmon(&["integrate", &silent])
        .ends(1)
        .says("no metrics at /metrics or /health/metrics of port 9")
        .says("  PROMETHEUS_PORT=8000\n")
        .says("answers no question about metrics or MCP");

    docker(&["stop", "-t", "1", &silent]);
    lab.mcpmon(&["integrate", &silent]).ends(1).says(&format!("`docker start {silent}` starts it"));
    assert_eq!(lab.read("mcpmon.yaml"), MANIFEST);
}
