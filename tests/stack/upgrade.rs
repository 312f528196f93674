//! From an older Prometheus and Loki to the pinned ones and back: every sample and line stays, and
//! what the data does not allow is refused.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::harness::{TestStack, docker, eventually, free};

/// A boundary between two versions of Prometheus.
fn boundary(older: &str) -> String {
    format!(
        "known: [v{older}, v3.13.5]
breaks:
  - at: v3.11.0
    changes: A test's boundary.
    advice: Nothing.
    store: {{reason: blocks of the test are read by it alone}}
"
    )
}

/// Samples in a block of the older Prometheus, ten seconds apart.
const SAMPLES: u64 = 360;

struct Upgrade {
    stack: TestStack,
    service: u16,
    /// The version of the older Prometheus that the lab has, without the `v`: Debian's, which moves on.
    older: String,
}

/// What is in both stores, up to a fixed time.
#[derive(PartialEq, Debug)]
struct Data {
    block: Value,
    head: Value,
    lines: BTreeSet<(String, String)>,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Upgrade {
    fn versions(&self, components: &str) {
        self.stack.manifest(&format!(
            "components_dir: own\ndefaults: {{scrape: {{interval: 1s, timeout: 1s}}}}\nservices: {{weather: {{run: {{ports: [\"{}:8080\"]}}}}}}\ncomponents: {{grafana: {{enabled: false}}, node-exporter: {{enabled: false}}, {components}}}\n",
            self.service
        ));
    }

    fn log(&self, text: &str) {
        let url = format!("http://127.0.0.1:{}/control/log", self.service);
        let sent = Command::new("curl").args(["-sSf", "-X", "POST", "--data", text, &url]).status();
        assert!(sent.unwrap().success());
    }

    /// A block with samples of a day ago, as the Prometheus that runs writes it.
    fn block(&self, begin: u64) {
        let sample = |n| format!("from_a_block{{shelf=\"a\"}} {n} {}\n", begin + 10 * n);
        let samples: String = (0..SAMPLES).map(sample).collect();
        let text = format!("# TYPE from_a_block gauge\n{samples}# EOF\n");
        let name = self.stack.container("prometheus");
        let script = "export TMPDIR=/prometheus; cat > /prometheus/in && promtool tsdb create-blocks-from openmetrics /prometheus/in /prometheus && rm /prometheus/in";
        let mut child = Command::new("docker")
            .args(["exec", "-i", &name, "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        docker(&["restart", &name]);
        let ready = format!("http://127.0.0.1:{}/-/ready", self.stack.ports.prometheus);
        eventually("Prometheus is ready again", 30, || {
            Command::new("curl").args(["-sf", &ready]).output().unwrap().status.success()
        });
    }

    fn data(&self, begin: u64, until: u64) -> Data {
        Data {
            block: self.stack.samples("from_a_block[3h]", begin + 7200),
            head: self.stack.samples("up[10m]", until),
            lines: self.stack.lines(until),
        }
    }

    fn running(&self) -> [String; 2] {
        let version = |port, path: &str| self.stack.get(port, path);
        let ports = &self.stack.ports;
        let prometheus = version(ports.prometheus, "/api/v1/status/buildinfo");
        let loki = version(ports.loki, "/loki/api/v1/status/buildinfo");
        // Debian's says 3.5.3+ds1.
        let upstream = |v: &Value| v.as_str().unwrap().split('+').next().unwrap().to_owned();
        [&prometheus["data"]["version"], &loki["version"]].map(upstream)
    }
}

fn older_prometheus() -> String {
    let label = "label=dev.mcpmon.lab.program=prometheus-lts";
    let tag = docker(&["image", "ls", "--filter", label, "--format", "{{.Tag}}"]);
    tag.trim().strip_prefix('v').expect("the lab has an older Prometheus").to_owned()
}

#[test]
fn an_upgrade_keeps_every_sample_and_line_and_the_way_back_ends_where_the_data_does() {
    let test =
        Upgrade { stack: TestStack::new("upgrade"), service: free(), older: older_prometheus() };
    let Upgrade { stack, older, .. } = &test;
    let both_older = format!("prometheus: {{version: v{older}}}, loki: {{version: 3.5.0}}");
    std::fs::create_dir_all(stack.path("own/prometheus")).unwrap();
    std::fs::write(stack.path("own/prometheus/versions.yaml"), boundary(older)).unwrap();
    test.versions(&both_older);
    stack.mcpmon(&["up"]).expect(0);
    assert_eq!(test.running(), [older.as_str(), "3.5.0"]);

    // Some of it in blocks and chunks on the disk, some in write-ahead logs alone.
    let begin = now() - 24 * 3600;
    test.block(begin);
    (0..20).for_each(|n| test.log(&format!("kept {n}")));
    eventually("the lines are in Loki", 30, || stack.lines(now() + 1).len() == 20);
    let flush = format!("http://127.0.0.1:{}/flush", stack.ports.loki);
    assert!(Command::new("curl").args(["-sSf", "-X", "POST", &flush]).status().unwrap().success());
    (20..40).for_each(|n| test.log(&format!("kept {n}")));
    eventually("all lines are in Loki", 30, || stack.lines(now() + 1).len() == 40);
    eventually("there are samples", 30, || {
        let agent = stack.samples("count_over_time(up{component=\"agent\"}[1m])", now());
        agent[0]["value"][1].as_str().is_some_and(|n| n.parse::<u32>().unwrap() > 10)
    });
    // Whole seconds, and the last line is not in the one that `until` leaves out.
    std::thread::sleep(Duration::from_secs(2));
    let until = now() - 1;
    let before = test.data(begin, until);
    assert_eq!(before.block[0]["values"].as_array().unwrap().len() as u64, SAMPLES);
    assert_eq!(before.lines.len(), 40);

    // One after the other, with a copy of the first one's data.
    test.versions("");
    let shown = stack.mcpmon(&["upgrade", "--dry-run"]).expect(0).stdout;
    for text in [
        &format!("prometheus from v{older} to v3.13.5:\n  v3.11.0: A test's boundary."),
        "loki from 3.5.0 to 3.7.8:",
    ] {
        assert!(shown.contains(text), "`{text}` is not in:\n{shown}");
    }
    stack
        .mcpmon(&["upgrade"])
        .expect(2)
        .says("say so with --yes")
        .says("`--backup DIR` copies them first");
    assert_eq!(test.running(), [older.as_str(), "3.5.0"]);
    stack
        .mcpmon(&["upgrade", "prometheus", "--yes", "--backup", "kept"])
        .expect(0)
        .says("kept /prometheus of");
    assert_eq!(test.running(), ["3.13.5", "3.5.0"]);
    assert_eq!(test.data(begin, until), before, "after Prometheus' upgrade");
    stack.mcpmon(&["upgrade", "prometheus", "--yes"]).expect(0).says("the version that is wanted");
    stack
        .mcpmon(&["up"])
        .expect(0)
        .says("loki from 3.5.0 to 3.7.8:")
        .says("The image has no shell any more");
    assert_eq!(test.running(), ["3.13.5", "3.7.8"]);
    assert_eq!(test.data(begin, until), before, "after Loki's upgrade");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
    eventually("everything is healthy", 30, || stack.mcpmon(&["health-check"]).code == 0);

    // Back over the boundary no command goes, and none touches anything.
    test.versions(&both_older);
    let refusal = format!("prometheus cannot go back from v3.13.5 to v{older}");
    let untouched = stack.containers("{{.Id}} {{.State.StartedAt}}");
    let plan = stack.mcpmon(&["plan"]).expect(0).stdout;
    assert!(plan.contains(&format!("cannot be applied: {refusal}")), "{plan}");
    let plan: Value =
        serde_json::from_str(&stack.mcpmon(&["plan", "--output", "json"]).expect(0).stdout)
            .unwrap();
    let refused: Vec<&str> = plan["upgrades"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|u| u["refused"].is_string())
        .map(|u| u["name"].as_str().unwrap())
        .collect();
    assert_eq!(refused, ["prometheus"]);
    for command in [&["up"][..], &["reload"], &["upgrade", "--yes"], &["rollback", "1"]] {
        stack
            .mcpmon(command)
            .expect(4)
            .says(&format!("{refusal}: blocks of the test are read by it alone"))
            .says("nothing was touched");
    }
    assert_eq!(stack.containers("{{.Id}} {{.State.StartedAt}}"), untouched);

    // Loki's data allows it.
    stack.mcpmon(&["rollback"]).expect(0).says("loki back from 3.7.8 to 3.5.0");
    assert_eq!(test.running(), ["3.13.5", "3.5.0"]);
    assert_eq!(test.data(begin, until), before, "after the rollback");

    // Without containers the data still says no, until it is gone. Then a copy may take its place.
    let volume = format!("{}-prometheus-data", stack.name);
    stack.mcpmon(&["down"]).expect(0);
    stack.mcpmon(&["backup", "newer", "prometheus"]).expect(0);
    stack.mcpmon(&["up"]).expect(4).says("cannot go back").says(&volume);
    docker(&["volume", "rm", &volume]);
    stack.mcpmon(&["up"]).expect(0);
    assert_eq!(stack.samples("from_a_block[3h]", begin + 7200), Value::Array(Vec::new()));
    stack
        .mcpmon(&["restore", "newer", "--yes"])
        .expect(4)
        .says(&format!("prometheus v{older} cannot read what v3.13.5 wrote: blocks of the test are read by it alone"))
        .says("nothing was touched");
    stack.mcpmon(&["restore", "kept", "--yes"]).expect(0).says("restored prometheus");
    assert_eq!(test.running(), [older.as_str(), "3.5.0"]);
    assert_eq!(test.data(begin, until), before, "from the copy");
}
