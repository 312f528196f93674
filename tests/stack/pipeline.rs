//! What is done to log lines: the evaluation of `mcpmon logs test` against the real Promtail, and the real way of
//! lines from files and containers to Loki.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use mcpmon::assets::Assets;
use mcpmon::stack::logs::shipped;
use serde_json::{Value, json};

use crate::harness::{TestStack, encode, eventually};

/// What became of an entry: its line, its labels, and when it says that it was written.
type Entry = (String, BTreeMap<String, String>, Option<jiff::Timestamp>);

/// A pipeline and lines for it.
struct Case {
    logs: Value,
    lines: Vec<String>,
    /// Entries that are left of them.
    kept: usize,
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn cases() -> Vec<Case> {
    // Every example of every shipped pattern that is one line.
    let shipped = shipped(&Assets::shipped()).unwrap();
    let examples: Vec<String> = shipped
        .iter()
        .flat_map(|pattern| pattern.covers.iter().map(|e| &e.line).chain(&pattern.leaves).cloned())
        .filter(|line| !line.contains('\n'))
        .collect();
    let examples_kept = examples.len();
    let json_lines = lines(
        r#"{"level":"info","tenant":"acme","time":"2024-05-01T10:00:00Z","message":"plain"}
{"level":"warn","tenant":"acme","time":"2024-05-01T12:00:00.25+02:00","message":"with an offset"}
{"level":"error","time":"yesterday","message":"no time"}
{"level":null,"tenant":7,"http":{"status":503}}
{"level":true,"tenant":1.5e3,"http":{"status":null}}
{"level":"info","tenant":{"a":1},"http":5}
{"level":"info","tenant":"","http":{"status":"200"}}
{"level":"info","tenant":"ann@example.org","message":"a label with a secret"}
{"level":"info","tenant":"with \"quotes\" and é","message":"é"}
{"level":"info" "broken"
[1,2,3]
"just text"
42
plain text with level=error
GET /health 200
{"level":"debug","message":"GET /health"}
   {"level":"info","message":"spaces around"}
{"level":"info","message":"twice","level":"warn"}
{"level":"a very long word","badge":"ACME-12345678 and ACME-1"}
{"level":"info","message":"password=hunter2 mail ann@example.org key sk-abcdefghijklmnop1234 badge ACME-12345678"}"#,
    );
    let logfmt_lines = lines(
        r#"level=info ts=1714557600.5 tenant=acme msg="hello there"
level=warn ts=1714557600 tenant="a b" msg=x
level=error ts=never tenant="say \"hi\"" password=hunter2
level=info =broken tenant=lost
tenant=first level=info oops="open
no pairs at all
level= tenant=empty
level=info"tenant=x
ts=1714557601 level
ann@example.org level=info"#,
    );
    let trace_lines = lines(
        "    a line before the first
2024-05-01 10:00:00,123 ERROR search: it broke
Traceback (most recent call last):
  File \"app.py\", line 1, in <module>
    password = 'hunter2'
ValueError: no
2024-05-01 10:00:01 INFO search: next
2024-05-01 10:00:02.5 WARN search: many lines
 1
 2
 3
 4
 5
 6
 7
2024-05-01 nonsense
2024-05-01 10:00:03 INFO search: last to ann@example.org",
    );
    vec![
        Case { logs: json!({}), lines: examples, kept: examples_kept },
        Case {
            logs: json!({
                "labels": {"tenant": "tenant", "status": "http.status"},
                "timestamp": {"field": "time"},
                "drop": ["GET /health"],
                "redact": {"patterns": {"badge": "ACME-\\d{8}\\b", "long": "very (long) (word)"}},
            }),
            kept: json_lines.len() - 2,
            lines: json_lines,
        },
        Case {
            logs: json!({"parse": "logfmt", "labels": ["tenant"], "timestamp": {"field": "ts", "format": "unix"}}),
            kept: logfmt_lines.len(),
            lines: logfmt_lines,
        },
        Case {
            logs: json!({
                "multiline": {"first_line": "^\\d{4}-\\d{2}-\\d{2} ", "max_lines": 6},
                "parse": {"regex": "^(?P<time>\\S+ \\S+) (?P<level>[A-Z]+) (?P<who>\\w+):"},
                "labels": {"app": "who"},
                "timestamp": {"field": "time", "format": "%Y-%m-%d %H:%M:%S,%f"},
            }),
            lines: trace_lines,
            kept: 7,
        },
        Case {
            logs: json!({"parse": "none", "redact": false}),
            lines: lines("level=info password=hunter2\n{\"level\":\"info\"}"),
            kept: 2,
        },
    ]
}

/// The manifest of a case.
fn manifest(logs: &Value) -> String {
    json!({
        "name": "pipeline",
        "dashboards": [],
        "alerts": {"packs": []},
        "components": {"grafana": {"enabled": false}},
        "services": {"search": {"mcp": "http://search:7001/mcp"}},
        "logs": logs,
    })
    .to_string()
}

/// What `mcpmon logs test` says.
fn evaluated(dir: &std::path::Path, lines: &[String]) -> Vec<Entry> {
    let mcpmon = env!("CARGO_BIN_EXE_mcpmon");
    let args = ["logs", "test", "--output", "json"];
    let said = piped(Command::new(mcpmon).args(args).current_dir(dir), lines);
    let document: Value = serde_json::from_str(&said).unwrap();
    let entries = document["entries"].as_array().unwrap().iter();
    let kept = entries.filter(|entry| !entry["line"].is_null());
    kept.map(|entry| {
        let mut labels: BTreeMap<String, String> =
            serde_json::from_value(entry["labels"].clone()).unwrap();
        labels.remove("stack");
        let at = entry["timestamp"].as_str().map(|text| text.parse().unwrap());
        (entry["line"].as_str().unwrap().to_owned(), labels, at)
    })
    .collect()
}

/// What the real Promtail makes of it.
fn shipped_by_promtail(dir: &std::path::Path, lines: &[String]) -> Vec<Entry> {
    let mcpmon = env!("CARGO_BIN_EXE_mcpmon");
    let rendered = Command::new(mcpmon).args(["render", "--out", "out"]).current_dir(dir).output();
    assert!(rendered.unwrap().status.success());
    let text = std::fs::read_to_string(dir.join("out/promtail/promtail.yml")).unwrap();
    let mut config = mcpmon::yaml::parse(0, &text).unwrap().to_json();
    let stages = config["scrape_configs"][0]["pipeline_stages"].clone();
    config["scrape_configs"] = json!([{
        "job_name": "stdin",
        "static_configs": [{"labels": {"job": "stack", "stream": "stdout"}}],
        "pipeline_stages": stages,
    }]);
    config["positions"] = json!({"filename": "/tmp/positions"});
    std::fs::write(dir.join("stdin.yml"), config.to_string()).unwrap();
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", "-i", "--network", "none", "-v"]);
    docker.arg(format!("{}:/in:ro", dir.display()));
    docker.args(["grafana/promtail:3.5.0", "-config.file=/in/stdin.yml", "-stdin", "-dry-run"]);
    parse_dry_run(&piped(&mut docker, lines))
}

/// Entries of a dry run: time, labels, line; what does not begin so goes on with the line before.
fn parse_dry_run(text: &str) -> Vec<Entry> {
    // The columns are lined up with any number of tabs, also none.
    let head = regex::Regex::new(
        r#"^(\d{4}-\d\d-\d\dT[0-9:.]+[+-]\d{4})\t*(\{(?:\w+="(?:[^"\\]|\\.)*"(?:, )?)*\})\t*(.*)$"#,
    )
    .unwrap();
    let label = regex::Regex::new(r#"(\w+)=("(?:[^"\\]|\\.)*")"#).unwrap();
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        let Some(found) = head.captures(line) else {
            if let Some((open, _, _)) = entries.last_mut() {
                open.push('\n');
                open.push_str(line);
            }
            continue;
        };
        let labels = label
            .captures_iter(&found[2])
            .map(|pair| (pair[1].to_owned(), serde_json::from_str(&pair[2]).unwrap()));
        // Loki takes an empty label for none.
        let labels = labels.filter(|(_, value): &(String, String)| !value.is_empty());
        let format = "%Y-%m-%dT%H:%M:%S%.f%z";
        let at = jiff::Timestamp::strptime(format, &found[1]).unwrap();
        // One that was just read says nothing about when it was written.
        let told = jiff::Timestamp::now().as_second() - at.as_second() > 3600;
        entries.push((found[3].to_owned(), labels.collect(), told.then_some(at)));
    }
    entries
}

/// Runs a command with lines on its standard input; its standard output.
fn piped(command: &mut Command, lines: &[String]) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env("NO_COLOR", "1").spawn().unwrap();
    child.stdin.take().unwrap().write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn logs_test_says_what_promtail_does() {
    let mut compared = 0;
    for case in cases() {
        // Docker on this host reads the folder.
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("mcpmon.yaml"), manifest(&case.logs)).unwrap();
        let ours = evaluated(dir.path(), &case.lines);
        // At the end of its input Promtail stops without waiting for the last lines.
        let mut theirs = shipped_by_promtail(dir.path(), &case.lines);
        for _ in 0..4 {
            if theirs.len() < ours.len() {
                theirs = shipped_by_promtail(dir.path(), &case.lines);
            }
        }
        assert_eq!(ours.len(), case.kept, "{ours:#?}");
        // A block's lines are put together beside the others, so that one may be late.
        let place = |entry: &Entry| ours.iter().position(|own| own.0 == entry.0);
        theirs.sort_by_key(place);
        for (own, their) in ours.iter().zip(&theirs) {
            assert_eq!(own, their, "{}", case.logs);
            compared += 1;
        }
        assert_eq!(ours.len(), theirs.len(), "{}", case.logs);
    }
    assert!(compared >= 60, "only {compared} entries were compared");
}

/// Lines of Loki that a selector finds.
fn found(stack: &TestStack, query: &str) -> Vec<String> {
    let path = format!("/loki/api/v1/query_range?query={}&limit=1000", encode(query));
    let answer = stack.get(stack.ports.loki, &path);
    let streams = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    let values = streams.iter().flat_map(|s| s["values"].as_array().cloned().unwrap_or_default());
    values.map(|value| value[1].as_str().unwrap().to_owned()).collect()
}

#[test]
fn lines_of_files_and_containers_are_stored_as_the_manifest_says() {
    let stack = TestStack::new("pipeline");
    let files = tempfile::Builder::new().prefix("mcpmon-logs-").tempdir().unwrap();
    let port = crate::harness::free();
    let folder = files.path().display();
    stack.manifest(&format!(
        r#"logs:
  drop: ['GET /health']
  files:
    - {{path: "{folder}/app-*.log", service: trace, labels: {{tier: web}}}}
    - {{path: "{folder}/legacy.log", service: legacy}}
services:
  weather: {{run: {{ports: ["{port}:8080"]}}}}
  trace:
    mcp: http://weather:8080/mcp
    logs:
      multiline: {{first_line: '^\d{{4}}-'}}
      parse: {{regex: '^\S+ \S+ (?P<level>[A-Z]+)'}}
  legacy: {{mcp: "http://weather:8080/mcp?legacy", logs: {{parse: logfmt, labels: [tenant]}}}}
"#
    ));
    // A file that other users may not read: the collector must.
    let app = files.path().join("app-1.log");
    std::fs::write(&app, "").unwrap();
    stack.mcpmon(&["up"]).expect(0);
    let mut file = std::fs::OpenOptions::new().append(true).open(&app).unwrap();
    write!(
        file,
        "2024 no\n2024-05-01 10:00:00 ERROR it broke\nTraceback (most recent call last):\n  File \"app.py\"\n  token = 'hunter2secret'\nValueError: no\n2024-05-01 10:00:01 INFO GET /health\n2024-05-01 10:00:02 INFO the last one\n"
    )
    .unwrap();
    std::fs::write(
        files.path().join("legacy.log"),
        "level=warn tenant=acme mail=ann@example.org\n",
    )
    .unwrap();
    for line in [
        "login with password=hunter2secret",
        "GET /health",
        "unparsed Bearer hunter2secrethunter2secret",
    ] {
        let url = format!("http://127.0.0.1:{port}/control/log");
        let posted =
            Command::new("curl").args(["-sSf", "-X", "POST", "--data", line, &url]).status();
        assert!(posted.unwrap().success());
    }
    let name = &stack.name;
    let trace =
        format!(r#"{{stack="{name}",job="files",service="trace",tier="web",level="ERROR"}}"#);
    eventually("the stack trace is one entry", 60, || {
        let lines = found(&stack, &trace);
        lines.len() == 1 && lines[0].lines().count() == 5
    });
    let lines = found(&stack, &trace);
    assert!(lines[0].contains("token = '[redacted:secret-assignment]'"), "{}", lines[0]);
    let legacy =
        format!(r#"{{stack="{name}",job="files",service="legacy",level="warn",tenant="acme"}}"#);
    eventually("the override of a service holds", 30, || {
        found(&stack, &legacy) == ["level=warn tenant=acme mail=[redacted:email]"]
    });
    let weather = format!(
        r#"{{stack="{name}",job="services",service="weather",group="demo",service_group="demo",stream="stdout",level="info"}} |= "redacted""#
    );
    eventually("the container's lines are redacted", 30, || found(&stack, &weather).len() == 2);
    eventually("the last line of the file is there", 30, || {
        found(&stack, r#"{service="trace"} |= "the last one""#).len() == 1
    });
    assert_eq!(found(&stack, r#"{job=~".+"} |= "hunter2secret""#), Vec::<String>::new());
    assert_eq!(found(&stack, r#"{job=~"services|files"} |= "GET /health""#), Vec::<String>::new());

    // The same through the saved queries.
    let said = stack.mcpmon(&["query", "redactions", "--service", "weather"]).expect(0).stdout;
    assert!(said.contains("services  weather      2"), "{said}");
    let said = stack.mcpmon(&["query", "{service=\"legacy\"}", "--logql"]).expect(0).stdout;
    assert!(said.contains("legacy") && said.contains("mail=[redacted:email]"), "{said}");
    let listed: Value =
        serde_json::from_str(&stack.mcpmon(&["query", "--output", "json"]).expect(0).stdout)
            .unwrap();
    for query in listed["queries"].as_array().unwrap() {
        let name = query["name"].as_str().unwrap();
        let answer = stack.mcpmon(&["query", name, "--output", "json"]).expect(0).stdout;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["result"].is_array(), "{name}: {answer}");
    }
    let over_time = stack.mcpmon(&["query", "up", "--since", "1m"]).expect(0).stdout;
    assert!(over_time.lines().next().unwrap().ends_with("LAST  MIN  MEAN  MAX"), "{over_time}");
    stack.mcpmon(&["query", "sum("]).expect(1).says("400");
    stack.mcpmon(&["query", "request-rat"]).expect(2).says("did you mean `request-rate`?");
}
