//! Files of a copy that is being made.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::fs;

use crate::backup;

/// Files of a copy that is not whole: they go when it fails, and when Ctrl-C ends it.
pub struct Unfinished {
    pub dir: PathBuf,
    /// Whether the folder was not there before.
    made: bool,
    files: Vec<PathBuf>,
}

impl Unfinished {
    /// Makes the folder.
    pub async fn new(dir: &Path) -> anyhow::Result<Self> {
        let made = !dir.exists();
        let cannot = || format!("cannot make {}", dir.display());
        fs::create_dir_all(dir).await.with_context(cannot)?;
        Ok(Self {
            dir: dir.to_owned(),
            made,
            files: vec![dir.join(format!("{}.partial", backup::FILE))],
        })
    }

    /// One more file of it.
    pub fn add(&mut self, file: PathBuf) -> PathBuf {
        self.files.push(file.clone());
        file
    }

    /// All of it is there.
    pub fn finished(mut self) {
        self.files.clear();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.files.is_empty() {
            return;
        }
        // What cannot be removed is no copy without its document; the error that led here says why.
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
        if self.made {
            let _ = std::fs::remove_dir(&self.dir);
        }
    }
}
