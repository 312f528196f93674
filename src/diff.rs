//! Two texts side by side, for people.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use similar::TextDiff;

use crate::redact;

/// Lines that are shown around what changes.
const AROUND: usize = 3;

/// How a file differs between two trees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// `added`, `changed` or `removed`.
    pub change: &'static str,
    /// The difference as a unified diff, with secrets covered.
    pub diff: String,
}

/// The difference as a unified diff.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    unified.context_radius(AROUND).missing_newline_hint(false).header(name, name).to_string()
}

/// As [`unified`], with everything covered that looks like a secret.
pub fn covered(name: &str, before: &str, after: &str) -> String {
    let text = unified(name, before, after);
    let lines = text.lines().map(|line| redact::line(line, 0..0, false).0 + "\n");
    lines.collect()
}

/// What differs between two trees of files, with secrets covered.
pub fn trees(before: &BTreeMap<String, &str>, after: &BTreeMap<String, &str>) -> Vec<FileDiff> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    differing
        .map(|path| {
            let (old, new) = (before.get(path), after.get(path));
            let change = match (old, new) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            let text = |side: Option<&&str>| side.copied().unwrap_or_default().to_owned();
            FileDiff { path: path.clone(), change, diff: covered(path, &text(old), &text(new)) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_changes_and_a_little_around() {
        assert_eq!(
            unified("a.yaml", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nnew\n5\n6\n"),
            "--- a.yaml\n+++ a.yaml\n@@ -2,5 +2,6 @@\n 2\n 3\n 4\n+new\n 5\n 6\n"
        );
        assert_eq!(unified("b", "", "x\n"), "--- b\n+++ b\n@@ -0,0 +1 @@\n+x\n");
        assert_eq!(unified("c", "x", "x"), "");
    }

    #[test]
    fn trees_differ_by_file_and_secrets_are_covered() {
        let before = BTreeMap::from([("a".to_owned(), "x\n"), ("b".to_owned(), "y\n")]);
        let after = BTreeMap::from([("b".to_owned(), "y\n"), ("c".to_owned(), "api_token: z9\n")]);
        let found = trees(&before, &after);
        let shown: Vec<(&str, &str)> =
            found.iter().map(|file| (file.path.as_str(), file.change)).collect();
        assert_eq!(shown, [("a", "removed"), ("c", "added")]);
        assert!(found[1].diff.contains("+api_token: ••••••"), "{}", found[1].diff);
    }
}
