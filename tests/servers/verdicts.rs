//! What is said of a server that answers, but not as asked.

use std::time::Duration;

use super::lab::{Answer, Server, everything, probe, python, running};

fn reason(answer: &Answer) -> String {
    answer.json()["failure"]["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_server_that_asks_for_a_token_says_where_to_get_one() {
    let server = Server::start(&python("mcp-2", "mcp http PORT auth"));
    let url = server.url("/mcp");
    let metadata = server.url("/.well-known/oauth-protected-resource/mcp");
    for protocol in ["auto", "modern", "legacy"] {
        for credentials in [None, Some("--bearer=env:WRONG"), Some("--basic=ada:env:RIGHT")] {
            let mut arguments = vec![url.as_str(), "--output=json", "--protocol", protocol];
            arguments.extend(credentials);
            let answer = probe(&arguments);
            assert_eq!(
                (answer.code, reason(&answer).as_str()),
                (1, "auth_required"),
                "{}",
                answer.out
            );
            let report = answer.json();
            assert_eq!(report["challenge"]["resource_metadata"], metadata, "{report:#}");
            let header = report["challenge"]["header"].as_str().unwrap();
            assert!(header.starts_with("Bearer error=\"invalid_token\""), "{header}");
            for secret in ["right-token", "another-token"] {
                assert!(!answer.out.contains(secret) && !answer.err.contains(secret));
            }
        }
        let answer = probe(&[&url, "--output=json", "--protocol", protocol, "--bearer=env:RIGHT"]);
        assert_eq!(answer.code, 0, "{}", answer.out);
        assert!(!answer.out.contains("right-token"));
    }
    let said = probe(&[&url]).err;
    for text in ["✘ auth_required: ", &metadata, "→ `--bearer env:NAME` or"] {
        assert!(said.contains(text), "{text:?} is not in:\n{said}");
    }
}

#[test]
fn a_server_that_refuses_a_host_is_asked_with_another_header() {
    for environment in ["mcp-1", "mcp-2"] {
        let server = Server::start(&python(environment, "mcp http PORT"));
        let url = server.url("/mcp");
        for protocol in ["auto", "legacy"] {
            let arguments =
                ["--output=json", "--protocol", protocol, "--host-header", "search:8000"];
            let answer = probe(&[&[url.as_str()], &arguments[..]].concat());
            assert_eq!(
                (answer.code, reason(&answer).as_str()),
                (1, "host_rejected"),
                "{}",
                answer.out
            );
            let step = answer.json()["steps"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(step["http_status"], 421, "{}", answer.out);
        }
        // The same over a name that the server does not know, mended as it is advised.
        let own = format!("127.0.0.1:{}", server.port);
        let answer = probe(&[&url, "--output=json", "--host-header", &own]);
        assert_eq!(answer.code, 0, "{}", answer.out);
        let said = probe(&[&url, "--host-header=search:8000"]).err;
        assert!(said.contains(&format!("`--host-header {own}`")), "{said}");
    }
}

#[test]
fn a_tool_that_is_taken_away_while_it_runs_is_missed() {
    for line in [
        python("mcp-2", "mcp http PORT"),
        python("mcp-2", "fastmcp http PORT"),
        python("mcp-1", "mcp http PORT"),
    ] {
        let server = Server::start(&line);
        let url = server.url("/mcp");
        let arguments = [url.as_str(), "--output=json", "--expect-tool=add", "--expect-tool=echo"];
        let (first, second) = (probe(&arguments), probe(&arguments));
        assert_eq!((first.code, second.code), (0, 0), "{}", first.out);
        let fingerprint = first.json()["tools_fingerprint"].as_u64().unwrap();
        assert_eq!(
            second.json()["tools_fingerprint"],
            fingerprint,
            "the same tools, the same mark"
        );
        assert!(fingerprint > 0 && fingerprint < 1 << 52);
        server.signal("USR1");
        std::thread::sleep(std::time::Duration::from_millis(300));
        let answer = probe(&arguments);
        assert_eq!((answer.code, reason(&answer).as_str()), (1, "tools_missing"), "{}", answer.out);
        let report = answer.json();
        assert_eq!(report["tools_missing"], serde_json::json!(["add"]));
        assert_ne!(report["tools_fingerprint"], fingerprint);
        // Who expects nothing is told of a server that works.
        assert_eq!(probe(&[&url]).code, 0);
    }
}

#[test]
fn a_tool_is_called_only_when_it_is_named() {
    let server = Server::start(&python("mcp-2", "mcp http PORT"));
    let url = server.url("/mcp");
    for protocol in ["modern", "legacy"] {
        let arguments = ["--protocol", protocol, "--call=add", r#"--args={"a": 20, "b": 22}"#];
        let answer = probe(&[&[url.as_str()], &arguments[..]].concat());
        assert_eq!(answer.code, 0, "{}", answer.err);
        assert!(answer.err.contains("✔ tools_call "), "{}", answer.err);
        assert_eq!(answer.json()["content"][0]["text"], "42", "{}", answer.out);
        let answer = probe(&[
            &url,
            "--protocol",
            protocol,
            "--call=fail",
            r#"--args={"reason": "as asked"}"#,
        ]);
        assert_eq!(answer.code, 1, "{}", answer.out);
        assert!(answer.err.contains("✘ tool_error: "), "{}", answer.err);
        assert_eq!(answer.json()["isError"], true, "{}", answer.out);
        let answer = probe(&[&url, "--protocol", protocol, "--call=nothing", "--output=json"]);
        assert_eq!(answer.code, 1, "{}", answer.out);
        let report = answer.json();
        assert!(
            ["tool_error", "jsonrpc_error"]
                .contains(&report["failure"]["reason"].as_str().unwrap()),
            "{report:#}"
        );
    }
    let report = probe(&[&url, "--output=json"]).json();
    assert_eq!(report["called"], serde_json::Value::Null);
    assert!(report["steps"].as_array().unwrap().iter().all(|step| step["name"] != "tools_call"));
}

#[test]
fn a_program_that_does_not_answer_is_ended() {
    let mark = format!("mcpmon-probe-{}", std::process::id());
    let cases: [(&[&str], &str); 5] = [
        (&["no-such-program"], "spawn_failed"),
        (&["sh", "-c", "exit 3"], "process_exited"),
        (&["sh", "-c", "echo Listening on port 8000; sleep 60"], "stdout_noise"),
        (&["sh", "-c", "sleep 60"], "timeout"),
        (&["sh", "-c", "kill -STOP $$; sleep 60"], "timeout"),
    ];
    for (command, expected) in cases {
        let mut arguments = vec!["--output=json", "--timeout=1s", "--"];
        arguments.extend(command);
        // Its own name among the arguments finds it again.
        arguments.push(&mark);
        let answer = probe(&arguments);
        assert_eq!((answer.code, reason(&answer).as_str()), (1, expected), "{}", answer.out);
        assert!(answer.took.as_secs_f64() < 4.0, "{command:?}: {:?}", answer.took);
        assert_eq!(left(&mark), Vec::<String>::new(), "{command:?} still runs");
    }
}

/// What still runs. The kernel may take a moment to end what was killed.
fn left(mark: &str) -> Vec<String> {
    for _ in 0..50 {
        if running(mark).is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    running(mark)
}

#[test]
fn a_program_sees_only_what_is_handed_on() {
    // `printenv` of the reference server is one of its tools.
    let line = everything("stdio");
    let mut arguments = vec!["--call=get-env", "--env=RIGHT", "--"];
    arguments.extend(line.iter().map(String::as_str));
    let answer = probe(&arguments);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let said = answer.json()["content"][0]["text"].as_str().unwrap().to_owned();
    let seen: serde_json::Value = serde_json::from_str(&said).unwrap();
    let names: Vec<&str> = seen.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(names.contains(&"RIGHT") && names.contains(&"PATH"), "{names:?}");
    assert!(!names.contains(&"WRONG"), "{names:?}");
}
