//! Real databases and a broker beside a stack, on a network of their own; gone when the test ends.

use std::process::Command;

use crate::harness::{TestStack, docker, eventually};

/// `PostgreSQL`, Redis and Mosquitto.
pub struct Servers {
    /// The network in which they are reached as `postgres`, `redis` and `mosquitto`.
    pub network: String,
}

impl Servers {
    /// Starts them; the exporters' passwords are those of the stack's secrets.
    pub fn start(stack: &TestStack, database: &str) -> Self {
        let servers = Self { network: format!("{}-servers", stack.name) };
        docker(&["network", "create", &servers.network]);
        let read = |name: &str| {
            let path = stack.path("secrets").join(name);
            std::fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        servers.run(
            "postgres",
            "postgres:18.6",
            &[
                "-e",
                "POSTGRES_HOST_AUTH_METHOD=scram-sha-256",
                "-e",
                "POSTGRES_PASSWORD=made-up-77",
            ],
            &[],
        );
        let password = read("redis-password");
        // As in the official image: without a password it would take connections from itself alone.
        let mut command = vec!["redis-server", "--protected-mode", "no"];
        if !password.is_empty() {
            command.extend(["--requirepass", &password]);
        }
        servers.run("redis", "redis:8.0.6", &["--user", "999:999"], &command);
        let config = "printf 'listener 1883\\nallow_anonymous true\\nsys_interval 1\\n' >/tmp/m.conf; exec mosquitto -c /tmp/m.conf";
        servers.run(
            "mosquitto",
            "eclipse-mosquitto:2.1.2",
            &["--user", "1883:1883", "--entrypoint", "/bin/sh"],
            &["-c", config],
        );
        let container = servers.container("postgres");
        eventually("`PostgreSQL` takes connections", 60, || {
            let question = ["exec", &container, "pg_isready", "-h", "127.0.0.1"];
            Command::new("docker").args(question).output().unwrap().status.success()
        });
        let password = read("postgres-monitoring");
        for statement in [
            format!("create role monitoring login password '{password}' in role pg_monitor"),
            format!("create database {database}"),
        ] {
            if database != "postgres" || !statement.starts_with("create database") {
                docker(&["exec", &container, "psql", "-U", "postgres", "-c", &statement]);
            }
        }
        servers
    }

    /// Name of one of the containers.
    pub fn container(&self, name: &str) -> String {
        format!("{}-{name}", self.network)
    }

    fn run(&self, name: &str, image: &str, options: &[&str], command: &[&str]) {
        let container = self.container(name);
        let mut args = vec!["run", "-d", "--name", &container, "--network", &self.network];
        args.extend(["--network-alias", name]);
        args.extend(options);
        args.push(image);
        args.extend(command);
        docker(&args);
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for name in ["postgres", "redis", "mosquitto"] {
            let _ = Command::new("docker").args(["rm", "-f", "-v", &self.container(name)]).output();
        }
        // The stack, which goes later, has containers in it.
        let attached = "{{range .Containers}}{{.Name}} {{end}}";
        let inspect = ["network", "inspect", "--format", attached, &self.network];
        let found = Command::new("docker").args(inspect).output();
        let found = found.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        for container in found.unwrap_or_default().split_whitespace() {
            let disconnect = ["network", "disconnect", "-f", &self.network, container];
            let _ = Command::new("docker").args(disconnect).output();
        }
        let _ = Command::new("docker").args(["network", "rm", &self.network]).output();
    }
}
