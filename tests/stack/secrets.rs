//! Secrets are in the files that need them and nowhere else.

use crate::harness::{TestStack, docker};

#[test]
#[allow(clippy::too_many_lines)] // One story.
fn planted_secrets_occur_nowhere_but_in_their_file() {
    let planted = [
        ("hook-token", "PLANTED-token-1f7a"),
        ("slack", "http://slack.invalid/PLANTED-hook-9c2e"),
        ("bearer", "PLANTED-bearer-44d1"),
    ];
    let stack = TestStack::new("secret");
    for (name, value) in planted {
        std::fs::write(stack.path(&format!("secrets/{name}")), format!("{value}\n")).unwrap();
    }
    std::fs::write(stack.path("secrets/grafana-admin"), "PLANTED-admin-77b0").unwrap();
    stack.manifest(
        "notifications:\n  receivers:\n    hook: {webhook: {url: \"http://host.docker.internal:9/\", token: {file: secrets/hook-token}}, slack: {webhook_url: {file: secrets/slack}, channel: \"#x\"}}\n  default: hook\nservices:\n  closed: {dialect: mcp, metrics: {url: \"http://search:8080/metrics?closed=1\", auth: {bearer: {env: PLANTED_ENV}}}}\n",
    );
    let run = |args: &[&str]| {
        let output =
            stack.command(args).env("PLANTED_ENV", "PLANTED-bearer-44d1").output().unwrap();
        crate::harness::ended(&output)
    };
    let up = run(&["up"]).expect(0);
    let mut seen = vec![("output of up", up.stdout + &up.stderr)];
    for args in [
        vec!["render", "--out", "rendered"],
        vec!["config"],
        vec!["config", "--origins"],
        vec!["validate"],
        vec!["reload"],
        vec!["status", "--output", "json"],
        vec!["logs", "-n", "1000"],
        vec!["plan", "--full", "--out", "rendered/plan.json"],
        vec!["history", "--output", "json"],
        vec!["show", "--output", "json"],
        vec!["show", "--manifest"],
        vec!["doctor", "--output", "json"],
    ] {
        let ended = run(&args);
        seen.push(("output of a command", ended.stdout + &ended.stderr));
    }
    // A secret that changes: the plan names its file and nothing of it.
    std::fs::write(stack.path("secrets/hook-token"), "PLANTED-another-5e1b").unwrap();
    let plan = run(&["plan", "--full"]).expect(0);
    assert!(plan.stdout.contains("(a secret: not shown)"), "{}", plan.stdout);
    seen.push(("a plan", plan.stdout + &plan.stderr));
    run(&["reload"]).expect(0);
    seen.push(("a diff", run(&["diff"]).expect(0).stdout));
    for file in walk(&stack.path("rendered")) {
        seen.push((
            "rendered tree",
            String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned(),
        ));
    }
    for line in stack.containers("{{json .}}") {
        seen.push(("docker inspect", line));
    }
    let volumes = docker(&[
        "volume",
        "ls",
        "-q",
        "--filter",
        &format!("label=dev.mcpmon.stack={}", stack.name),
    ]);
    let mut args = vec!["volume", "inspect"];
    args.extend(volumes.split_whitespace());
    seen.push(("volumes", docker(&args)));
    for (part, port) in
        [("prometheus", stack.ports.prometheus), ("alertmanager", stack.ports.alertmanager)]
    {
        let path = if part == "prometheus" { "/api/v1/status/config" } else { "/api/v2/status" };
        seen.push(("loaded configuration", stack.text(port, path)));
    }
    for (place, text) in &seen {
        assert!(!text.contains("PLANTED-"), "a secret is in the {place}:\n{text}");
    }

    // Files in volumes: the secret's own file, and what remembers generations has none.
    for part in ["prometheus", "alertmanager", "grafana", "loki", "promtail"] {
        let tar = std::process::Command::new("docker")
            .args(["cp", &format!("{}:/etc/mcpmon", stack.container(part)), "-"])
            .output()
            .unwrap();
        let mut archive = tar::Archive::new(tar.stdout.as_slice());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mode = entry.header().mode().unwrap();
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut text).unwrap();
            if String::from_utf8_lossy(&text).contains("PLANTED-") {
                assert!(path.contains("/live/secrets/"), "{part}: {path}");
                assert_eq!(mode & 0o077, 0, "{part}: others may read {path}");
            }
        }
    }
    let state = docker(&[
        "create",
        "--label",
        &format!("dev.mcpmon.stack={}", stack.name),
        "-v",
        &format!("{}-mcpmon-state:/state", stack.name),
        "mcpmon/empty:1",
        "none",
    ]);
    let tar = std::process::Command::new("docker")
        .args(["cp", &format!("{}:/state", state.trim()), "-"])
        .output()
        .unwrap();
    docker(&["rm", state.trim()]);
    let text = String::from_utf8_lossy(&tar.stdout);
    assert!(text.contains("schema_version"), "no generation was kept");
    assert!(!text.contains("PLANTED-"), "a generation holds a secret");
}

#[test]
fn secrets_are_checked_set_and_rotated() {
    use std::io::Write as _;
    let stack = TestStack::new("rotate");
    stack.manifest("notifications: {receivers: {hook: {webhook: {url: 'http://host.docker.internal:9/', token: {file: secrets/hook}}}}, default: hook}\n");
    stack.mcpmon(&["secrets", "check"]).expect(1).says("cannot read the secret");
    let set = |name: &str, value: &str| {
        let mut command = stack.command(&["secrets", "set", name]);
        command.stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
        crate::harness::ended(&child.wait_with_output().unwrap())
    };
    set("hook", "changeme\n").expect(2).says("nothing was written");
    set("nothing", "x\n").expect(2).says("the manifest names no file");
    set("hook", "PLANTED-one-7a1b\r\n").expect(0).says("for alertmanager");
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["secrets", "check"]).expect(0).says("fit, as it runs");
    let started = stack.containers("{{.Id}} {{.State.StartedAt}}");
    set("secrets/hook", "PLANTED-two-7a1b").expect(0);
    stack.mcpmon(&["secrets", "check"]).expect(0).says("run with another one");
    stack.mcpmon(&["reload"]).expect(0).says("update alertmanager");

    // Grafana: the new one works, the old one does not, and nothing began anew.
    let old = std::fs::read_to_string(stack.path("secrets/grafana-admin")).unwrap();
    let rotated = stack.mcpmon(&["secrets", "rotate", "grafana-admin"]).expect(0).says("proven");
    let new = std::fs::read_to_string(stack.path("secrets/grafana-admin")).unwrap();
    assert_ne!(old, new);
    assert!(!rotated.stderr.contains(new.trim()), "the password is shown: {}", rotated.stderr);
    let asks = |password: &str| {
        let url = format!("http://127.0.0.1:{}/api/org", stack.ports.grafana);
        let user = format!("admin:{}", password.trim());
        let args = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", &user, &url];
        let output = std::process::Command::new("curl").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!((asks(&old), asks(&new)), ("401".to_owned(), "200".to_owned()));
    assert_eq!(started, stack.containers("{{.Id}} {{.State.StartedAt}}"));
    stack.mcpmon(&["secrets", "rotate", "hook"]).expect(2).says("Grafana alone");
    stack.mcpmon(&["health-check", "--wait"]).expect(0);
    let state = stack.mcpmon(&["show", "--output", "json"]).expect(0).stdout;
    assert!(!state.contains(new.trim()) && !state.contains("PLANTED"), "{state}");
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}
