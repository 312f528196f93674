//! `mcpmon probe` as it is typed: what it prints, what it refuses, and how it ends. The servers of the field
//! are asked in `tests/servers`.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use command::{Folder, Outcome};
use regex::Regex;
use serde_json::{Value as Json, json};

/// mcpmon's own MCP server; it ends with the test.
struct Demo {
    child: Child,
    address: String,
}

impl Demo {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
            .args([
                "demo-service",
                "--listen=127.0.0.1:0",
                "--rate=0",
                "--errors=0",
                "--latency=1ms",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line: Json = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let address = line["message"].as_str().unwrap().rsplit_once(' ').unwrap().1.to_owned();
        // Its log must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A modern server that answers with these results, and nothing else.
fn scripted(discover: &Json, tools: &Json) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (discover, tools) = (discover.clone(), tools.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            loop {
                let (mut length, mut line) = (0, String::new());
                while reader.read_line(&mut line).unwrap_or(0) > 0 && line != "\r\n" {
                    if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                        length = text.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                if line.is_empty() || reader.read_exact(&mut body).is_err() {
                    break;
                }
                let asked: Json = serde_json::from_slice(&body).unwrap();
                let result = if asked["method"] == "server/discover" { &discover } else { &tools };
                let answer =
                    json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}).to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    answer.len()
                );
                let stream = reader.get_mut();
                if stream.write_all((head + &answer).as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    format!("http://{address}/mcp")
}

/// What was said, with the times and sizes that differ from run to run left out.
fn steady(outcome: &Outcome) -> String {
    let times = Regex::new(r" *\d+(\.\d+)? m?s\b").unwrap();
    let sizes = Regex::new(r"  \d+(\.\d+)? k?B\b").unwrap();
    sizes.replace_all(&times.replace_all(&outcome.err, " TIME"), "  SIZE").into_owned()
}

/// Every line that was printed fits into 80 columns and moves no cursor.
fn fits(outcome: &Outcome) {
    for line in outcome.err.lines().chain(outcome.out.lines()) {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

#[test]
fn each_step_is_told_and_what_the_server_says_of_itself() {
    let demo = Demo::start();
    let outcome = Folder::new().mcpmon(&format!("probe {}", demo.url())).ends(0);
    fits(&outcome);
    assert_eq!(outcome.out, "");
    let expected = format!(
        "{}
✔ connect TIME
✔ discover TIME  200  SIZE
✔ tools_list TIME  200  SIZE
  server        demo {}
  protocol      2026-07-28 (modern) over Streamable HTTP
  capabilities  tools
  tools         4
✔ it works, in TIME
",
        demo.url(),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(steady(&outcome), expected);
    let outcome = Folder::new().mcpmon(&format!("probe {} --protocol=legacy", demo.url())).ends(0);
    let said = steady(&outcome);
    for text in [
        "✔ initialize TIME  200",
        "✔ initialized TIME  202",
        "✔ ping TIME  200",
        "2025-11-25 (legacy)",
    ] {
        assert!(said.contains(text), "{text:?} is not in:\n{said}");
    }
}

#[test]
fn tools_are_listed_for_programs_to_read() {
    let demo = Demo::start();
    let folder = Folder::new();
    let outcome = folder.mcpmon(&format!("probe {} --tools", demo.url())).ends(0);
    fits(&outcome);
    let expected = "get_forecast              Get tomorrow's weather forecast for a town
search_documents          Search the document store and return the titles that …
slow_report               Compile the monthly usage report; takes longer than t…
translate                 Translate a text
";
    assert_eq!(outcome.out, expected);
    // Nothing but what went wrong.
    let outcome = folder.mcpmon(&format!("--quiet probe {}", demo.url())).ends(0);
    assert_eq!((outcome.out.as_str(), outcome.err.as_str()), ("", ""));
}

#[test]
fn a_probe_goes_as_far_as_it_is_told() {
    let demo = Demo::start();
    let folder = Folder::new();
    let steps = |arguments: &str| -> Vec<String> {
        let command = format!("probe {} --output=json {arguments}", demo.url());
        let report: Json = serde_json::from_str(&folder.mcpmon(&command).ends(0).out).unwrap();
        let steps = report["steps"].as_array().unwrap();
        steps.iter().map(|step| step["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(steps("--depth=handshake"), ["connect", "discover"]);
    let legacy = ["connect", "initialize", "initialized"];
    let with = |more: &[&'static str]| [&legacy[..], more].concat();
    let begun = steps("--protocol=legacy --depth=handshake");
    assert_eq!(begun[..3], legacy, "{begun:?}");
    let begun = steps("--protocol=legacy --depth=ping");
    assert_eq!(begun[..4], with(&["ping"]), "{begun:?}");
    let begun = steps("--protocol=legacy --depth=tools");
    assert_eq!(begun[..5], with(&["ping", "tools_list"]), "{begun:?}");
}

#[test]
fn programs_read_a_document() {
    let demo = Demo::start();
    let folder = Folder::new();
    let outcome = folder.mcpmon(&format!("probe {} --output json", demo.url())).ends(0);
    assert_eq!(outcome.err, "");
    let report: Json = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["target"], json!({"service": null, "url": demo.url(), "command": null}));
    assert_eq!(report["success"], true);
    assert_eq!(report["failure"], Json::Null);
    assert_eq!(report["protocol"]["transport"], "streamable_http");
    assert_eq!(report["tools"][0]["name"], "get_forecast");
    assert!(report["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(report["duration"].as_f64().unwrap() > 0.0);
    // A failure is told in the same document, and by the exit code.
    let outcome = folder.mcpmon("probe http://127.0.0.1:9/mcp --output json").ends(1);
    let report: Json = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(
        (&report["success"], &report["failure"]["reason"]),
        (&json!(false), &json!("connect"))
    );
}

#[test]
fn what_fails_is_told_with_its_reason_and_what_to_do() {
    let outcome = Folder::new().mcpmon("probe http://127.0.0.1:9/mcp").ends(1);
    fits(&outcome);
    let said = steady(&outcome);
    assert!(said.starts_with("http://127.0.0.1:9/mcp\n✘ connect TIME\n✘ connect: "), "{said}");
    assert!(said.contains("\n  → "), "{said}");
    let demo = Demo::start();
    let command = format!("probe {} --expect-tool translate --expect-tool delete_all", demo.url());
    let outcome =
        Folder::new().mcpmon(&command).ends(1).says("✘ tools_missing: ").says("delete_all");
    fits(&outcome);
    assert!(outcome.err.contains("  tools         4\n"), "{}", outcome.err);
    // A name that only containers know.
    let outcome = Folder::new().mcpmon("probe http://mcpmon-no-such-host:7001/mcp").ends(1);
    fits(&outcome);
    let said = outcome.err.replace("\n    ", " ");
    let hint = "→ `mcpmon-no-such-host` looks like a name that only containers know. Where it runs, publish its port, or ask from inside the stack: `docker exec STACK-agent /mcpmon probe http://mcpmon-no-such-host:7001/mcp`";
    assert!(said.contains("✘ dns: ") && said.contains(hint), "{said}");
}

#[test]
fn a_tool_is_called_and_its_result_printed() {
    let demo = Demo::start();
    let folder = Folder::new();
    let outcome = folder.mcpmon(&format!(
        r#"probe {} --call translate --args {{"text":"hello","language":"fr"}}"#,
        demo.url()
    ));
    let outcome = outcome.ends(0).says("✔ tools_call ");
    let result: Json = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(result["content"][0]["text"], "[fr] hello");
}

#[test]
fn text_of_a_server_cannot_move_the_cursor_or_pass_for_mcpmon() {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\r✔ it works\n\u{9b}31m\u{202e}txt\u{200b}";
    let discover = json!({
        "resultType": "complete", "supportedVersions": ["2026-07-28"], "ttlMs": 0, "cacheScope": "private",
        "capabilities": {"tools": {}, evil: {}},
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": evil.repeat(50), "version": evil}},
    });
    let tool = |name: String| json!({"name": name, "description": evil.repeat(20), "inputSchema": {"type": "object"}});
    let tools = json!({
        "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
        "tools": [tool(evil.to_owned()), tool("x".repeat(500))],
        "content": [{"type": "text", "text": evil}], "isError": true,
    });
    let url = scripted(&discover, &tools);
    let folder = Folder::new();
    let outcome = folder.mcpmon(&format!("probe {url} --tools"));
    fits(&outcome);
    assert!(!outcome.out.contains(['\u{202e}', '\u{200b}']) && !outcome.err.contains('\u{202e}'));
    assert_eq!(
        outcome.err.lines().filter(|line| line.starts_with("✔ it works")).count(),
        1,
        "{}",
        outcome.err
    );
    for command in [format!("probe {url} --output=json"), format!("probe {url} --call=x")] {
        let out = folder.mcpmon(&command).out;
        assert!(out.chars().all(|c| c == '\n' || !c.is_control()), "{out:?}");
        assert!(!out.contains('\u{202e}'), "{out}");
    }
}

#[test]
fn a_service_is_asked_as_the_manifest_says() {
    let demo = Demo::start();
    let manifest = |more: &str| {
        format!(
            "name: acme\nservices:\n  search: {{mcp: {{url: \"{}\"{more}}}}}\n  node: {{metrics: \"http://node:9100/metrics\"}}\n  local: {{mcp: {{command: [sh, -c, exit 3]}}}}\n",
            demo.url()
        )
    };
    let folder = Folder::new().file("mcpmon.yaml", &manifest(""));
    let outcome = folder.mcpmon("probe search").ends(0);
    assert!(outcome.err.starts_with(&format!("search: {}\n", demo.url())), "{}", outcome.err);
    let report: Json =
        serde_json::from_str(&folder.mcpmon("probe search --output=json").out).unwrap();
    assert_eq!(report["target"]["service"], "search");
    // Depth, tools and credentials of the manifest hold, and the command line goes before.
    let more = ", depth: handshake, host_header: \"search:8000\"";
    let folder = Folder::new().file("mcpmon.yaml", &manifest(more));
    assert!(!folder.mcpmon("probe search").ends(0).err.contains("tools_list"));
    assert!(folder.mcpmon("probe search --depth=tools").ends(0).err.contains("tools_list"));
    let more = ", expect_tools: [delete_all]";
    let folder = Folder::new().file("mcpmon.yaml", &manifest(more));
    folder.mcpmon("probe search").ends(1).says("✘ tools_missing: ");
    folder.mcpmon("probe search --expect-tool=translate").ends(0);
    folder.mcpmon("probe search --depth=handshake").ends(0);
    // The demo service takes no credentials but its own.
    let folder = Folder::new()
        .file("secrets/token", "demo\n")
        .file("mcpmon.yaml", &manifest(", auth: {bearer: {env: SECRET}}"));
    let outcome = folder.mcpmon("probe search").ends(1).says("✘ auth_required: ");
    assert!(!outcome.err.contains("8CbYkqNtWp4s"), "{}", outcome.err);
    folder.mcpmon("probe search --bearer file:secrets/token").ends(0);
    let folder = folder.file("mcpmon.yaml", &manifest(", auth: {bearer: {file: secrets/token}}"));
    folder.mcpmon("probe search").ends(0);
    let folder = folder.file("mcpmon.yaml", &manifest(", auth: {bearer: {env: MISSING}}"));
    folder
        .mcpmon("probe search")
        .ends(2)
        .says("error: the environment variable MISSING is not set; set it: `export MISSING=…`");
    // A program of the manifest.
    folder.mcpmon("probe local").ends(1).says("local: stdio:local\n").says("✘ process_exited: ");
}

#[test]
#[allow(clippy::too_many_lines)] // A list of cases.
fn what_makes_no_sense_is_refused_with_what_to_write() {
    let folder = Folder::new().file("tool.py", "").file(
        "with/mcpmon.yaml",
        "name: acme\nservices:\n  search: {mcp: \"http://127.0.0.1:9/mcp\"}\n  node: {metrics: \"http://node:9100/metrics\"}\n  local: {mcp: {command: [server]}}\n",
    );
    let url = "http://127.0.0.1:9/mcp";
    let cases: [(String, &str); 26] = [
        ("probe".to_owned(), "required arguments were not provided"),
        (
            "probe search".to_owned(),
            "error: `search` is neither a URL nor a service; there is no mcpmon.yaml here; or give a URL, such as `http://127.0.0.1:8000/mcp`\n",
        ),
        (
            "probe 127.0.0.1:8000/mcp".to_owned(),
            "a URL begins with http:// or https://: `mcpmon probe http://127.0.0.1:8000/mcp`\n",
        ),
        ("probe tool.py".to_owned(), "a program goes behind `--`: `mcpmon probe -- tool.py`\n"),
        (
            "-f with/mcpmon.yaml probe serach".to_owned(),
            "error: `serach` is neither a URL nor a service; there is no such service in the manifest: did you mean `search`?; or give a URL, such as `http://127.0.0.1:8000/mcp`\n",
        ),
        (
            "-f with/mcpmon.yaml probe node".to_owned(),
            "error: `node` has no `mcp:` in the manifest: give it the address of its MCP endpoint there, or a URL here\n",
        ),
        (
            "-f with/mcpmon.yaml probe local --insecure".to_owned(),
            "error: local: stdio:local is a program: credentials, headers and certificates go with a URL\n",
        ),
        (
            "-f with/mcpmon.yaml probe local --protocol=sse".to_owned(),
            "error: `sse` is a way to speak over HTTP, and this is a program: leave `--protocol` out\n",
        ),
        (
            "probe ftp://a/mcp".to_owned(),
            "`ftp://a/mcp` is not an http:// or https:// URL; write it like `http://terminal:7001/mcp`\n",
        ),
        (
            "probe http://ada:hunter2@a/mcp".to_owned(),
            "error: a URL must not hold credentials, which everybody can see on a command line: use `--basic USER:file:PATH` or `--bearer file:PATH`\n",
        ),
        (
            "probe http://a/mcp#x".to_owned(),
            "has a fragment (`#…`), which is never sent; remove it\n",
        ),
        (
            format!("probe {url} --bearer hunter2"),
            "a secret does not belong on a command line: write `env:NAME` or `file:PATH`",
        ),
        (
            format!("probe {url} --header X-Key=hunter2"),
            "write it like `NAME:env:VARIABLE` or `NAME:file:PATH`",
        ),
        (
            format!("probe {url} --bearer env:MISSING"),
            "error: the environment variable MISSING is not set; set it: `export MISSING=…`\n",
        ),
        (format!("probe {url} --bearer env:SECRET --basic ada:env:SECRET"), "cannot be used with"),
        (
            format!("probe {url} --host-header http://a/"),
            "is not a host; write it as the server expects it, such as `127.0.0.1:8000`",
        ),
        (
            format!("probe {url} --ca no.pem"),
            "error: cannot read the certificate authority no.pem: there is no such file or folder\n",
        ),
        (
            format!("probe {url} --ca tool.py"),
            "error: tool.py: the certificate authority holds no certificate in PEM\n",
        ),
        (format!("probe {url} --ca tool.py --insecure"), "cannot be used with"),
        (format!("probe {url} --args {{}}"), "required arguments were not provided"),
        (
            format!("probe {url} --call x --args [1]"),
            "error: the arguments of a tool are a JSON object: write `--args '{\"text\": \"hello\"}'`\n",
        ),
        (
            format!("probe {url} --call x --args {{a:1}}"),
            "error: `--args` is no JSON: key must be a string at line 1 column 2; write it like `--args '{\"text\": \"hello\"}'`\n",
        ),
        (
            format!("probe {url} --expect-tool x --depth ping"),
            "error: tools are expected, and the probe would end before it lists them: leave `--depth` out\n",
        ),
        (format!("probe {url} --output junit"), "error: a probe is told as text or json\n"),
        (
            "probe --env A=hunter2 -- sh".to_owned(),
            "only the variable's name, such as `--env API_TOKEN`: its value does not belong on a command line",
        ),
        (
            "probe --env MISSING -- sh".to_owned(),
            "error: the environment variable MISSING is not set\n",
        ),
    ];
    for (arguments, said) in cases {
        let outcome = folder.mcpmon(&arguments);
        assert_eq!(outcome.exit, 2, "{arguments}: {}{}", outcome.out, outcome.err);
        assert!(outcome.err.contains(said), "{arguments}: {said:?} is not in:\n{}", outcome.err);
        assert_eq!(outcome.out, "");
        let is_option = ["--bearer hunter2", "X-Key=hunter2", "A=hunter2"]
            .iter()
            .any(|o| arguments.contains(o));
        // clap repeats the very value that an option was given; nothing else does.
        assert!(is_option || !outcome.err.contains("hunter2"), "{}", outcome.err);
    }
    folder.mcpmon(&format!("probe {url} -- sh")).ends(2).says("cannot be used with");
    folder
        .mcpmon("probe --bearer env:SECRET -- sh")
        .ends(2)
        .says("error: sh is a program: credentials, headers and certificates go with a URL");
    folder
        .mcpmon("probe --insecure -- sh")
        .ends(2)
        .says("error: sh is a program: credentials, headers and certificates go with a URL");
}

/// Runs `--watch` for a while, and ends it with Ctrl-C.
fn watched(arguments: &[&str], during: impl FnOnce()) -> Outcome {
    let child = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
        .arg("probe")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    during();
    std::thread::sleep(Duration::from_millis(700));
    let interrupt = format!("kill -s INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome {
        exit: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[test]
fn a_watch_has_a_line_for_each_probe_and_adds_up_at_the_end() {
    let demo = Demo::start();
    let url = demo.url();
    let outcome = watched(&[&url, "--watch=100ms"], || ()).ends(0);
    fits(&outcome);
    let said = steady(&outcome);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("{url}: Ctrl-C ends it"));
    let line = Regex::new(r"^✔ \d\d:\d\d:\d\d TIME  2026-07-28 streamable_http  4 tools$").unwrap();
    let (last, probes) = lines[1..].split_last().unwrap();
    assert!(probes.len() >= 3 && probes.iter().all(|text| line.is_match(text)), "{said}");
    let sum =
        format!("✔ {} probes, none failed; fastest TIME, median TIME, slowest TIME", probes.len());
    assert_eq!(*last, sum);
    // For programs, a document in each line.
    let outcome = watched(&[&url, "--watch=100ms", "--output=json"], || ()).ends(0);
    assert!(outcome.out.lines().count() >= 3, "{}", outcome.out);
    for line in outcome.out.lines() {
        assert_eq!(serde_json::from_str::<Json>(line).unwrap()["success"], true);
    }
    // A server that goes away meanwhile.
    let mut demo = Some(demo);
    let outcome = watched(&[&url, "--watch=100ms"], || drop(demo.take())).ends(1);
    fits(&outcome);
    let failed = Regex::new(r"(?m)^✘ \d\d:\d\d:\d\d TIME  connect: ").unwrap();
    assert!(failed.is_match(&steady(&outcome)), "{}", outcome.err);
    let sum = Regex::new(r"(?m)^✘ \d+ probes, \d+ failed \(connect \d+\); fastest ").unwrap();
    assert!(sum.is_match(&outcome.err), "{}", outcome.err);
}
