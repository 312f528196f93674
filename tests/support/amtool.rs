//! amtool of the very image that mcpmon launches, in Docker.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

const IMAGE: &str = "prom/alertmanager:v0.33.1";
const HOME: &str = "/mcpmon-test";

/// Runs a shell script in a container of its own, with `files` in its working folder.
///
/// # Panics
/// When there is no Docker engine or no image: this test is never skipped.
pub fn script(files: &[(String, String)], script: &str) -> (bool, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("files");
    for (path, text) in files {
        let path = home.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(home.join("script.sh"), script).unwrap();
    let container = Container::create();
    docker(&["cp", &format!("{}/.", home.display()), &format!("{}:{HOME}", container.0)]);
    let output = run(&["start", "-a", &container.0]);
    let [out, err] = [output.stdout, output.stderr].map(|t| String::from_utf8(t).unwrap());
    (output.status.success(), out, err)
}

/// A word of a shell script.
pub fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Removed at the end, also after a failure.
struct Container(String);

impl Container {
    fn create() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mcpmon-test-notify-{}-{number}", std::process::id());
        let create =
            ["create", "--name", &name, "--network", "none", "--user", "0", "--workdir", HOME];
        docker(&[&create[..], &["--entrypoint", "/bin/sh", IMAGE, "script.sh"]].concat());
        Self(name)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        run(&["rm", "-f", "-v", &self.0]);
    }
}

fn docker(arguments: &[&str]) {
    let output = run(arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "docker {}: {text}\nThis test needs a Docker engine and the image {IMAGE}.",
        arguments.join(" ")
    );
}

fn run(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).output().expect("docker is needed for this test")
}
