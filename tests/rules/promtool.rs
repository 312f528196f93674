//! promtool of the very image that mcpmon launches.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use mcpmon::render::rules::Compiled;

const IMAGE: &str = "prom/prometheus:v3.13.5";
const HOME: &str = "/mcpmon-test";

/// Runs promtool in a container of its own, with `files` in its working folder.
///
/// # Panics
/// When there is no Docker engine or no image: this test is never skipped.
pub fn promtool(files: &[(String, String)], arguments: &[&str]) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("files");
    for (path, text) in files {
        let path = home.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let container = Container::create(arguments);
    docker(&["cp", &format!("{}/.", home.display()), &format!("{}:{HOME}", container.0)]);
    let output = run(&["start", "-a", &container.0]);
    let text =
        [output.stdout, output.stderr].map(|t| String::from_utf8_lossy(&t).into_owned()).concat();
    (output.status.success(), text)
}

/// The files of a compilation as promtool takes them.
pub fn files(compiled: &Compiled) -> Vec<(String, String)> {
    let rules = compiled.files.iter().map(|file| (&file.path, &file.content));
    let tests = compiled.tests.iter().map(|file| (&file.path, &file.content));
    rules.chain(tests).map(|(path, content)| (path.clone(), content.to_string())).collect()
}

/// Removed at the end, also after a failure.
struct Container(String);

impl Container {
    fn create(arguments: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mcpmon-test-rules-{}-{number}", std::process::id());
        let create =
            ["create", "--name", &name, "--network", "none", "--user", "0", "--workdir", HOME];
        docker(&[&create[..], &["--entrypoint", "/bin/promtool", IMAGE], arguments].concat());
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
    Command::new("docker")
        .args(arguments)
        .output()
        .expect("the docker command line is needed for this test")
}
