//! Log lines and figures of containers end to end, through the agent.

use crate::harness::{TestStack, docker, encode, eventually};

#[test]
fn a_line_of_a_service_is_found_in_loki_by_its_labels() {
    let stack = TestStack::new("logs");
    let port = crate::harness::free();
    stack.manifest(&format!("services: {{weather: {{run: {{ports: [\"{port}:8080\"]}}}}}}\n"));
    stack.mcpmon(&["up"]).expect(0);
    let mark = format!("unique-{}", std::process::id());
    let written = std::process::Command::new("curl")
        .args([
            "-sSf",
            "-X",
            "POST",
            "--data",
            &mark,
            &format!("http://127.0.0.1:{port}/control/log"),
        ])
        .status()
        .unwrap();
    assert!(written.success());
    let query = encode(&format!(
        "{{stack=\"{}\",service=\"weather\",group=\"demo\",level=\"info\"}} |= \"{mark}\"",
        stack.name
    ));
    eventually("the line is in Loki", 30, || {
        let answer =
            stack.get(stack.ports.loki, &format!("/loki/api/v1/query_range?query={query}"));
        answer["data"]["result"].as_array().is_some_and(|streams| streams.len() == 1)
    });
    // The engine has it too.
    assert!(stack.mcpmon(&["logs", "weather", "-n", "200"]).expect(0).stdout.contains(&mark));
}

#[test]
fn containers_are_read_through_the_agent_alone() {
    let stack = TestStack::new("gate");
    stack.manifest("alerts: {packs: [services, containers, stack]}\n");
    stack.mcpmon(&["up"]).expect(0);
    // The engine's address is known to the collector, and to nobody beside it and the agent.
    let network = docker(&["network", "inspect", &format!("{}-engine", stack.name)]);
    let network: serde_json::Value = serde_json::from_str(&network).unwrap();
    assert_eq!(network[0]["Internal"], true);
    let mut inside: Vec<&str> = network[0]["Containers"]
        .as_object()
        .unwrap()
        .values()
        .map(|container| container["Name"].as_str().unwrap())
        .collect();
    inside.sort_unstable();
    assert_eq!(inside, [stack.container("agent"), stack.container("promtail")]);
    // Figures of every container of the stack, with the rules that read them.
    let containers = stack.containers("{{.Name}}").len();
    eventually("figures of every container", 60, || {
        let seen = stack.query("count(container_memory_working_set_bytes{job=\"cadvisor\"} > 0)");
        seen.first().is_some_and(|count| count["value"][1] == containers.to_string().as_str())
    });
    eventually("processor time of a service", 60, || {
        let name = stack.container("weather");
        let used = stack.query(&format!(
            "rate(container_cpu_usage_seconds_total{{job=\"cadvisor\",name=\"{name}\",cpu=\"total\"}}[1m]) > 0"
        ));
        used.len() == 1
    });
    let rules = stack.get(stack.ports.prometheus, "/api/v1/rules").to_string();
    assert!(rules.contains("ContainerOomKilled"), "the pack is there without cAdvisor");
    // The collector asked, and nothing that it asked was refused.
    let asked = || -> Vec<String> {
        let asked = stack.query("mcpmon_agent_engine_requests_total");
        asked.iter().map(|series| series["metric"].to_string()).collect()
    };
    eventually("the collector's questions are counted", 60, || {
        asked().iter().any(|s| s.contains("\"logs\"") && s.contains("\"served\""))
    });
    let asked = asked();
    assert!(!asked.iter().any(|s| s.contains("\"refused\"")), "{asked:?}");
}
