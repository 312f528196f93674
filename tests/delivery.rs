//! What was rendered, run by the real Alertmanager in Docker: every way to reach people is used once,
//! and causes mute what follows from them.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mcpmon::assets::Assets;
use mcpmon::catalog::Catalog;
use mcpmon::check::compare;
use mcpmon::route::send::integration;
use mcpmon::{manifest, render, stack};
use serde_json::{Value as Json, json};

const IMAGE: &str = "prom/alertmanager:v0.33.1";

/// What arrived, by path; mail under `smtp`.
type Received = Arc<Mutex<BTreeMap<String, String>>>;

/// Alertmanager in a container of its own, on the host's network; removed at the end.
struct Alertmanager {
    container: String,
    port: u16,
    rendered: String,
}

impl Alertmanager {
    /// Starts it with what a manifest renders to; every secret is a URL under `address`.
    fn start(about: &str, manifest: &str, address: &str) -> Self {
        let catalog = Catalog::load(Assets::shipped()).unwrap();
        let document = manifest::load_text("mcpmon.yaml", manifest, Path::new("")).unwrap();
        let resolved = stack::resolve(&document, &catalog).unwrap();
        let bundle = render::render(&resolved.stack, &catalog).unwrap();
        let files = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = files.path().join("live").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for (path, file) in &bundle.components["alertmanager"] {
            write(path, &file.text);
        }
        for secret in resolved.stack.secrets.iter().filter(|s| s.component == "alertmanager") {
            let kind = secret.path.rsplit('-').next().unwrap();
            write(&secret.path, &format!("{address}/{kind}"));
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let container = format!("mcpmon-test-notify-{about}-{}", std::process::id());
        let rendered = bundle.components["alertmanager"]["alertmanager.yml"].text.clone();
        let started = Self { container, port, rendered };
        docker(&[
            "create",
            "--name",
            &started.container,
            "--network",
            "host",
            "--entrypoint",
            "/bin/alertmanager",
            IMAGE,
            "--config.file=/etc/mcpmon/live/alertmanager.yml",
            "--storage.path=/tmp/data",
            "--cluster.listen-address=",
            "--enable-feature=receiver-name-in-metrics",
            &format!("--web.listen-address=127.0.0.1:{port}"),
        ]);
        docker(&[
            "cp",
            &format!("{}/.", files.path().display()),
            &format!("{}:/etc/mcpmon", started.container),
        ]);
        docker(&["start", &started.container]);
        eventually("Alertmanager is ready", || started.ask("GET", "/-/ready", "").is_some());
        started
    }

    /// The body of the answer; nothing unless it says 200.
    fn ask(&self, method: &str, path: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.split(' ').nth(1).is_some_and(|code| code == "200").then(|| body.to_owned())
    }

    /// Where the configuration that it has loaded lacks what was rendered.
    fn differences(&self) -> Vec<String> {
        let status: Json =
            serde_json::from_str(&self.ask("GET", "/api/v2/status", "").unwrap()).unwrap();
        let loaded = status["config"]["original"].as_str().unwrap();
        let loaded = compare::yaml("loaded", loaded).unwrap();
        let rendered = compare::yaml("rendered", &self.rendered).unwrap();
        compare::lines("alertmanager", &compare::differences(&rendered, &loaded))
    }

    fn fire(&self, alerts: &[Json]) {
        let alerts: Vec<Json> = alerts
            .iter()
            .map(|labels| json!({"labels": labels, "annotations": {"summary": "it is <down>", "runbook_url": "https://runbooks.example.org/x"}}))
            .collect();
        self.ask("POST", "/api/v2/alerts", &json!(alerts).to_string()).expect("alerts are taken");
    }

    /// How many alerts mute each alert, by a label.
    fn muted_by(&self, label: &str) -> BTreeMap<String, usize> {
        let alerts: Vec<Json> =
            serde_json::from_str(&self.ask("GET", "/api/v2/alerts", "").unwrap()).unwrap();
        let entry = |alert: &Json| {
            let by = alert["status"]["inhibitedBy"].as_array().unwrap().len();
            (alert["labels"][label].as_str().unwrap().to_owned(), by)
        };
        alerts.iter().map(entry).collect()
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = Command::new("docker").args(["logs", "--tail", "30", &self.container]).status();
        }
        let _ = Command::new("docker").args(["rm", "-f", "-v", &self.container]).output();
    }
}

fn docker(arguments: &[&str]) {
    let output =
        Command::new("docker").args(arguments).output().expect("docker is needed for this test");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "docker {}: {text}\nThis test needs a Docker engine and the image {IMAGE}.",
        arguments.join(" ")
    );
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Takes requests and keeps their bodies.
fn web(received: &Received) -> u16 {
    serve(received, |mut reader, received| {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        while line.trim() != "" {
            line.clear();
            reader.read_line(&mut line).ok()?;
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        received.lock().unwrap().insert(path, String::from_utf8(body).ok()?);
        let answer = r#"{"ok":true,"status":"success","result":{"message_id":1,"chat":{"id":1}}}"#;
        write!(
            reader.get_mut(),
            "HTTP/1.1 202 Accepted\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
        .ok()
    })
}

/// Takes mail.
fn mail(received: &Received) -> u16 {
    serve(received, |mut reader, received| {
        reader.get_mut().write_all(b"220 test\r\n").ok()?;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return Some(());
            }
            let answer: &[u8] = match line.get(..4).unwrap_or_default() {
                "DATA" => {
                    reader.get_mut().write_all(b"354 go on\r\n").ok()?;
                    let mut text = String::new();
                    while !text.ends_with("\r\n.\r\n") {
                        reader.read_line(&mut text).ok()?;
                    }
                    received.lock().unwrap().insert("smtp".to_owned(), text);
                    b"250 taken\r\n"
                }
                "QUIT" => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            };
            reader.get_mut().write_all(answer).ok()?;
        }
    })
}

fn serve(received: &Received, answer: fn(BufReader<TcpStream>, &Received) -> Option<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = received.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let received = received.clone();
            std::thread::spawn(move || answer(BufReader::new(stream), &received));
        }
    });
    port
}

#[test]
fn every_way_to_reach_people_delivers() {
    let received = Received::default();
    let (web, mail) = (web(&received), mail(&received));
    let address = format!("http://127.0.0.1:{web}");
    let manifest = format!(
        r##"name: acme
components: {{grafana: {{admin_password: {{env: X}}}}}}
notifications:
  smtp: {{host: "127.0.0.1:{mail}", from: alerts@example.org, require_tls: false}}
  receivers:
    all:
      webhook: {{url: {{env: X}}}}
      slack: {{webhook_url: {{env: X}}, channel: "#mcp", channels: {{critical: "#mcp-critical"}}}}
      teams: {{webhook_url: {{env: X}}}}
      discord: {{webhook_url: {{env: X}}}}
      telegram: {{token: {{env: X}}, chat: -100123, api_url: "{address}"}}
      pagerduty: {{routing_key: {{env: X}}, api_url: "{address}/events"}}
      opsgenie: {{api_key: {{env: X}}, teams: [core], api_url: "{address}/og/"}}
      email: {{to: ops@example.org, subject: "MCP Server Alert: {{{{ .GroupLabels.alertname }}}}"}}
  routes:
    - {{match: {{category: [security, slo]}}, to: [all], continue: true, active: [office]}}
    - {{match: {{severity: info, group: core}}, to: [all, all], mute: [nights, holidays], timing: {{group_by: [service], repeat_interval: 1d}}}}
  default: all
  timing: {{group_wait: 1s, group_interval: 1s}}
  mute_times:
    nights: {{times: ["22:00-06:00", "12:00-13:00"], weekdays: [friday-monday], location: Europe/Berlin}}
    office: {{times: ["09:00-24:00"], weekdays: [monday-friday]}}
    holidays: {{days_of_month: ["24:31", 1, -1], months: [december, "1-2"]}}
"##
    );
    let alertmanager = Alertmanager::start("delivery", &manifest, &address);
    assert_eq!(alertmanager.differences(), [""; 0], "`up` would not take it for loaded");
    alertmanager.fire(&[json!({"alertname": "ServiceDown", "severity": "critical", "category": "availability", "service": "terminal", "group": "core"})]);
    let got = |path: &str| {
        let all = received.lock().unwrap();
        all.iter().find(|(key, _)| key.contains(path)).map(|(_, body)| body.clone())
    };
    for path in
        ["/webhook", "/slack", "/teams", "/discord", "sendMessage", "/events", "/og/", "smtp"]
    {
        eventually(path, || got(path).is_some());
    }
    let json = |path: &str| serde_json::from_str::<Json>(&got(path).unwrap()).unwrap();
    assert_eq!(json("/webhook")["alerts"][0]["labels"]["service"], "terminal");
    let slack = json("/slack");
    assert_eq!(slack["channel"], "#mcp-critical");
    let attachment = &slack["attachments"][0];
    assert_eq!(attachment["title"], "[CRITICAL] ServiceDown terminal");
    assert_eq!(attachment["title_link"], "https://runbooks.example.org/x");
    assert!(
        attachment["text"].as_str().unwrap().starts_with("*it is &lt;down&gt;*\nSince: "),
        "{slack}"
    );
    let teams = got("/teams").unwrap();
    assert!(teams.contains("AdaptiveCard") && teams.contains(r"**it is \\"), "{teams}");
    let discord = &json("/discord")["embeds"][0];
    assert_eq!(discord["title"], "[CRITICAL] ServiceDown terminal");
    assert!(discord["description"].as_str().unwrap().contains(r"it is \<down\>"), "{discord}");
    let telegram = got("sendMessage").unwrap();
    assert!(telegram.contains("HTML") && telegram.contains("-100123"), "{telegram}");
    assert!(telegram.contains("&lt;down&gt;") || telegram.contains(r"\u0026lt;down"), "{telegram}");
    let page = json("/events");
    assert_eq!(page["event_action"], "trigger");
    assert_eq!(page["payload"]["severity"], "critical");
    assert_eq!(page["payload"]["class"], "availability");
    let opsgenie = json("/og/");
    assert_eq!(opsgenie["priority"], "P1");
    assert_eq!(opsgenie["message"], "[CRITICAL] ServiceDown terminal");
    assert_eq!(opsgenie["responders"][0]["name"], "core");
    assert_eq!(opsgenie["tags"], json!(["critical", "availability", "core"]));
    let mail = got("smtp").unwrap();
    assert!(mail.contains("MCP Server Alert: ServiceDown"), "{mail}");
    assert!(mail.contains("text/plain") && mail.contains("text/html"), "{mail}");
    // `route test --send` finds each of them in what Alertmanager counts.
    let counted = |way: &str| {
        let counter = format!(
            "alertmanager_notification_requests_total{{integration=\"{}\",receiver_name=\"all\"}} 0",
            integration(way)
        );
        let metrics = alertmanager.ask("GET", "/metrics", "").unwrap();
        let (name, _) = counter.rsplit_once(' ').unwrap();
        metrics.contains(name) && !metrics.contains(&counter)
    };
    for way in
        ["webhook", "slack", "teams", "discord", "telegram", "pagerduty", "opsgenie", "email"]
    {
        eventually(way, || counted(way));
    }
}

#[test]
fn causes_mute_what_follows_from_them() {
    let manifest = "name: acme\ncomponents: {grafana: {admin_password: {env: X}}}\nnotifications: {receivers: {a: {webhook: {url: {env: X}}}}, default: a}\n";
    let alertmanager = Alertmanager::start("inhibit", manifest, "http://127.0.0.1:9");
    let alert = |id: &str, labels: Json| {
        let mut labels = labels;
        labels["id"] = json!(id);
        labels
    };
    alertmanager.fire(&[
        // A service that is down, what follows, and another service.
        alert("down", json!({"alertname": "ServiceDown", "severity": "critical", "category": "availability", "service": "one"})),
        alert("slow", json!({"alertname": "HighLatency", "severity": "warning", "category": "latency", "service": "one"})),
        alert("other", json!({"alertname": "HighLatency", "severity": "warning", "category": "latency", "service": "two"})),
        // Worse mutes better: the same alert, and the same side of a service.
        alert("disk-critical", json!({"alertname": "DiskFull", "severity": "critical", "instance": "h", "mountpoint": "/"})),
        alert("disk-warning", json!({"alertname": "DiskFull", "severity": "warning", "instance": "h", "mountpoint": "/"})),
        alert("disk-info", json!({"alertname": "DiskFull", "severity": "info", "instance": "h", "mountpoint": "/"})),
        alert("other-disk", json!({"alertname": "DiskFull", "severity": "warning", "instance": "h", "mountpoint": "/data"})),
        alert("errors-high", json!({"alertname": "HighErrorRate", "severity": "high", "category": "errors", "service": "three"})),
        alert("errors-warning", json!({"alertname": "ToolErrors", "severity": "warning", "category": "errors", "service": "three"})),
        alert("latency", json!({"alertname": "HighLatency", "severity": "warning", "category": "latency", "service": "three"})),
        // Burn of an error budget.
        alert("fast", json!({"alertname": "Burn", "severity": "critical", "burn_tier": "fast", "service": "four", "slo": "a"})),
        alert("medium", json!({"alertname": "BurnM", "severity": "info", "burn_tier": "medium", "service": "four", "slo": "a"})),
        alert("slow-burn", json!({"alertname": "BurnS", "severity": "info", "burn_tier": "slow", "service": "four", "slo": "a"})),
        alert("other-burn", json!({"alertname": "BurnS", "severity": "info", "burn_tier": "slow", "service": "four", "slo": "b"})),
        // A database, its own troubles, those of its clients, and another database.
        alert("database", json!({"alertname": "DatabaseDown", "severity": "critical", "instance": "db-1"})),
        alert("deadlocks", json!({"alertname": "DatabaseDeadlocks", "severity": "high", "instance": "db-1"})),
        alert("pool", json!({"alertname": "DatabaseConnectionPoolExhausted", "severity": "critical", "service": "five"})),
        alert("other-database", json!({"alertname": "DatabaseDeadlocks", "severity": "high", "instance": "db-2"})),
    ]);
    let muted = [
        "slow",
        "disk-warning",
        "disk-info",
        "errors-warning",
        "medium",
        "slow-burn",
        "deadlocks",
        "pool",
    ];
    eventually("what follows is muted", || {
        let by = alertmanager.muted_by("id");
        muted.iter().all(|id| by.get(*id).is_some_and(|n| *n > 0))
    });
    for (id, by) in alertmanager.muted_by("id") {
        assert_eq!(by > 0, muted.contains(&id.as_str()), "{id} is muted by {by}");
    }
}
