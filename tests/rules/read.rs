//! Compiled rules and their tests, as whoever reads their files finds them.

use mcpmon::render::rules::Compiled;
use serde_json::Value as Json;

/// Everything that is compiled into files.
#[allow(dead_code)] // Not every program that shares this looks at the tests.
pub struct Read {
    pub files: Vec<File>,
    pub tests: Vec<File>,
}

/// A file of rules, or of tests.
pub struct File {
    pub path: String,
    pub content: Json,
}

impl Read {
    pub fn of(compiled: &Compiled) -> Self {
        let files = compiled.files.iter().map(|file| (&file.path, &file.content));
        let tests = compiled.tests.iter().map(|file| (&file.path, &file.content));
        let read = |(path, content): (&String, _)| File {
            path: path.clone(),
            content: serde_json::to_value(content).unwrap(),
        };
        Self { files: files.map(read).collect(), tests: tests.map(read).collect() }
    }
}
