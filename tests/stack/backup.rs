//! A copy of all data, the loss of it, and the copy in its place: every sample and line of before is
//! there again. What cannot be restored is refused before anything stops.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::harness::{TestStack, docker, ended, eventually, free};

struct Kept {
    stack: TestStack,
    service: u16,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Kept {
    fn log(&self, text: &str) {
        let url = format!("http://127.0.0.1:{}/control/log", self.service);
        let sent = Command::new("curl").args(["-sSf", "-X", "POST", "--data", text, &url]).status();
        assert!(sent.unwrap().success());
    }

    /// Everything that was stored up to then.
    fn data(&self, until: u64) -> (Value, BTreeSet<(String, String)>) {
        (self.stack.samples("up[10m]", until), self.stack.lines(until))
    }

    /// Equal before and after means that nothing was stopped.
    fn running(&self) -> Vec<String> {
        self.stack.containers("{{.Id}} {{.State.StartedAt}} {{.State.Running}}")
    }

    fn document(&self, dir: &str) -> Value {
        let text = fs::read_to_string(self.stack.path(dir).join("backup.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// A copy of a copy, with something done to each of its files.
    fn altered(&self, from: &str, to: &str, change: impl Fn(&Path, &str)) {
        let (from, to) = (self.stack.path(from), self.stack.path(to));
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            fs::copy(file.path(), to.join(&name)).unwrap();
            change(&to.join(&name), &name);
        }
    }

    /// Ctrl-C while a program stands still for its copy.
    fn interrupt(&self) {
        let mut command = self.stack.command(&["backup", "kept/cut"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        eventually("something is stopped", 20, || {
            let states = self.stack.containers("{{.Name}} {{.State.Status}}");
            states
                .iter()
                .any(|line| !line.ends_with("-mcpmon-copy created") && !line.ends_with("running"))
        });
        let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(signalled.unwrap().success());
        ended(&child.wait_with_output().unwrap()).expect(130);
        assert!(!self.stack.path("kept/cut").exists(), "a copy that is not whole");
        let states = self.stack.containers("{{.State.Status}}");
        assert!(states.iter().all(|state| state == "running"), "{states:?}");
    }

    /// Ctrl-C while a copy is unpacked.
    fn interrupt_restore(&self, dir: &str) {
        let mut command = self.stack.command(&["restore", dir, "--yes"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let aside = self.stack.path(&format!("{dir}-before-restore"));
        for _ in 0..6000 {
            if aside.join("backup.json").exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(signalled.unwrap().success());
        ended(&child.wait_with_output().unwrap())
            .expect(130)
            .says("the data that was there before is back, proven");
        fs::remove_dir_all(aside).unwrap();
    }

    /// A copy in which Prometheus finds a file where its write-ahead log would be.
    fn unreadable(&self, dir: &str) {
        let top = self.stack.path(dir);
        fs::create_dir_all(top.join("prometheus")).unwrap();
        fs::write(top.join("prometheus/wal"), "no folder").unwrap();
        // Long enough to be interrupted.
        fs::File::create(top.join("prometheus/large")).unwrap().set_len(256 << 20).unwrap();
        let tar = ["--owner=65534", "--group=65534", "-cf", "a.tar", "prometheus"];
        assert!(Command::new("tar").args(tar).current_dir(&top).status().unwrap().success());
        let sum = Command::new("sha256sum").arg("a.tar").current_dir(&top).output().unwrap();
        let mut document = self.document("kept/one");
        let files = document["files"].as_array().unwrap().iter();
        let mut file =
            files.clone().find(|file| file["component"] == "prometheus").unwrap().clone();
        file["file"] = "a.tar".into();
        file["bytes"] = fs::metadata(top.join("a.tar")).unwrap().len().into();
        file["sha256"] = String::from_utf8(sum.stdout).unwrap()[..64].into();
        document["files"] = vec![file].into();
        fs::write(top.join("backup.json"), document.to_string()).unwrap();
    }
}

#[test]
#[allow(clippy::too_many_lines)] // One story.
fn lost_data_comes_back_from_a_copy_and_a_damaged_one_touches_nothing() {
    let test = Kept { stack: TestStack::new("backup"), service: free() };
    let stack = &test.stack;
    stack.manifest(&format!(
        "defaults: {{scrape: {{interval: 1s, timeout: 1s}}}}\nservices: {{weather: {{run: {{ports: [\"{}:8080\"]}}}}}}\ncomponents: {{grafana: {{enabled: false}}, node-exporter: {{enabled: false}}}}\n",
        test.service
    ));
    stack.mcpmon(&["up"]).expect(0);
    (0..20).for_each(|n| test.log(&format!("kept {n}")));
    eventually("all lines are in Loki", 30, || stack.lines(now() + 1).len() == 20);
    eventually("there are samples", 30, || {
        let counted = stack.query("count_over_time(up{component=\"agent\"}[1m])");
        counted
            .first()
            .is_some_and(|n| n["value"][1].as_str().unwrap().parse::<u32>().unwrap() > 10)
    });
    std::thread::sleep(Duration::from_secs(2));
    let until = now() - 1;
    let before = test.data(until);

    // What is asked for wrongly stops nothing; neither does a copy that is there.
    let running = test.running();
    stack.mcpmon(&["backup", "kept/x", "promethus"]).expect(2).says("did you mean `prometheus`?");
    stack.mcpmon(&["backup", "kept/x", "agent"]).expect(2).says("`agent` keeps no data");
    assert_eq!(test.running(), running);
    test.interrupt();
    let all = stack.mcpmon(&["backup", "kept/one"]).expect(0).says("the copy is in kept/one");
    assert!(all.stderr.contains("kept /prometheus of prometheus in"), "{}", all.stderr);
    let running = test.running();
    stack.mcpmon(&["backup", "kept/one"]).expect(2).says("nothing was stopped");
    assert_eq!(test.running(), running);
    assert_eq!(test.data(until), before, "after the copy");

    // It says what it is, and is for its owner alone.
    let document = test.document("kept/one");
    assert_eq!(document["stack"], stack.name.as_str());
    let files = document["files"].as_array().unwrap();
    let held: BTreeSet<&str> = files.iter().map(|f| f["component"].as_str().unwrap()).collect();
    assert_eq!(held, BTreeSet::from(["alertmanager", "loki", "prometheus", "promtail"]));
    for file in files {
        assert!(file["image"].is_string() && file["version"].is_string(), "{file}");
        let path = stack.path("kept/one").join(file["file"].as_str().unwrap());
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(
            (metadata.permissions().mode() & 0o777, metadata.len()),
            (0o600, file["bytes"].as_u64().unwrap())
        );
    }

    // Without containers the volumes are copied all the same, until they are gone.
    stack.mcpmon(&["down"]).expect(0);
    stack.mcpmon(&["backup", "kept/down", "loki"]).expect(0);
    let down = &test.document("kept/down")["files"][0];
    assert_eq!((&down["component"], &down["version"]), (&"loki".into(), &"3.7.8".into()));
    for file in files {
        let name = |key: &str| file[key].as_str().unwrap();
        docker(&[
            "volume",
            "rm",
            &format!("{}-{}-{}", stack.name, name("component"), name("volume")),
        ]);
    }
    stack.mcpmon(&["backup", "kept/none"]).expect(1).says("nothing to copy");
    stack.mcpmon(&["restore", "kept/one", "--yes"]).expect(1).says("`mcpmon up` brings it to that");
    stack.mcpmon(&["up"]).expect(0);
    assert!(stack.lines(until).is_empty(), "the data is lost");

    // Refused before anything stops: nobody agreed, no copy, not what was written.
    let running = test.running();
    stack.mcpmon(&["restore", "kept/one"]).expect(2).says("say so with --yes");
    stack.mcpmon(&["restore", "kept", "--yes"]).expect(2).says("backup.json");
    stack.mcpmon(&["restore", "kept/down", "prometheus", "--yes"]).expect(2).says("it holds loki");
    test.altered("kept/one", "kept/bad", |path, name| {
        if name.contains("-prometheus-") {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }
    });
    stack
        .mcpmon(&["restore", "kept/bad", "--yes"])
        .expect(4)
        .says("prometheus-data.tar is not what was written")
        .says("nothing was touched");
    assert_eq!(test.running(), running);

    // A copy that was made of a stack of another name.
    test.altered("kept/one", "kept/other", |path, name| {
        let other = path.with_file_name(name.replace(&stack.name, "other"));
        fs::rename(path, &other).unwrap();
        if name == "backup.json" {
            let document = fs::read_to_string(&other).unwrap();
            fs::write(&other, document.replace(&stack.name, "other")).unwrap();
        }
    });
    stack
        .mcpmon(&["restore", "kept/other", "--yes"])
        .expect(0)
        .says("restored prometheus: data of other as of")
        .says("what was there before is in kept/other-before-restore");
    assert_eq!(test.data(until), before, "from the copy");
    stack.mcpmon(&["plan", "--detailed-exitcode"]).expect(0);
    assert!(stack.mcpmon(&["history"]).expect(0).stdout.contains("data from kept/other"));
    stack.mcpmon(&["restore", "kept/other", "--yes"]).expect(2).says("--discard-current");

    // One that the program cannot run with: what was there comes back.
    test.unreadable("kept/wrong");
    test.interrupt_restore("kept/wrong");
    assert_eq!(test.data(until), before, "after Ctrl-C");
    stack
        .mcpmon(&["restore", "kept/wrong", "--yes"])
        .expect(4)
        .says("the data that was there before is back, proven");
    assert_eq!(test.data(until), before, "after a copy that did not do");
    eventually("everything is healthy", 30, || stack.mcpmon(&["health-check"]).code == 0);
}
