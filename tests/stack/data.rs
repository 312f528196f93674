//! Marks in the volumes with data: one that is lost and made anew has none.

use std::path::{Path, PathBuf};

use crate::harness::{TestStack, docker};

impl TestStack {
    /// Puts a mark into each volume with data.
    pub fn mark_data(&self) -> Vec<String> {
        for (_, mark) in self.data_marks() {
            std::fs::write(mark, "").unwrap();
        }
        self.marked_data()
    }

    /// The volumes that have their mark.
    pub fn marked_data(&self) -> Vec<String> {
        let marks = self.data_marks().into_iter().filter(|(_, mark)| mark.exists());
        marks.map(|(name, _)| name).collect()
    }

    fn data_marks(&self) -> Vec<(String, PathBuf)> {
        let label = format!("label=dev.mcpmon.stack={}", self.name);
        let names = docker(&["volume", "ls", "-q", "--filter", &label]);
        let mut args = vec!["volume", "inspect", "--format", "{{.Name}} {{.Mountpoint}}"];
        args.extend(names.split_whitespace().filter(|name| !name.ends_with("-config")));
        let lines = docker(&args);
        let rows = lines.lines().map(|line| line.split_once(' ').unwrap());
        rows.map(|(name, at)| (name.to_owned(), Path::new(at).join("mark-of-a-test"))).collect()
    }
}
