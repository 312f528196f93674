//! Every manifest in `tests/bad/` gets exactly the answer that stands beside it. `UPDATE_GOLDEN=1`
//! writes the answers anew; read them as a user would before they are committed.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Cases, sorted.
fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut cases: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    cases.sort();
    cases
}

/// What `mcpmon validate` says and how it exits.
fn validate(case: &Path) -> (String, Option<i32>) {
    let name = case.file_stem().unwrap().to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpmon"));
    command.current_dir(case.parent().unwrap()).args(["validate", "-f", &format!("{name}.yaml")]);
    // Where secrets are not the point they need not exist.
    if !name.starts_with("secret-") {
        command.arg("--without-secrets");
    }
    command
        .env_clear()
        .env("GOOD_SECRET", "8CbYkqNtWp4s")
        .env("EMPTY_SECRET", " ")
        .env("SPACED_SECRET", "8CbY kqNt")
        .env("DEFAULT_SECRET", "admin")
        .env("PLACEHOLDER_SECRET", "Changeme");
    let output = command.output().unwrap();
    assert!(output.stdout.is_empty(), "{name}: problems belong on standard error");
    // The line about success counts files, which is not what these tests are about.
    let said = String::from_utf8(output.stderr).unwrap();
    let said = said.lines().filter(|line| !line.starts_with('✔')).map(|line| format!("{line}\n"));
    (said.collect(), output.status.code())
}

/// What is wrong about the answer to a case, if anything.
fn try_one(case: &Path, update: bool) -> Option<String> {
    let name = case.file_name().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(case).unwrap();
    assert!(text.starts_with("# "), "{name}: the first line says what is tried");
    let (said, exit) = validate(case);
    // A warning alone stops nothing.
    let expected_exit = if said.contains("error:") { Some(2) } else { Some(0) };
    assert_eq!(exit, expected_exit, "{name}: {said}");
    assert!(said.contains("error:") || said.contains("warning:"), "{name}: {said}");
    assert!(!said.contains("hunter"), "{name} repeats a secret: {said}");
    assert!(!said.contains(env!("CARGO_MANIFEST_DIR")), "{name}: {said}");
    let answer = case.with_extension("stderr");
    if update {
        fs::write(&answer, &said).unwrap();
        return None;
    }
    let expected = fs::read_to_string(&answer).unwrap_or_default();
    (expected != said).then(|| format!("--- {name} is told now ---\n{said}"))
}

#[test]
fn every_bad_manifest_gets_its_answer() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let cases = cases();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = cases
            .chunks(cases.len().div_ceil(threads))
            .map(|chunk| {
                scope.spawn(move || {
                    chunk.iter().filter_map(|case| try_one(case, update)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}\n(UPDATE_GOLDEN=1 takes these)", wrong.join("\n"));
}

#[test]
fn no_answer_is_left_without_its_case() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "stderr") {
            assert!(path.with_extension("yaml").is_file(), "{} has no case", path.display());
        }
    }
    assert!(cases().len() >= 45);
}
