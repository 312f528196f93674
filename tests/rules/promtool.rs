//! promtool of the very image that mcpmon launches.

use std::num::NonZero;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

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

/// A test file and the rules that it reads.
pub struct Trial {
    /// All of them.
    pub files: Vec<(String, String)>,
    /// Where the test file is among them.
    pub test: String,
}

/// Whether each trial failed.
///
/// # Panics
/// When a test file cannot be read.
#[allow(dead_code)] // Not every test program tries wrong rules.
pub fn failed(trials: &[Trial]) -> Vec<bool> {
    in_shares(trials.len(), |mine| {
        let files = mine.iter().flat_map(|index| {
            let files = &trials[*index].files;
            files.iter().map(move |(path, text)| (format!("{index}/{path}"), text.clone()))
        });
        let files: Vec<(String, String)> = files.collect();
        let paths: Vec<String> =
            mine.iter().map(|index| format!("{index}/{}", trials[*index].test)).collect();
        let words = ["test", "rules", "--junit=/dev/stderr"].into_iter();
        let arguments: Vec<&str> = words.chain(paths.iter().map(String::as_str)).collect();
        let (_, report) = promtool(&files, &arguments);
        paths.iter().map(|path| verdict(&report, path)).collect()
    })
}

/// Whether a test file failed, from promtool's `JUnit` report.
fn verdict(report: &str, path: &str) -> bool {
    let suite = report
        .split_once(&format!("<testsuite name=\"{path}\""))
        .unwrap_or_else(|| panic!("{report}"))
        .1;
    let head = suite.split_once('>').unwrap().0;
    assert!(
        head.contains("errors=\"0\""),
        "no valid test: {path}: {}",
        &suite[..suite.len().min(900)]
    );
    !head.contains("failures=\"0\"")
}

/// Checks all rules of a compilation and runs all its tests.
///
/// # Panics
/// When promtool objects to a rule, or a test fails.
pub fn prove(files: &[(String, String)]) {
    let rules = files.iter().map(|(path, _)| path.as_str()).filter(|p| p.starts_with("rules/"));
    let check: Vec<&str> =
        ["check", "rules", "--lint=all", "--lint-fatal"].into_iter().chain(rules).collect();
    let (ok, text) = promtool(files, &check);
    assert!(ok, "{text}");
    let tests: Vec<&str> =
        files.iter().map(|(path, _)| path.as_str()).filter(|p| p.starts_with("tests/")).collect();
    let outcomes = in_shares(tests.len(), |mine| {
        let paths: Vec<&str> = mine.iter().map(|index| tests[*index]).collect();
        let outcome = promtool(files, &[&["test", "rules"], &paths[..]].concat());
        vec![outcome; mine.len()]
    });
    for (ok, text) in outcomes {
        assert!(ok, "{text}");
    }
}

/// Does a work of many parts, as many at a time as there are processors: promtool runs one test file after the
/// other. What the work finds about each part comes in the order of the parts.
fn in_shares<T: Send>(parts: usize, work: impl Fn(&[usize]) -> Vec<T> + Sync) -> Vec<T> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    // Neighbours, which take about as long as each other, come into different shares; more shares than workers,
    // so that one which takes long does not leave the others idle, but none too small for a container.
    let shares = (parts / 5).clamp(workers, 4 * workers).min(parts);
    let (next, work) = (AtomicUsize::new(0), &work);
    let worker = || {
        let mut found = Vec::new();
        loop {
            let share = next.fetch_add(1, Ordering::Relaxed);
            if share >= shares {
                return found;
            }
            let mine: Vec<usize> = (share..parts).step_by(shares).collect();
            found.extend(mine.iter().copied().zip(work(&mine)));
        }
    };
    let mut found: Vec<(usize, T)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, found)| found).collect()
}

/// The files of a compilation as promtool takes them.
pub fn files(compiled: &Compiled) -> Vec<(String, String)> {
    let rules = compiled.files.iter().map(|file| (&file.path, &file.content));
    let tests = compiled.tests.iter().map(|file| (&file.path, &file.content));
    let text = |content| serde_json::to_string(content).unwrap();
    rules.chain(tests).map(|(path, content)| (path.clone(), text(content))).collect()
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
        // There is one for each processor.
        let lean = ["--env", "GOMAXPROCS=1"];
        let program = ["--entrypoint", "/bin/promtool", IMAGE];
        docker(&[&create[..], &lean, &program, arguments].concat());
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
