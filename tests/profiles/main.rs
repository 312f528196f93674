//! The profiles on the real programs: demo services play the MCP services on the documents' ports,
//! databases and broker are real. Each stack comes up, every check passes, what the document tells
//! its readers to type works, and faults raise the alerts that it names.

// A test may stop at the first surprise, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "../stack/harness.rs"]
#[allow(dead_code)] // The stack's own tests use more of it.
mod harness;

mod customer_success;
mod orchestration;
mod servers;
mod tailscale;

use harness::{TestStack, eventually};
use serde_json::Value;

/// Secrets that only people know, made up.
fn secrets(stack: &TestStack, names: &[&str]) {
    for name in names {
        let value = if name.ends_with("-url") {
            "http://nowhere.invalid/hook".to_owned()
        } else {
            format!("made-up-{name}-4f1c")
        };
        std::fs::write(stack.path("secrets").join(name), value).unwrap();
    }
}

/// The stack runs and every check passes.
fn bring_up(stack: &TestStack) {
    stack.mcpmon(&["validate"]).expect(0);
    stack.mcpmon(&["up"]).expect(0);
    stack.mcpmon(&["health-check", "--wait", "--timeout", "120s"]).expect(0);
}

/// POSTs a body; the answer's status and text.
fn post(port: u16, path: &str, body: &str) -> (u16, String) {
    let url = format!("http://127.0.0.1:{port}{path}");
    let output = std::process::Command::new("curl")
        .args(["-sS", "-m", "20", "-w", "\n%{http_code}", "-X", "POST", "-g", &url])
        .args(["-H", "Content-Type: application/json", "-d", body])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (text, code) = text.rsplit_once('\n').unwrap();
    (code.parse().unwrap(), text.to_owned())
}

/// Asks Grafana as its administrator.
fn grafana(stack: &TestStack, path: &str) -> Value {
    let password = std::fs::read_to_string(stack.path("secrets/grafana-admin")).unwrap();
    let url = format!("http://127.0.0.1:{}{path}", stack.ports.grafana);
    let user = format!("admin:{}", password.trim());
    let output =
        std::process::Command::new("curl").args(["-sS", "-u", &user, &url]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Alerts fire, and no longer once their faults are mended.
fn fire_and_resolve(
    stack: &TestStack,
    alerts: &[&str],
    faults: impl FnOnce(),
    mend: impl FnOnce(),
) {
    for alert in alerts {
        assert!(!fires(stack, alert), "{alert} fires before the fault");
    }
    faults();
    for alert in alerts {
        eventually(&format!("{alert} fires"), 150, || fires(stack, alert));
    }
    mend();
    for alert in alerts {
        eventually(&format!("{alert} ends"), 180, || !fires(stack, alert));
    }
}

fn fires(stack: &TestStack, alert: &str) -> bool {
    !stack.query(&format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}")).is_empty()
}

/// Every panel and every alert of the stack has data, or a reason to have none: what `scripts/coverage`
/// tells about a stack that has run for a while.
fn covered(stack: &TestStack) {
    let tree = stack.path("rendered");
    stack.mcpmon(&["render", "--out", tree.to_str().unwrap()]).expect(0);
    let loki = format!("http://127.0.0.1:{}", stack.ports.loki);
    let mut command = std::process::Command::new(env!("CARGO"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "--quiet", "--locked", "--example", "coverage", "--"])
        .args(["--minutes", "30", "--dashboards"])
        .arg(tree.join("grafana/dashboards"))
        .args(["--prometheus", &format!("http://127.0.0.1:{}", stack.ports.prometheus)]);
    if tree.join("loki").is_dir() {
        command.args(["--loki", &loki]);
    }
    // Rates look back five minutes, and what was counted just now is not there yet; a busy machine counts late.
    let mut said = String::new();
    let whole = (0..15).any(|round| {
        std::thread::sleep(std::time::Duration::from_secs(if round == 0 { 0 } else { 20 }));
        let output = command.output().unwrap();
        said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        output.status.success()
    });
    let missing: Vec<&str> = said.lines().filter(|line| line.contains("NO DATA")).collect();
    // The whole list ahead of its gaps: a reader sees the end of a long message.
    assert!(whole, "{said}\nwithout data and without a reason:\n{}", missing.join("\n"));
    for line in said.lines().filter(|line| line.contains(" in all, ")) {
        eprintln!("{line}");
    }
}
