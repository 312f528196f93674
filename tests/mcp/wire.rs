//! Servers as they were recorded: what they said is said again, under the numbers that are asked for now.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mcpmon::mcp::era::Era;
use mcpmon::mcp::report::Transport;
use serde_json::Value;

use crate::double::{Asked, Double, Reply};
use crate::support::{ask, probe, reason, script, succeeded, target};

/// What was recorded under each heading.
fn recorded(file: &str) -> BTreeMap<String, Reply> {
    let path = format!("{}/tests/mcp/wire/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = BTreeMap::new();
    for part in text.split("\n### ") {
        let Some((heading, rest)) = part.split_once('\n') else { continue };
        let Some((head, body)) = rest.split_once("\n\n") else { continue };
        let Some((status, headers)) = head.split_once('\n') else { continue };
        let Some(status) = status.strip_prefix("HTTP/1.1 ") else { continue };
        let body = body.split("\n\nSID=").next().unwrap();
        let mut reply = Reply::new(status[..3].parse().unwrap(), "", mended(body));
        for header in headers.lines() {
            let (name, value) = header.split_once(": ").unwrap();
            for known in ["content-type", "mcp-session-id", "www-authenticate"] {
                if name.eq_ignore_ascii_case(known) {
                    if let Reply::Full { headers, .. } = &mut reply {
                        headers.retain(|(name, _)| *name != known);
                    }
                    reply = reply.with(known, value);
                }
            }
        }
        found.insert(heading.trim().trim_start_matches("### ").to_owned(), reply);
    }
    found
}

/// The recorder cut long lines off; what they had begun is closed.
fn mended(body: &str) -> String {
    let line = |line: &str| {
        let prefix = if line.starts_with("data: {") { "data: " } else { "" };
        let json = &line[prefix.len()..];
        if !json.starts_with('{') || serde_json::from_str::<Value>(json).is_ok() {
            return line.to_owned();
        }
        let ends = json.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
        let closed = ends.into_iter().rev().find_map(|end| {
            let text = closed(&json[..end]);
            serde_json::from_str::<Value>(&text).is_ok().then_some(text)
        });
        let mut json: Value = serde_json::from_str(&closed.unwrap()).unwrap();
        if let Some(tools) = json.pointer_mut("/result/tools").and_then(Value::as_array_mut) {
            tools.retain(|tool| tool.get("name").is_some());
        }
        format!("{prefix}{json}")
    };
    body.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn closed(json: &str) -> String {
    let mut open = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' if !in_string => open.push('}'),
            '[' if !in_string => open.push(']'),
            '}' | ']' if !in_string => {
                open.pop();
            }
            _ => {}
        }
    }
    let quote = if in_string { "\"" } else { "" };
    format!("{json}{quote}{}", open.into_iter().rev().collect::<String>())
}

/// A recorded answer under the number that was asked. What says that it answers nothing known stays so.
fn renumbered(body: &str, asked: &Asked) -> String {
    let line = |line: &str| {
        let prefix = if line.starts_with("data: {") { "data: " } else { "" };
        let Ok(mut json) = serde_json::from_str::<Value>(&line[prefix.len()..]) else {
            return line.to_owned();
        };
        let is_answer = json.get("result").is_some() || json.get("error").is_some();
        let is_named = json.get("id").is_none_or(|id| !id.is_null() && id != "server-error");
        if is_answer && is_named {
            json["id"] = asked.body["id"].clone();
        }
        json["jsonrpc"] = "2.0".into();
        format!("{prefix}{json}")
    };
    body.lines().map(line).collect::<Vec<_>>().join("\n") + "\n\n"
}

fn replay(file: &str) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let recorded = recorded(file);
    move |asked| {
        let modern = asked.header("mcp-method").is_some();
        let heading = match asked.method() {
            "initialize" => "initialize 2025-11-25".to_owned(),
            "DELETE" => "DELETE with session".to_owned(),
            method if modern => format!("MODERN {method}"),
            method => method.to_owned(),
        };
        let reply = recorded.get(&heading);
        let reply = reply.unwrap_or_else(|| panic!("{heading} was not recorded"));
        match reply.clone() {
            Reply::Full { status, headers, body } => {
                let body = renumbered(&String::from_utf8(body).unwrap(), asked);
                Reply::Full { status, headers, body: body.into_bytes() }
            }
            other => other,
        }
    }
}

#[tokio::test]
async fn each_server_is_known_for_what_it_is() {
    // File, era, version, name, session, stream.
    let cases = [
        (
            "everything-streamableHttp.txt",
            Era::Legacy,
            "2025-11-25",
            "mcp-servers/everything",
            true,
            true,
        ),
        ("fastmcp-4.1.2-streamable.txt", Era::Modern, "2026-07-28", "demo-fastmcp4", false, false),
        ("mcp-2.3.0-json-stateless.txt", Era::Modern, "2026-07-28", "demo-mcp2", false, false),
        ("mcp-2.3.0-streamable.txt", Era::Modern, "2026-07-28", "demo-mcp2", false, false),
        ("mcp-proxy-0.13.0-mcp-1.30.0.txt", Era::Legacy, "2025-11-25", "mcp-time", true, false),
        (
            "supergateway-4.0.0-stateless.txt",
            Era::Legacy,
            "2025-11-25",
            "memory-server",
            false,
            true,
        ),
    ];
    for (file, era, version, name, session, stream) in cases {
        let double = Double::start(replay(file)).await;
        let report = probe(&target(&double.url()), &ask()).await;
        succeeded(&report);
        let spoken = report.protocol.unwrap();
        assert_eq!((spoken.era, spoken.version.as_str()), (era, version), "{file}");
        assert_eq!(spoken.transport, Transport::StreamableHttp);
        assert_eq!(report.server.unwrap().name, name);
        assert_eq!((report.session_issued, report.sse_response), (session, stream), "{file}");
        assert!(!report.tools.unwrap().is_empty(), "{file}");
        assert_eq!(double.count("DELETE"), usize::from(session), "{file}");
    }
}

#[tokio::test]
async fn servers_of_both_eras_are_spoken_with_in_the_other_too() {
    for file in
        ["fastmcp-4.1.2-streamable.txt", "mcp-2.3.0-json-stateless.txt", "mcp-2.3.0-streamable.txt"]
    {
        let double = Double::start(replay(file)).await;
        let legacy = crate::support::speaking(&double.url(), mcpmon::mcp::target::Protocol::Legacy);
        let report = probe(&legacy, &ask()).await;
        succeeded(&report);
        assert_eq!(report.protocol.unwrap().era, Era::Legacy);
    }
}

#[tokio::test]
async fn the_server_that_asks_for_a_token() {
    let recorded = recorded("mcp-2.3.0-auth.txt");
    let double = Double::start(move |asked| match asked.path.as_str() {
        "/mcp" => recorded["initialize token=none"].clone(),
        path => recorded[&format!("GET {path}")].clone(),
    })
    .await;
    let report = probe(&target(&double.url()), &ask()).await;
    assert_eq!(reason(&report), mcpmon::mcp::Reason::AuthRequired);
    let failure = report.failure.unwrap();
    let words = "server/discover: answered 401 Unauthorized: Authentication required";
    assert_eq!(failure.message, words);
    let metadata = report.challenge.unwrap().resource_metadata.unwrap();
    assert_eq!(metadata, "http://127.0.0.1:39108/.well-known/oauth-protected-resource/mcp");
}

/// Programs as they were recorded, played by a shell.
#[tokio::test]
async fn each_program_is_known_for_what_it_is() {
    let cases = [
        ("everything-stdio.txt", Era::Legacy),
        ("mcp-1.30.0-stdio.txt", Era::Legacy),
        ("mcp-2.3.0-stdio-modern.txt", Era::Modern),
    ];
    for (file, era) in cases {
        let path = format!("{}/tests/mcp/wire/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut answers = mended(&text).lines().map(ToOwned::to_owned).collect::<Vec<_>>();
        if !answers.iter().any(|line| line.contains("\"tools\":[")) {
            answers.push(r#"{"jsonrpc":"2.0","result":{"tools":[]}}"#.to_owned());
        }
        // One question after another, as they were asked: a notification has no answer.
        let mut play = String::from("number=0\n");
        for answer in answers {
            let mut json: Value = serde_json::from_str(&answer).unwrap();
            if json.get("method").is_none() {
                play += "while read -r line; do case $line in *'\"id\":'*) break;; esac; done; number=$((number+1))\n";
                json["id"] = "NUMBER".into();
                json["jsonrpc"] = "2.0".into();
            }
            let json = json.to_string().replace('\'', "'\\''").replace("\"NUMBER\"", "'$number'");
            let _ = writeln!(play, "printf '%s\\n' '{json}'");
        }
        play += "cat >/dev/null";
        let report = probe(&script(&play), &ask()).await;
        succeeded(&report);
        let spoken = report.protocol.unwrap();
        assert_eq!((spoken.era, spoken.transport), (era, Transport::Stdio), "{file}");
        assert!(report.tools.is_some());
    }
}

#[tokio::test]
async fn a_recorded_stream_of_2024() {
    let path = format!("{}/tests/mcp/wire/everything-sse-legacy.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (_, stream) = text.split_once("### SSE stream as received").unwrap();
    let (_, events) = stream.split_once("\n\n").unwrap();
    let events = mended(events);
    let said: Vec<Value> = events
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    let double = crate::sse::Stream::start(move |asked| {
        let which = match asked.method() {
            "initialize" => "serverInfo",
            "ping" => "\"result\":{}",
            _ => "\"tools\":[",
        };
        let at = said.iter().position(|message| message.to_string().contains(which)).unwrap();
        let mut answer = said[at].clone();
        answer["id"] = asked.body["id"].clone();
        answer["jsonrpc"] = "2.0".into();
        // What was said before it without being asked is said again.
        let aside = said[..at].iter().rev().take_while(|message| message.get("method").is_some());
        aside.cloned().chain([answer]).collect()
    })
    .await;
    let report = probe(&target(&double.url("/sse")), &ask()).await;
    succeeded(&report);
    assert_eq!(report.protocol.unwrap().transport, Transport::Sse);
    assert_eq!(report.server.unwrap().name, "mcp-servers/everything");
}
