//! One log line end to end.

use crate::harness::{TestStack, encode, eventually};

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
