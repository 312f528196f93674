//! The agent among the real programs: every service is asked in its own protocol, and what it finds is told.

use std::fmt::Write as _;

use serde_json::Value;

use crate::harness::{TestStack, docker, eventually};

/// Values of a metric, by service.
fn by_service(stack: &TestStack, metric: &str) -> Vec<(String, String)> {
    let mut all: Vec<_> = stack
        .query(metric)
        .iter()
        .map(|series| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&series["metric"]["service"]), text(&series["value"][1]))
        })
        .collect();
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// When Prometheus read its configuration last.
fn last_reload(stack: &TestStack) -> String {
    let text = stack.text(stack.ports.prometheus, "/metrics");
    let name = "prometheus_config_last_reload_success_timestamp_seconds ";
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
}

#[test]
fn every_service_is_asked_and_a_new_one_without_a_reload_of_prometheus() {
    let stack = TestStack::new("agent");
    stack.manifest("defaults: {probe: {interval: 5s, timeout: 3s}}\n");
    stack.mcpmon(&["up", "--quiet"]).expect(0);
    let all = pairs(&[("search", "1"), ("translate", "1"), ("weather", "1")]);
    eventually("every server answers", 60, || by_service(&stack, "mcp_probe_success") == all);
    let found = stack.query("mcp_probe_success{service=\"search\"}");
    let labels = &found[0]["metric"];
    assert_eq!(labels["job"], "mcp");
    assert_eq!(labels["group"], "demo");
    assert_eq!(labels["instance"], "http://search:8080/mcp");
    let modern =
        stack.query("mcp_probe_protocol_info{era=\"modern\",transport=\"streamable_http\"}");
    assert_eq!(modern.len(), 3, "{modern:?}");
    assert!(by_service(&stack, "mcp_probe_tools > 0").len() == 3);

    // From within the stack's network, with what each says of itself.
    let asked = stack.mcpmon(&["health-check", "--only=mcp"]).expect(0);
    let asked = asked.says("every MCP server answers a handshake: 3 of 3: ").says("2026-07-28");
    drop(asked);

    let before = last_reload(&stack);
    let with = |services: usize| {
        let mut manifest = "defaults: {probe: {interval: 5s, timeout: 3s}}\nservices:\n".to_owned();
        for n in 1..=services {
            let url = format!("http://search:8080/mcp?again={n}");
            let _ =
                writeln!(manifest, "  again-{n}: {{mcp: {{url: \"{url}\", depth: handshake}}}}");
        }
        manifest
    };
    // Prometheus reads the list of targets at the moment when it changes: often enough to meet one half written.
    for services in 1..=10 {
        stack.manifest(&with(services));
        stack.mcpmon(&["reload"]).expect(0).says("without a reload");
    }
    assert_eq!(last_reload(&stack), before, "a target needs no reload");
    eventually("the new ones answer", 30, || {
        by_service(&stack, "mcp_probe_success{service=~\"again-.*\"} == 1").len() == 10
    });
    let metrics = stack.text(stack.ports.prometheus, "/metrics");
    assert!(metrics.contains("\nprometheus_sd_file_read_errors_total 0\n"), "a list was not whole");

    docker(&["kill", &stack.container("weather")]);
    eventually("a dead server is seen", 30, || {
        by_service(&stack, "mcp_probe_success == 0") == pairs(&[("weather", "0")])
    });
    assert_eq!(stack.query("mcp_probe_failure{service=\"weather\"}").len(), 1);
    // The agent is well: it is the server that is not.
    assert!(stack.query("up{job=\"mcp\"} == 0").is_empty());
    stack
        .mcpmon(&["health-check", "--only=mcp"])
        .expect(1)
        .says("12 of 13 servers answer")
        .says("weather (http://weather:8080/mcp): ");
}

/// A double of a server on standard input and output: says as whom it runs, and what it can reach.
const PROGRAM: &str = r#"#!/bin/sh
if [ -r /var/run/docker.sock ] || [ -w /var/run/docker.sock ]; then socket=open; else socket=closed; fi
while read -r line; do
  id=$(echo "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/p')
  case $line in
    *'"notifications/'*) ;;
    *'"initialize"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"uid-$(id -u)-socket-$socket-key-${#API_KEY}\",\"version\":\"1\"}}}" ;;
    *'"ping"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}" ;;
    *'"tools/list"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"tools\":[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}}]}}" ;;
    *) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{\"code\":-32601,\"message\":\"no such method\"}}" ;;
  esac
done
"#;

/// An image with mcpmon and the program; the programs of the lab's Prometheus are at hand in it.
fn image_with_program(stack: &TestStack) -> String {
    use std::os::unix::fs::PermissionsExt as _;

    let script = stack.path("server.sh");
    std::fs::write(&script, PROGRAM).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let container = docker(&["create", "prom/prometheus:v3.13.5"]).trim().to_owned();
    docker(&["cp", script.to_str().unwrap(), &format!("{container}:/server.sh")]);
    docker(&["cp", env!("CARGO_BIN_EXE_mcpmon"), &format!("{container}:/mcpmon")]);
    let image = format!("{}-programs", stack.name);
    docker(&["commit", &container, &format!("{image}:1")]);
    docker(&["rm", "-v", &container]);
    image
}

#[test]
fn a_program_runs_in_the_agents_container_as_nobody() {
    let stack = TestStack::new("programs");
    let image = image_with_program(&stack);
    std::fs::write(stack.path("secrets/key"), "a-key-of-22-characters").unwrap();
    stack.manifest(&format!(
        "defaults: {{probe: {{interval: 5s, timeout: 3s}}}}
components: {{agent: {{image: {image}, version: '1'}}}}
services:
  local: {{mcp: {{command: [/server.sh], env: {{API_KEY: {{file: secrets/key}}}}}}}}
"
    ));
    stack.mcpmon(&["up", "--quiet"]).expect(0);
    eventually("the program answers", 60, || {
        by_service(&stack, "mcp_probe_success{service=\"local\"}") == pairs(&[("local", "1")])
    });
    let server = stack.query("mcp_probe_server_info{service=\"local\"}");
    assert_eq!(server[0]["metric"]["name"], "uid-65534-socket-closed-key-22", "{server:?}");
    let spoken = stack.query("mcp_probe_protocol_info{service=\"local\",transport=\"stdio\"}");
    assert_eq!(spoken.len(), 1, "{spoken:?}");
    // Each is ended after its probe.
    let left = docker(&["top", &stack.container("agent"), "-eo", "pid,args"]);
    assert!(left.matches("/server.sh").count() <= 1, "{left}");
    drop(stack);
    docker(&["rmi", &format!("{image}:1")]);
}
