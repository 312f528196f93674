//! Up, up again, down, up, destroy.

use crate::harness::{TestStack, docker, eventually};
use crate::recorder;

#[test]
fn the_quickstart_comes_up_and_a_second_up_changes_nothing() {
    let stack = TestStack::new("up");
    stack.mcpmon(&["up"]).expect(0).says("ready and proven");

    // Nothing differs: not one request that could change anything.
    let before = stack.containers("{{.Id}} {{.State.StartedAt}}");
    let (socket, requests) = recorder::record(stack.dir.path());
    let host = format!("unix://{}", socket.display());
    let again = stack.command(&["up"]).env("DOCKER_HOST", host).output().unwrap();
    crate::harness::ended(&again).expect(0).says("nothing to change");
    let requests = requests.lock().unwrap().clone();
    assert!(requests.len() > 10, "the recorder saw too little: {requests:?}");
    let changing: Vec<&String> =
        requests.iter().filter(|r| !r.starts_with("GET ") && !r.starts_with("HEAD ")).collect();
    assert!(changing.is_empty(), "{changing:?}");
    assert_eq!(before, stack.containers("{{.Id}} {{.State.StartedAt}}"));

    // Two stacks that come up at the same moment on a new engine both pack mcpmon: the name moves on to an image that differs in nothing
    // but when it was made.
    let images = stack.containers("{{.Config.Image}}");
    let own = images.iter().find(|image| image.starts_with("mcpmon/self:")).unwrap();
    let other = docker(&["create", own]);
    docker(&["commit", other.trim(), own]);
    docker(&["rm", other.trim()]);
    stack.mcpmon(&["up"]).expect(0).says("nothing to change");
    stack.mcpmon(&["health-check", "--only=drift"]).expect(0);

    // Everything published listens on loopback only.
    for line in stack.containers("{{.Name}} {{json .NetworkSettings.Ports}}") {
        assert!(!line.contains("0.0.0.0") && !line.contains("\"::\""), "{line}");
    }
    hardened(&stack);

    // What only containers know by name is asked where this host reaches it.
    let probe = stack.mcpmon(&["probe", "weather", "--expect-tool=translate"]).expect(0);
    probe.says("weather: http://weather:8080/mcp, asked at ");

    // Data stays through down and up.
    eventually("a first sample", 30, || !stack.query("up{service=\"weather\"}").is_empty());
    let sample =
        || stack.query("min_over_time(process_start_time_seconds{component=\"prometheus\"}[1h])");
    eventually("a first sample of Prometheus itself", 30, || !sample().is_empty());
    let first = sample()[0]["value"][1].clone();
    stack.mcpmon(&["down"]).expect(0).says("all data kept");
    assert!(stack.containers("{{.Name}}").is_empty());
    assert!(
        docker(&["network", "ls", "-q", "--filter", &format!("name=^{}$", stack.name)])
            .trim()
            .is_empty()
    );
    stack.mcpmon(&["up"]).expect(0);
    eventually("samples from before `down`", 30, || {
        sample().iter().any(|s| s["value"][1] == first)
    });

    // Somebody else's container keeps the network; all else goes, and what to do is told.
    let guest = format!("{}-guest", stack.name);
    let create = ["run", "-d", "--name", &guest, "--network", &stack.name];
    docker(&[&create[..], &["prom/node-exporter:v1.12.1"]].concat());
    let kept = stack.mcpmon(&["destroy", "--yes"]).expect(1);
    kept.says(&format!("docker network disconnect {} {guest}", stack.name));
    docker(&["rm", "-f", &guest]);
    stack.mcpmon(&["destroy", "--yes"]).expect(0);
    let label = format!("label=dev.mcpmon.stack={}", stack.name);
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &label]).trim(), "");
    let volumes = docker(&[
        "volume",
        "ls",
        "-q",
        "--filter",
        &format!("label=dev.mcpmon.stack={}", stack.name),
    ]);
    assert_eq!(volumes.trim(), "", "volumes stay behind");
}

/// Every container has the rights that the design grants and no more.
fn hardened(stack: &TestStack) {
    let format = "{{.Name}}|{{.Config.User}}|{{.HostConfig.ReadonlyRootfs}}|{{json .HostConfig.CapDrop}}|{{json .HostConfig.CapAdd}}|{{json .HostConfig.SecurityOpt}}|{{.HostConfig.Privileged}}|{{.HostConfig.Memory}}|{{.HostConfig.PidsLimit}}|{{json .HostConfig.LogConfig.Config}}|{{.HostConfig.RestartPolicy.Name}}|{{.HostConfig.PidMode}}|{{.HostConfig.NetworkMode}}";
    let lines = stack.containers(format);
    assert_eq!(lines.len(), 10, "{lines:?}");
    for line in lines {
        let f: Vec<&str> = line.split('|').collect();
        let root = f[1] == "0:0" || f[1].is_empty() || f[1] == "root";
        assert!(
            !root || ["-promtail", "-agent"].iter().any(|name| f[0].ends_with(name)),
            "runs as root: {line}"
        );
        assert_eq!(f[2], "true", "root file system can be written to: {line}");
        assert_eq!(f[3], "[\"ALL\"]", "keeps capabilities: {line}");
        assert!(matches!(f[4], "null" | "[]"), "adds capabilities: {line}");
        assert!(f[5].contains("no-new-privileges:true"), "{line}");
        assert_eq!(f[6], "false", "{line}");
        assert!(f[7].parse::<u64>().unwrap() > 0, "no memory limit: {line}");
        assert!(f[8].parse::<i64>().unwrap() > 0, "no process limit: {line}");
        assert!(
            f[9].contains("max-size") && f[9].contains("max-file"),
            "logs grow for ever: {line}"
        );
        assert_eq!(f[10], "unless-stopped", "{line}");
        assert_eq!(f[11], "", "{line}");
        assert_eq!(f[12], stack.name, "{line}");
    }
    // Whoever mounts the Docker socket is named in the documentation.
    let binds = stack.containers(
        "{{.Name}} {{range .Mounts}}{{if eq .Type \"bind\"}}{{.Source}}:{{.RW}} {{end}}{{end}}",
    );
    for line in binds {
        let (name, mounts) = line.split_once(' ').unwrap();
        let wanted = match name.rsplit('-').next().unwrap() {
            "agent" => "/var/run/docker.sock:false",
            "exporter" => "/:false",
            _ => "",
        };
        assert_eq!(mounts.trim(), wanted, "{line}");
    }
}

#[test]
fn taken_ports_and_missing_images_are_named_all_at_once_before_anything_is_made() {
    let stack = TestStack::new("pre");
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    stack.manifest(&format!("components: {{alertmanager: {{port: {port}}}}}\n"));
    stack
        .mcpmon(&["up"])
        .expect(1)
        .says(&format!("{port} for alertmanager: a program on this host has it"))
        .says("nothing was created");
    assert!(stack.containers("{{.Name}}").is_empty());

    stack.manifest("components: {loki: {version: none-1}, prometheus: {version: none-2}}\n");
    let ended = stack
        .mcpmon(&["up", "--pull", "never"])
        .expect(1)
        .says("2 images cannot be had; nothing was created");
    assert!(
        ended.stderr.contains("grafana/loki:none-1")
            && ended.stderr.contains("prom/prometheus:none-2"),
        "{}",
        ended.stderr
    );
    assert!(stack.containers("{{.Name}}").is_empty());
}

#[test]
fn an_engine_that_is_not_there_ends_with_3() {
    let stack = TestStack::new("none");
    let ended =
        stack.command(&["up"]).env("DOCKER_HOST", "unix:///nowhere/docker.sock").output().unwrap();
    crate::harness::ended(&ended).expect(3).says("/nowhere/docker.sock");
}
