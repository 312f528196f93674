//! No room: in the volumes that configuration and generations are written to.

use super::Running;
use crate::harness::{TestStack, docker};

/// Volumes in memory of a fixed size, held by a container that can fill them up.
struct Small {
    holder: String,
}

impl Small {
    /// Takes the place of these volumes of a stack that is not there yet.
    fn volumes(stack: &TestStack, parts: &[&str]) -> Self {
        let holder = format!("{}-holder", stack.name);
        let mut args: Vec<String> =
            ["run", "-d", "--user", "0:0", "--name", &holder, "--entrypoint", "sleep"]
                .map(str::to_owned)
                .to_vec();
        for part in parts {
            let volume = format!("{}-{part}", stack.name);
            let label = format!("dev.mcpmon.stack={}", stack.name);
            let options = ["type=tmpfs", "device=tmpfs", "o=size=16m"];
            let [kind, device, size] = options;
            docker(&[
                "volume", "create", "--label", &label, "--opt", kind, "--opt", device, "--opt",
                size, &volume,
            ]);
            args.extend(["-v".to_owned(), format!("{volume}:/{part}")]);
        }
        args.extend(["prom/prometheus:v3.13.5", "36000"].map(str::to_owned));
        docker(&args.iter().map(String::as_str).collect::<Vec<_>>());
        Self { holder }
    }
    /// Leaves so many bytes free.
    fn fill(&self, part: &str, free: usize) {
        let filler = format!(
            "n=$(df -k /{part} | tail -1 | awk '{{print $4}}'); dd if=/dev/zero of=/{part}/filler bs=1024 count=$((n - {}))",
            free / 1024
        );
        docker(&["exec", &self.holder, "sh", "-c", &filler]);
    }
    fn empty(&self, part: &str) {
        docker(&["exec", &self.holder, "rm", &format!("/{part}/filler")]);
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker").args(["rm", "-f", &self.holder]).output();
    }
}

#[test]
fn a_full_disk_stops_a_change_and_not_what_runs() {
    let stack = TestStack::new("room");
    let parts = ["prometheus-config", "grafana-config", "mcpmon-state"];
    let small = Small::volumes(&stack, &parts);
    let running = Running::of(stack);
    // Gone before the stack: it holds volumes.
    let small = small;
    let stack = &running.stack;
    let threshold = "alerts: {override: {HighErrorRate: {threshold: 0.0625}}}\n";
    // For candidates, for what is remembered, and for what is in use (Grafana checks no candidate): nothing was touched.
    let more = "slos: {availability: {owner: team, select: {groups: [demo]}, indicator: requests, objective: 99%, window: 7d}}\n";
    for (part, free, manifest) in [
        ("prometheus-config", 0, threshold),
        ("mcpmon-state", 0, threshold),
        ("grafana-config", 8 * 1024, more),
    ] {
        small.fill(part, free);
        stack.manifest(manifest);
        running.is_untouched(&["up"], 1, &["no space left on device", "not touched"]);
        small.empty(part);
    }
    // With room again it is made, and taken back.
    stack.manifest(more);
    stack.mcpmon(&["up"]).expect(0);
    stack.manifest("");
    stack.mcpmon(&["up"]).expect(0);
    running.as_before("with room again");
}
