//! A file's text before and after, shown as a diff and written in one step.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Lines that are shown around what changes.
const AROUND: usize = 3;

/// One file's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// Its text; empty where there is no such file yet.
    pub before: String,
    /// Its text to be.
    pub after: String,
}

impl Change {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.before == self.after
    }

    /// The change as a unified diff with one hunk.
    pub fn diff(&self) -> String {
        let before: Vec<&str> = self.before.lines().collect();
        let after: Vec<&str> = self.after.lines().collect();
        let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
        let rest = before.len().min(after.len()) - same;
        let (old, new) = (before.iter().rev(), after.iter().rev());
        let tail = old.zip(new).take(rest).take_while(|(a, b)| a == b).count();
        let start = same.saturating_sub(AROUND);
        let (end_before, end_after) = (before.len() - tail, after.len() - tail);
        let shown = AROUND.min(tail);
        let name = self.path.display();
        // Writing to a string cannot fail.
        let mut text = String::new();
        let _ = writeln!(
            text,
            "--- {name}\n+++ {name}\n@@ -{},{} +{},{} @@",
            start + 1,
            end_before - start + shown,
            start + 1,
            end_after - start + shown
        );
        let lines = |lines: &[&str], from: usize, to: usize, mark: char, text: &mut String| {
            for line in lines.get(from..to).unwrap_or_default() {
                let _ = writeln!(text, "{mark}{line}");
            }
        };
        lines(&before, start, same, ' ', &mut text);
        lines(&before, same, end_before, '-', &mut text);
        lines(&after, same, end_after, '+', &mut text);
        lines(&before, end_before, end_before + shown, ' ', &mut text);
        text
    }

    /// Writes the file beside itself and puts it in place, with the rights that it had.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self) -> anyhow::Result<()> {
        // A link stays a link: what it leads to is written.
        let path = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let shown = self.path.display();
        let written = || -> anyhow::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(self.after.as_bytes())?;
            if let Ok(existing) = std::fs::metadata(&path) {
                file.as_file().set_permissions(existing.permissions())?;
            }
            file.persist(&path)?;
            Ok(())
        };
        written().with_context(|| format!("cannot write {shown}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_changes_and_a_little_around() {
        let change = Change {
            path: "a.yaml".into(),
            before: "1\n2\n3\n4\n5\n6\n".to_owned(),
            after: "1\n2\n3\n4\nnew\n5\n6\n".to_owned(),
        };
        assert_eq!(
            change.diff(),
            "--- a.yaml\n+++ a.yaml\n@@ -2,5 +2,6 @@\n 2\n 3\n 4\n+new\n 5\n 6\n"
        );
        let change = Change { path: "b".into(), before: String::new(), after: "x\n".to_owned() };
        assert_eq!(change.diff(), "--- b\n+++ b\n@@ -1,0 +1,1 @@\n+x\n");
    }
}
