//! `mcpmon metrics check`, against the demo service in every dialect and against texts that are wrong.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use mcpmon::assets::Assets;
use mcpmon::render::rules;
use serde_json::Value;

/// A demo service; it ends with the test.
struct Demo {
    child: Child,
    address: String,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
            .args(["demo-service", "--listen=127.0.0.1:0", "--rate=20", "--latency=1ms"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let address = line["message"].as_str().unwrap().rsplit_once(' ').unwrap().1.to_owned();
        // Its log must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    code: i32,
    out: String,
    err: String,
}

/// Runs the command in an empty folder, with a text on its standard input.
fn check(arguments: &[&str], input: &str) -> Answer {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .args(["metrics", "check"])
        .args(arguments)
        .current_dir(dir.path())
        .env("TOKEN", "8CbYkqNtWp4s")
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn report(text: &str) -> Value {
    serde_json::from_str(&check(&["-", "--output", "json"], text).out).unwrap()
}

#[test]
fn every_dialect_is_told_from_the_others() {
    for dialect in ["fastapi", "mcp", "otel-http", "task-http", "customer-success"] {
        let demo = Demo::start(&["--dialect", dialect]);
        let url = format!("http://{}/metrics", demo.address);
        let answer = check(&[&url, "--output=json"], "");
        assert_eq!(answer.code, 0, "{dialect}: {}{}", answer.out, answer.err);
        let report: Value = serde_json::from_str(&answer.out).unwrap();
        assert_eq!(report["speech"]["dialect"], dialect);
        assert_eq!(report["ok"], true);
        assert_eq!(report["problems"], serde_json::json!([]));
        for role in report["speech"]["roles"].as_array().unwrap() {
            assert_eq!(role["present"], true, "{dialect}: {role}");
            assert_eq!(role["notes"], serde_json::json!([]), "{dialect}");
        }
        let lint = report["lint"].as_array().unwrap();
        let warnings: Vec<&Value> = lint.iter().filter(|f| f["weight"] == "warning").collect();
        assert!(warnings.is_empty(), "{dialect}: {warnings:?}");
        assert!(report["series"].as_u64().unwrap() > 50);
    }
}

/// The products of the field, each as its own source or documentation says that it answers.
#[test]
fn the_fields_dialects_are_told_from_the_others() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/metrics");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let report = report(&text);
        assert_eq!(report["speech"]["dialect"], name.as_str(), "{report}");
        assert_eq!(report["ok"], true, "{name}: {report}");
        assert_eq!(report["problems"], serde_json::json!([]), "{name}");
        for role in report["speech"]["roles"].as_array().unwrap() {
            assert_eq!(role["present"], true, "{name}: {role}");
        }
        let said = check(&["-"], &text).err;
        let roles = report["speech"]["roles"].as_array().unwrap().len();
        let line = format!("✔ dialect {name}: {roles} of {roles} roles\n");
        assert!(said.contains(&line), "{line:?} is not in:\n{said}");
        names.push(name);
    }
    names.sort();
    let known = ["agentgateway", "contextforge", "docker-gateway", "kong", "mcp-grafana"];
    assert_eq!(names, [&known[..], &["otel-mcp", "toolhive"]].concat());
}

#[test]
fn people_read_what_is_there_and_what_to_write() {
    let demo = Demo::start(&["--dialect", "task-http"]);
    let url = format!("http://{}/health/metrics", demo.address);
    let answer = check(&[&url], "");
    assert_eq!((answer.code, answer.out.as_str()), (0, ""));
    for text in [
        "✔ dialect task-http: 6 of 6 roles\n",
        "✔ requests     http_server_requests_total\n",
        "✔ tools        tool_executions_total\n",
        &format!(
            "In the manifest:\n  services:\n    NAME:\n      metrics: {url}\n      dialect: task-http\n"
        ),
    ] {
        assert!(answer.err.contains(text), "{text:?} is not in:\n{}", answer.err);
    }
}

#[test]
fn a_missing_role_is_an_error_that_names_the_metric() {
    let text = "# TYPE http_requests_total counter\nhttp_requests_total{handler=\"/mcp\",status=\"2xx\"} 1\n";
    let answer = check(&["-"], text);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("✔ dialect fastapi: 2 of 4 roles\n"), "{}", answer.err);
    assert!(
        answer.err.contains("✘ latency      missing: expected http_request_duration_highr_seconds or http_request_duration_seconds\n"),
        "{}",
        answer.err
    );
    assert!(
        answer
            .err
            .contains("! in_flight    missing (not required): expected http_requests_inprogress\n"),
        "{}",
        answer.err
    );
}

#[test]
fn labels_and_metrics_under_other_names_are_noticed() {
    let histogram = |name: &str, label: &str| {
        let bucket = |le: &str| format!("{name}_bucket{{{label}=\"/mcp\",le=\"{le}\"}} 1\n");
        let bounds = ["0.1", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"];
        format!("# TYPE {name} histogram\n{}", bounds.map(bucket).concat())
    };
    // Another label for the route: scrapes count as traffic.
    let text = format!(
        "# TYPE http_server_requests_total counter\nhttp_server_requests_total{{handler=\"/mcp\",status_code=\"200\"}} 1\n{}",
        histogram("http_server_request_duration_seconds", "handler")
    );
    let said = check(&["-"], &text).err;
    assert!(said.contains("✔ dialect task-http"), "{said}");
    assert!(
        said.contains("! requests     http_server_requests_total: the label `route` is called `handler` here: scrapes and health checks count as traffic"),
        "{said}"
    );
    // Another label for the status: no error is ever seen.
    let text = format!(
        "# TYPE http_server_requests_total counter\nhttp_server_requests_total{{route=\"/mcp\",code=\"200\"}} 1\n{}",
        histogram("http_server_request_duration_seconds", "route")
    );
    let answer = check(&["-"], &text);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("the label `status_code` is called `code` here"), "{}", answer.err);
    // Another prefix.
    let text = format!(
        "# TYPE mcp_requests_total counter\nmcp_requests_total{{status=\"200\"}} 1\n{}",
        histogram("acme_mcp_request_duration_seconds", "method")
    );
    let said = check(&["-"], &text).err;
    assert!(said.contains("is it `acme_mcp_request_duration_seconds` here?"), "{said}");
}

#[test]
fn a_counter_without_series_yet_is_there() {
    let text = "# TYPE mcp_requests_total counter\n# TYPE mcp_request_duration_seconds histogram\n";
    let report = report(text);
    assert_eq!(report["ok"], true, "{report}");
    assert!(
        report["speech"]["roles"][0]["notes"][0].as_str().unwrap().starts_with("has no series yet"),
        "{report}"
    );
}

#[test]
fn lines_that_prometheus_would_refuse_are_named() {
    let demo = Demo::start(&["--dialect", "mcp"]);
    let url = format!("http://{}/metrics", demo.address);
    // What is right but for two lines.
    let good = Command::new("curl").args(["-sS", &url]).output().unwrap().stdout;
    let good = String::from_utf8(good).unwrap();
    assert_eq!(check(&["-"], &good).code, 0);
    let bad = format!("a{{b=1}} 2\n{good}a one\n");
    let answer = check(&["-"], &bad);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("✘ line 1: a value in quotes is missing\n"), "{}", answer.err);
    let last = bad.lines().count();
    let text = format!("✘ line {last}: `one` is no value of `a`\n");
    assert!(answer.err.contains(&text), "{}", answer.err);
}

#[test]
fn what_cannot_be_fetched_is_said_with_a_way_out() {
    let demo = Demo::start(&[]);
    let at = |path: &str| format!("http://{}{path}", demo.address);
    let cases: [(&[&str], i32, &str); 9] = [
        (&[&at("/nowhere")], 1, "answered 404: there is nothing at this path"),
        (&[&at("/healthz")], 1, "the answer holds no metrics"),
        (&["http://127.0.0.1:9/metrics"], 1, "http://127.0.0.1:9/metrics: connection refused"),
        (
            &["https://127.0.0.1:9/metrics"],
            1,
            "`curl -fsS https://127.0.0.1:9/metrics | mcpmon metrics check -`",
        ),
        (&["-"], 1, "standard input is empty"),
        (&["search"], 2, "cannot read mcpmon.yaml"),
        (
            &["-", "--bearer", "hunter2"],
            2,
            "a secret does not belong on a command line: write `env:NAME` or `file:PATH`",
        ),
        (
            &[&at("/metrics"), "--bearer", "env:MISSING"],
            2,
            "the environment variable MISSING is not set",
        ),
        (&["-", "--bearer=env:A", "--header=X-Key:env:B"], 2, "cannot be used with"),
    ];
    for (arguments, code, said) in cases {
        let answer = check(arguments, "");
        assert_eq!(answer.code, code, "{arguments:?}: {}", answer.err);
        assert!(answer.err.contains(said), "{said:?} is not in:\n{}", answer.err);
        assert!(!answer.err.contains("8CbYkqNtWp4s"), "{}", answer.err);
    }
}

#[test]
fn credentials_are_sent_and_wrong_ones_are_said() {
    // The demo service refuses credentials that it does not know on every route but those of metrics.
    let demo = Demo::start(&[]);
    let url = format!("http://{}/healthz", demo.address);
    for arguments in [
        ["--bearer", "env:TOKEN"],
        ["--basic", "ada:env:TOKEN"],
        ["--header", "Authorization:env:TOKEN"],
    ] {
        let answer = check(&[&[url.as_str()], &arguments[..]].concat(), "");
        assert!(
            answer.err.contains("answered 401: the credentials are not the right ones"),
            "{}",
            answer.err
        );
        assert!(!answer.err.contains("8CbYkqNtWp4s"), "{}", answer.err);
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "demo\n").unwrap();
    let answer = check(&[&url, "--bearer", &format!("file:{}", file.display())], "");
    assert!(answer.err.contains("the answer holds no metrics"), "{}", answer.err);
}

#[test]
fn the_dialect_in_the_documentation_is_whole_and_every_one_is_named() {
    let page = include_str!("../docs/dialects.md");
    let example = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("dialects")).unwrap();
    std::fs::write(dir.path().join("dialects/acme.yaml"), example).unwrap();
    let dialects = rules::dialects(&Assets::with_own(dir.path().to_owned())).unwrap();
    assert_eq!(dialects["acme"].needs().len(), 3);
    for (name, dialect) in dialects.iter().filter(|(name, _)| *name != "acme") {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap();
        assert!(dialect.detect.iter().any(|metric| row.contains(metric)), "{row}");
    }
}

#[test]
fn names_of_ones_own_get_a_draft_that_is_understood() {
    let text = "# TYPE acme_requests_total counter\nacme_requests_total{path=\"/mcp\",code=\"200\"} 7
# TYPE acme_latency_ms histogram\nacme_latency_ms_bucket{path=\"/mcp\",le=\"1000.0\"} 7\nacme_latency_ms_bucket{path=\"/mcp\",le=\"+Inf\"} 7
# TYPE acme_tool_calls_total counter\nacme_tool_calls_total{tool=\"a\",status=\"ok\"} 7
# TYPE acme_in_flight gauge\nacme_in_flight 1\n";
    let answer = check(&["-"], text);
    assert_eq!(answer.code, 1);
    assert!(answer.err.contains("`mcpmon metrics check --draft` writes one"), "{}", answer.err);

    let draft = check(&["-", "--draft"], text);
    assert_eq!(draft.code, 0, "{}", draft.err);
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("own/dialects")).unwrap();
    std::fs::write(dir.path().join("own/dialects/acme.yaml"), &draft.out).unwrap();
    std::fs::write(dir.path().join("text"), text).unwrap();
    let manifest = "name: acme\nextends: quickstart\ncomponents_dir: own\nservices: {mine: {metrics: \"http://mine:1/metrics\", dialect: acme}}\n";
    std::fs::write(dir.path().join("mcpmon.yaml"), manifest).unwrap();
    let heard = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .args(["metrics", "check", "-", "--output=json"])
        .current_dir(dir.path())
        .stdin(std::fs::File::open(dir.path().join("text")).unwrap())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&heard.stdout)
        .unwrap_or_else(|_| panic!("{}\n{}", draft.out, String::from_utf8_lossy(&heard.stderr)));
    assert_eq!(report["speech"]["dialect"], "acme", "{report}");
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(report["speech"]["roles"].as_array().unwrap().len(), 5, "{report}");
    assert_eq!(check(&["-", "--draft"], "# TYPE up gauge\nup 1\n").code, 1);
}
