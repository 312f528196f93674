//! `mcpmon probe` against the MCP servers of the field, over every transport that each has: what it says
//! of them when they work, hang and are gone, and what it leaves behind in them.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(target_os = "linux")]

mod lab;
mod memory;
mod verdicts;

use lab::{Server, demo, everything, mcp_proxy, probe, python, supergateway};

/// What is expected of one server over one transport.
struct Row {
    name: &'static str,
    line: Vec<String>,
    /// Path of the endpoint; none for standard input and output.
    path: Option<&'static str>,
    /// `--protocol`, and the era and version that come of it.
    protocol: &'static str,
    spoken: (&'static str, &'static str, &'static str),
    server: &'static str,
    /// Tools that are among its tools, and how many it has.
    tools: (&'static [&'static str], usize),
}

/// Tools of our own server.
const OURS: (&[&str], usize) = (&["add", "echo", "fail"], 3);
/// Tools of the reference server.
const REFERENCE: (&[&str], usize) = (&["echo", "get-sum"], 13);
const HTTP: &str = "streamable_http";
const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let row = |name, line, path, protocol, spoken, server, tools| Row { name, line, path, protocol, spoken, server, tools };
    let reference = "mcp-servers/everything";
    vec![
        row("everything", everything("streamableHttp"), Some("/mcp"), "auto", ("legacy", LEGACY, HTTP), reference, REFERENCE),
        row("everything, sse", everything("sse"), Some("/sse"), "auto", ("legacy", LEGACY, "sse"), reference, REFERENCE),
        row("everything, stdio", everything("stdio"), None, "auto", ("legacy", LEGACY, "stdio"), reference, REFERENCE),
        row("supergateway", supergateway("streamableHttp"), Some("/mcp"), "auto", ("legacy", LEGACY, HTTP), reference, REFERENCE),
        row("supergateway, sse", supergateway("sse"), Some("/sse"), "auto", ("legacy", LEGACY, "sse"), reference, REFERENCE),
        row("mcp 2", python("mcp-2", "mcp http PORT"), Some("/mcp"), "auto", ("modern", MODERN, HTTP), "lab-mcp", OURS),
        row("mcp 2, legacy", python("mcp-2", "mcp http PORT"), Some("/mcp"), "legacy", ("legacy", LEGACY, HTTP), "lab-mcp", OURS),
        row("mcp 2, JSON without sessions", python("mcp-2", "mcp http PORT json stateless"), Some("/mcp"), "auto", ("modern", MODERN, HTTP), "lab-mcp", OURS),
        row("mcp 2, JSON without sessions, legacy", python("mcp-2", "mcp http PORT json stateless"), Some("/mcp"), "legacy", ("legacy", LEGACY, HTTP), "lab-mcp", OURS),
        row("mcp 2, sse", python("mcp-2", "mcp sse PORT"), Some("/sse"), "auto", ("legacy", LEGACY, "sse"), "lab-mcp", OURS),
        row("mcp 2, stdio", python("mcp-2", "mcp stdio"), None, "auto", ("modern", MODERN, "stdio"), "lab-mcp", OURS),
        row("mcp 2, stdio, legacy", python("mcp-2", "mcp stdio"), None, "legacy", ("legacy", LEGACY, "stdio"), "lab-mcp", OURS),
        row("mcp 1", python("mcp-1", "mcp http PORT"), Some("/mcp"), "auto", ("legacy", LEGACY, HTTP), "lab-mcp", OURS),
        row("mcp 1, JSON without sessions", python("mcp-1", "mcp http PORT json stateless"), Some("/mcp"), "auto", ("legacy", LEGACY, HTTP), "lab-mcp", OURS),
        row("mcp 1, sse", python("mcp-1", "mcp sse PORT"), Some("/sse"), "auto", ("legacy", LEGACY, "sse"), "lab-mcp", OURS),
        row("mcp 1, stdio", python("mcp-1", "mcp stdio"), None, "auto", ("legacy", LEGACY, "stdio"), "lab-mcp", OURS),
        row("fastmcp", python("mcp-2", "fastmcp http PORT"), Some("/mcp"), "auto", ("modern", MODERN, HTTP), "lab-fastmcp", OURS),
        row("fastmcp, legacy", python("mcp-2", "fastmcp http PORT"), Some("/mcp"), "legacy", ("legacy", LEGACY, HTTP), "lab-fastmcp", OURS),
        row("fastmcp, sse", python("mcp-2", "fastmcp sse PORT"), Some("/sse"), "auto", ("legacy", LEGACY, "sse"), "lab-fastmcp", OURS),
        row("fastmcp, stdio", python("mcp-2", "fastmcp stdio"), None, "auto", ("modern", MODERN, "stdio"), "lab-fastmcp", OURS),
        row("mcp-proxy", mcp_proxy(), Some("/mcp"), "auto", ("legacy", LEGACY, HTTP), "lab-mcp", OURS),
        row("mcp-proxy, sse", mcp_proxy(), Some("/sse"), "sse", ("legacy", LEGACY, "sse"), "lab-mcp", OURS),
        row("demo service", demo(), Some("/mcp"), "auto", ("modern", MODERN, HTTP), "demo", (&["search_documents", "translate"], 4)),
        row("demo service, legacy", demo(), Some("/mcp"), "legacy", ("legacy", LEGACY, HTTP), "demo", (&["search_documents", "translate"], 4)),
    ]
}

/// Every row is looked at before any is complained about.
fn all(check: impl Fn(&Row) -> Result<(), String>) {
    let failed: Vec<String> = table()
        .iter()
        .filter_map(|row| check(row).err().map(|problem| format!("{}: {problem}", row.name)))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[allow(clippy::needless_pass_by_value)]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?} instead of {expected:?}"))
    }
}

#[test]
fn each_server_is_told_for_what_it_is_over_every_transport() {
    all(|row| {
        let server = row.path.map(|path| (Server::start(&row.line), path));
        let mut arguments = vec!["--output=json", "--timeout=30s", "--protocol", row.protocol];
        let url = server.as_ref().map(|(server, path)| server.url(path));
        if let Some(url) = &url {
            arguments.push(url);
        } else {
            arguments.push("--");
            arguments.extend(row.line.iter().map(String::as_str));
        }
        let answer = probe(&arguments);
        let report = answer.json();
        let said = || format!("{report:#}");
        same("exit code", answer.code, 0).map_err(|problem| format!("{problem}: {}", said()))?;
        same("success", report["success"].as_bool(), Some(true))?;
        let protocol = &report["protocol"];
        let spoken =
            ["era", "version", "transport"].map(|key| protocol[key].as_str().unwrap_or_default());
        same("protocol", spoken, [row.spoken.0, row.spoken.1, row.spoken.2])?;
        same("server", report["server"]["name"].as_str(), Some(row.server))?;
        let tools: Vec<&str> = report["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["name"].as_str().unwrap())
            .collect();
        same("number of tools", tools.len(), row.tools.1)?;
        let missing: Vec<_> = row.tools.0.iter().filter(|tool| !tools.contains(tool)).collect();
        same("missing tools", missing.len(), 0)?;
        same(
            "capability",
            report["capabilities"].as_array().unwrap().contains(&"tools".into()),
            true,
        )?;
        let failed: Vec<_> = report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|s| s["name"] == "close" && s["success"] != true)
            .collect();
        same("close", failed.len(), 0).map_err(|problem| format!("{problem}: {}", said()))
    });
}

/// One line of each server over HTTP, with the path of its endpoint.
fn listening() -> Vec<Row> {
    let mut rows: Vec<Row> = table().into_iter().filter(|row| row.path.is_some()).collect();
    rows.dedup_by_key(|row| row.line.clone());
    rows
}

#[test]
fn a_server_that_hangs_or_is_gone_is_told_within_the_deadline() {
    for row in listening() {
        let server = Server::start(&row.line);
        let url = server.url(row.path.unwrap());
        server.signal("STOP");
        let answer = probe(&[&url, "--output=json", "--timeout=1s"]);
        assert_eq!(answer.code, 1, "{}: {}", row.name, answer.out);
        assert_eq!(answer.json()["failure"]["reason"], "timeout", "{}: {}", row.name, answer.out);
        let took = answer.took.as_secs_f64();
        // The last tenth of the deadline is for ending what was begun.
        assert!((0.8..2.0).contains(&took), "{}: {took} s", row.name);
        server.signal("CONT");
        drop(server);
        let answer = probe(&[&url, "--output=json", "--timeout=5s"]);
        assert_eq!(answer.code, 1, "{}: {}", row.name, answer.out);
        assert_eq!(answer.json()["failure"]["reason"], "connect", "{}: {}", row.name, answer.out);
        assert!(answer.took.as_secs_f64() < 2.0, "{}: {:?}", row.name, answer.took);
    }
}
