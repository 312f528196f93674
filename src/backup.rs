//! What a copy of data volumes says about itself: `backup.json`, beside its tars.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::exit::{Exit, Stop};
use crate::hex::hex;
use crate::history::store::now;
use crate::manifest::io_reason;

/// The document's name in the folder of a copy.
pub const FILE: &str = "backup.json";
/// Its shape.
const SCHEMA_VERSION: u32 = 1;
/// How much of a file is read at once.
const CHUNK: usize = 1 << 20;

/// A copy of a stack's data volumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// Shape of this document.
    pub schema_version: u32,
    /// The stack that it was made of.
    pub stack: String,
    /// When, RFC 3339.
    pub made: String,
    /// The mcpmon that made it.
    pub mcpmon: String,
    /// Its tars.
    pub files: Vec<Kept>,
}

/// The copy of one data volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The tar's name in the folder.
    pub file: String,
    /// Whose data it is.
    pub component: String,
    /// The volume's name among those of the component.
    pub volume: String,
    /// Where the volume is mounted; the tar holds the last part of this.
    pub directory: String,
    /// The image that wrote the data last, where that is known.
    pub image: Option<String>,
    /// Its version, where its tag says one.
    pub version: Option<String>,
    /// Size of the tar.
    pub bytes: u64,
    /// SHA-256 of the tar.
    pub sha256: String,
}

/// What is read of any shape.
#[derive(Deserialize)]
struct Shape {
    schema_version: u32,
}

impl Backup {
    /// A copy that is made now and holds nothing yet.
    pub fn new(stack: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            stack: stack.to_owned(),
            made: now(),
            mcpmon: env!("CARGO_PKG_VERSION").to_owned(),
            files: Vec::new(),
        }
    }

    /// Reads the document of a folder.
    ///
    /// # Errors
    /// A folder without one, or one that makes no sense.
    pub async fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        let shown = path.display();
        let wrong = |text: String| Stop::new(Exit::Usage, format!("{text}; nothing was touched"));
        let text = fs::read(&path).await.map_err(|error| {
            wrong(format!(
                "cannot read {shown}: {}\n`mcpmon backup` writes it when all of a copy is there",
                io_reason(&error)
            ))
        })?;
        let broken = |error| wrong(format!("{shown} is not what mcpmon wrote: {error}"));
        let shape: Shape = serde_json::from_slice(&text).map_err(broken)?;
        if shape.schema_version != SCHEMA_VERSION {
            let text = format!(
                "{shown} has shape {}, and this mcpmon reads {SCHEMA_VERSION}: use the mcpmon that made it",
                shape.schema_version
            );
            return Err(wrong(text).into());
        }
        let backup: Self = serde_json::from_slice(&text).map_err(broken)?;
        for kept in &backup.files {
            let (file, at) = (Path::new(&kept.file), Path::new(&kept.directory));
            // Names that lead elsewhere were not written by mcpmon.
            let plain = file.file_name() == Some(file.as_os_str());
            let whole = at.is_absolute()
                && at.file_name().is_some()
                && at.components().all(|part| part != std::path::Component::ParentDir);
            if !plain || !whole {
                let text = format!(
                    "{shown} is not what mcpmon wrote: `{}` for `{}`",
                    kept.file, kept.directory
                );
                return Err(wrong(text).into());
            }
        }
        Ok(backup)
    }

    /// Writes the document: whole or not there, for its owner alone as the tars are.
    ///
    /// # Errors
    /// A disk that is full.
    pub async fn write(&self, dir: &Path) -> anyhow::Result<()> {
        let (path, partial) = (dir.join(FILE), dir.join(format!("{FILE}.partial")));
        let written = async {
            let mut file = create(&partial).await?;
            file.write_all(&serde_json::to_vec_pretty(self)?).await?;
            file.write_all(b"\n").await?;
            file.sync_all().await?;
            fs::rename(&partial, &path).await?;
            anyhow::Ok(())
        };
        written.await.with_context(|| format!("cannot write {}", path.display()))
    }

    /// Names of the components that it holds data of.
    pub fn components(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.files.iter().map(|kept| kept.component.as_str()).collect();
        names.dedup();
        names
    }
}

impl Kept {
    /// The tar.
    pub fn path(&self, dir: &Path) -> PathBuf {
        dir.join(&self.file)
    }

    /// Why its tar is not what was written; nothing where it is.
    pub async fn wrong(&self, dir: &Path) -> Option<String> {
        let path = self.path(dir);
        let found = match digest(&path).await {
            Ok(found) => found,
            Err(e) => return Some(format!("cannot read {}: {}", path.display(), io_reason(&e))),
        };
        if found.0 != self.bytes {
            let (path, is, was) = (path.display(), found.0, self.bytes);
            return Some(format!("{path} has {is} bytes, and {was} were written"));
        }
        (found.1 != self.sha256).then(|| {
            format!("{} is not what was written: its SHA-256 is {}", path.display(), found.1)
        })
    }
}

/// A new file that its owner alone may read: Grafana's database holds passwords.
///
/// # Errors
/// What the file system says.
pub async fn create(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path).await
}

/// Size and SHA-256 of a file.
async fn digest(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = fs::File::open(path).await?;
    let (mut bytes, mut sha256, mut chunk) = (0, Sha256::new(), vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk).await?;
        let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else { break };
        sha256.update(part);
        bytes += part.len() as u64;
    }
    Ok((bytes, hex(&sha256.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept {
            file: "acme-loki-data.tar".to_owned(),
            component: "loki".to_owned(),
            volume: "data".to_owned(),
            directory: "/loki".to_owned(),
            image: Some("grafana/loki:3.7.8".to_owned()),
            version: None,
            bytes: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        }
    }

    async fn read(change: impl FnOnce(&mut Backup)) -> Result<Backup, String> {
        let dir = tempfile::tempdir().unwrap();
        let mut backup = Backup::new("acme");
        backup.files.push(kept());
        change(&mut backup);
        backup.write(dir.path()).await.unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let read = Backup::read(dir.path()).await.map_err(|error| error.to_string());
        read.inspect(|read| assert_eq!(*read, backup))
    }

    #[tokio::test]
    async fn what_was_written_is_read_and_nothing_that_leads_elsewhere() {
        assert_eq!(read(|_| ()).await.unwrap().components(), ["loki"]);
        for file in ["../a.tar", "/etc/passwd", "a/b.tar", "..", ""] {
            let error = read(|backup| file.clone_into(&mut backup.files[0].file)).await;
            assert!(error.unwrap_err().contains("is not what mcpmon wrote"), "{file}");
        }
        for at in ["loki", "/", "/loki/../etc", ""] {
            let error = read(|backup| at.clone_into(&mut backup.files[0].directory)).await;
            assert!(error.unwrap_err().contains("is not what mcpmon wrote"), "{at}");
        }
        let newer = read(|backup| backup.schema_version = 2).await.unwrap_err();
        assert!(newer.contains("use the mcpmon that made it"), "{newer}");
        let none = Backup::read(Path::new("tests")).await.unwrap_err().to_string();
        assert!(none.contains("there is no such file"), "{none}");
    }

    #[tokio::test]
    async fn a_tar_that_is_another_one_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let wrong = async || kept().wrong(dir.path()).await.unwrap_or_default();
        assert!(wrong().await.contains("there is no such file"));
        for (text, found) in
            [("abcd", "4 bytes, and 3 were written"), ("abd", "its SHA-256 is"), ("abc", "")]
        {
            std::fs::write(kept().path(dir.path()), text).unwrap();
            let wrong = wrong().await;
            assert!(
                wrong.contains(found) && wrong.is_empty() == found.is_empty(),
                "{text}: {wrong}"
            );
        }
    }
}
