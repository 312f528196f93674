//! Runs the `mcpmon` command in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that is removed at the end, and the command in it.
pub struct Folder {
    dir: tempfile::TempDir,
}

/// How a command ended.
pub struct Outcome {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("mcpmon-").tempdir().unwrap() }
    }
    #[allow(dead_code)] // Not every test looks.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
    /// Writes a file, with the folders above it.
    pub fn file(self, path: &str, text: &str) -> Self {
        let target = self.dir.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, text).unwrap();
        self
    }
    #[allow(dead_code)] // Not every test looks.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }
    pub fn mcpmon(&self, arguments: &str) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_mcpmon"))
            .current_dir(self.dir.path())
            .args(arguments.split_whitespace())
            .env_clear()
            .env("SECRET", "8CbYkqNtWp4s")
            .output()
            .unwrap();
        Outcome {
            exit: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
    /// Every file below, sorted.
    #[allow(dead_code)] // Not every test looks.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut open: Vec<PathBuf> = vec![self.dir.path().to_path_buf()];
        while let Some(dir) = open.pop() {
            for path in fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.push(path.strip_prefix(self.dir.path()).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }
}

impl Outcome {
    pub fn ends(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "{}{}", self.out, self.err);
        self
    }
    #[allow(dead_code)] // Not every test looks.
    pub fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in:\n{}", self.err);
        self
    }
}
