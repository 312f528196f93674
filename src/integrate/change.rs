//! A file's text before and after, shown as a diff and written in one step.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::diff;

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

    /// The change as a unified diff.
    pub fn diff(&self) -> String {
        diff::unified(&self.path.display().to_string(), &self.before, &self.after)
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
