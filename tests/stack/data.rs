//! What is stored; and marks in the volumes with data: one that is lost and made anew has none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{TestStack, docker, encode};

impl TestStack {
    /// What Prometheus answers for a moment, series in one order.
    pub fn samples(&self, expr: &str, at: u64) -> Value {
        let path = format!("/api/v1/query?time={at}&query={}", encode(expr));
        let mut found = self.get(self.ports.prometheus, &path)["data"]["result"].take();
        found.as_array_mut().unwrap().sort_by_key(|series| series["metric"].to_string());
        found
    }

    /// Time and text of lines of the hour before `until` that say `kept`.
    pub fn lines(&self, until: u64) -> BTreeSet<(String, String)> {
        let query = encode(&format!("{{stack=\"{}\",service=\"weather\"}} |= \"kept\"", self.name));
        let path = format!(
            "/loki/api/v1/query_range?limit=5000&start={}&end={until}&query={query}",
            until - 3600
        );
        let answer = self.get(self.ports.loki, &path);
        let streams = answer["data"]["result"].as_array().unwrap().iter();
        let values = streams.flat_map(|stream| stream["values"].as_array().unwrap());
        values.map(|pair| (pair[0].to_string(), pair[1].to_string())).collect()
    }

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
