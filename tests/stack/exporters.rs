//! Real servers with passwords, their exporters, and probes of each kind.

use std::process::Command;

use super::harness::{TestStack, docker, eventually};

const PASSWORD: &str = "Wv9-tq\"{3}:/@xL";

const MANIFEST: &str = "networks: [NETWORK]
components:
  prometheus:
    admin_api: true
    secrets: {aws: {file: aws}}
    env: {AWS_SHARED_CREDENTIALS_FILE: /etc/mcpmon/live/secrets/aws}
    remote_write:
      - {preset: amp, url: \"http://nowhere:1/api/v1/remote_write\", region: us-east-1}
      - {preset: grafana-cloud, url: \"http://nowhere:1/api/prom/push\", username: \"1\", password: {file: redis}}
      - {preset: mimir, url: \"http://nowhere:1/api/v1/push\", tenant: acme}
      - {preset: thanos, url: \"http://nowhere:1/api/v1/receive\"}
  postgres-exporter: {server: \"postgres:5432\", password: {file: password}, sslmode: disable, stat_statements: true}
  postgres-exporter@absent: {server: \"nowhere:5432\", password: {file: password}, sslmode: disable}
  redis-exporter: {server: \"redis:6379\", user: watch, password: {file: redis}}
  mosquitto-exporter: {server: \"mosquitto:1883\", user: watch, password: {file: password}}
  nginx-exporter: {url: \"http://nowhere:8080/stub_status\"}
  cadvisor: {}
probes:
  database: {tcp: \"postgres:5432\", group: data, labels: {tier: one}}
  closed: {tcp: \"postgres:1\"}
  page: {http: {url: \"http://loki:3100/ready\", status: [200], body: ready}}
  other: {http: {url: \"http://loki:3100/ready\", body: \"not this\"}}
  ping: {icmp: redis}
  names: {dns: {server: \"127.0.0.11:53\", name: redis}}
";

/// Servers that are not of the stack, on a network of their own; gone when the test ends.
struct Servers {
    network: String,
    configs: tempfile::TempDir,
}

impl Servers {
    fn new(stack: &TestStack) -> Self {
        let network = format!("{}-servers", stack.name);
        docker(&["network", "create", &network]);
        let servers = Self { network, configs: tempfile::tempdir().unwrap() };
        let dir = servers.configs.path();
        std::fs::write(dir.join("postgres"), PASSWORD).unwrap();
        std::fs::write(
            dir.join("redis.conf"),
            format!("user default off\nuser watch on ~* +@all >{}\n", "plain-9Kd2Lm"),
        )
        .unwrap();
        let passwords = docker(&[
            "run",
            "--rm",
            "--entrypoint",
            "/bin/sh",
            "eclipse-mosquitto:2.1.2",
            "-c",
            "cd /tmp; mosquitto_passwd -b -c p watch \"$0\" >/dev/null; cat p",
            PASSWORD,
        ]);
        std::fs::write(dir.join("mqtt"), passwords).unwrap();
        std::fs::write(
            dir.join("mosquitto.conf"),
            "listener 1883\npassword_file /config/mqtt\nsys_interval 1\n",
        )
        .unwrap();
        servers.run(
            "postgres",
            "postgres:18.6",
            "999:999",
            &["-e", "POSTGRES_PASSWORD_FILE=/config/postgres"],
            &["-c", "shared_preload_libraries=pg_stat_statements"],
        );
        servers.run("redis", "redis:8.0.6", "999:999", &[], &["/config/redis.conf"]);
        servers.run(
            "mosquitto",
            "eclipse-mosquitto:2.1.2",
            "1883:1883",
            &[],
            &["/usr/sbin/mosquitto", "-c", "/config/mosquitto.conf"],
        );
        servers
    }

    fn run(&self, name: &str, image: &str, user: &str, options: &[&str], command: &[&str]) {
        let container = format!("{}-{name}", self.network);
        let config = format!("{}:/config:ro", self.configs.path().display());
        let mut args = vec!["run", "-d", "--name", &container, "--network", &self.network];
        args.extend(["--network-alias", name, "--user", user, "-v", &config]);
        args.extend(options);
        args.push(image);
        args.extend(command);
        docker(&args);
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for name in ["postgres", "redis", "mosquitto"] {
            let container = format!("{}-{name}", self.network);
            let _ = Command::new("docker").args(["rm", "-f", "-v", &container]).output();
        }
        let _ = Command::new("docker").args(["network", "rm", &self.network]).output();
    }
}

#[test]
fn exporters_measure_servers_and_probes_ask_from_outside() {
    let stack = TestStack::new("exporters");
    let servers = Servers::new(&stack);
    // Dropped in this order: a network goes only after the containers that are in it.
    let world = (stack, servers);
    let (stack, servers) = &world;
    // Directories of a test are its own; the servers' users read their files in it.
    docker(&[
        "run",
        "--rm",
        "--entrypoint",
        "/bin/chmod",
        "-v",
        &format!("{}:/config", servers.configs.path().display()),
        "eclipse-mosquitto:2.1.2",
        "-R",
        "a+rX",
        "/config",
    ]);
    std::fs::write(stack.path("password"), PASSWORD).unwrap();
    std::fs::write(
        stack.path("aws"),
        "[default]\naws_access_key_id = AKIA0\naws_secret_access_key = plain-9Kd2Lm\n",
    )
    .unwrap();
    std::fs::write(stack.path("redis"), "plain-9Kd2Lm\n").unwrap();
    stack.manifest(&MANIFEST.replace("NETWORK", &servers.network));
    eventually("PostgreSQL takes connections", 60, || {
        let container = format!("{}-postgres", servers.network);
        let question = ["exec", &container, "pg_isready", "-h", "127.0.0.1"];
        Command::new("docker").args(question).output().unwrap().status.success()
    });
    let container = format!("{}-postgres", servers.network);
    let extension = "create extension pg_stat_statements";
    docker(&["exec", &container, "psql", "-U", "postgres", "-c", extension]);
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["health-check", "--wait", "--timeout", "90s"]).expect(0);

    let one = |query: &str, expected: &str| {
        eventually(&format!("{query} is {expected}"), 60, || {
            let found = stack.query(query);
            found.len() == 1 && found[0]["value"][1] == expected
        });
    };
    let instance = |part: &str, port: u16| format!("instance=\"{}:{port}\"", stack.container(part));
    one(
        &format!("pg_up{{job=\"postgres-exporter\",{}}}", instance("postgres-exporter", 9187)),
        "1",
    );
    one(
        &format!(
            "pg_up{{component=\"postgres-exporter\",{}}}",
            instance("postgres-exporter-absent", 9187)
        ),
        "0",
    );
    one("count(pg_stat_activity_count) > bool 0", "1");
    one("count(pg_stat_statements_calls_total) > bool 0", "1");
    one("redis_up{job=\"redis-exporter\"}", "1");
    one("mqtt2prometheus_connected{job=\"mosquitto-exporter\"}", "1");
    one("broker_clients_connected", "1");
    one("nginx_up{job=\"nginx-exporter\"}", "0");
    let container = format!("{}-redis", servers.network);
    one(
        &format!(
            "count(container_memory_working_set_bytes{{job=\"cadvisor\",name=\"{container}\"}})"
        ),
        "1",
    );

    one(
        "probe_success{job=\"probes\",probe=\"database\",group=\"data\",tier=\"one\",module=\"tcp_connect\"}",
        "1",
    );
    one("probe_success{probe=\"closed\"}", "0");
    one("probe_success{probe=\"page\"}", "1");
    one("probe_success{probe=\"other\"}", "0");
    one("probe_success{probe=\"ping\",module=\"icmp\",instance=\"redis\"}", "1");
    one("probe_success{probe=\"names\"}", "1");
    one("count by (job) (up{job=\"probes\"} == 1)", "6");

    let snapshot =
        format!("http://127.0.0.1:{}/api/v1/admin/tsdb/snapshot", stack.ports.prometheus);
    let made = Command::new("curl").args(["-sS", "-X", "POST", &snapshot]).output().unwrap();
    assert!(String::from_utf8_lossy(&made.stdout).contains("\"success\""), "{made:?}");

    // The second one of its kind has a name and a log of its own.
    let status = stack.mcpmon(&["status"]).expect(0);
    let status = status.stdout + &status.stderr;
    assert!(status.contains("postgres-exporter-absent"), "{status}");
    let logs = stack.mcpmon(&["logs", "postgres-exporter-absent"]).expect(0);
    let logs = logs.stdout + &logs.stderr;
    assert!(logs.contains("nowhere"), "{logs}");

    // Nothing that the engine shows holds a password, nor does the rendered tree.
    let shown = stack.containers("{{json .}}").join("\n");
    stack.mcpmon(&["render", "--out", "out"]).expect(0);
    let tree = Command::new("grep").args(["-r", "."]).arg(stack.path("out")).output().unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    for secret in ["Wv9-tq", "plain-9Kd2Lm"] {
        assert!(!shown.contains(secret) && !tree.contains(secret), "{secret} is shown");
    }
}
