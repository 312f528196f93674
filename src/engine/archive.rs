//! Files inside a container, read through the engine.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::TryStreamExt as _;

use super::{EngineError, Reader};

/// Regular files by path relative to the directory that was read, with `/` between parts.
pub type Tree = BTreeMap<String, FileEntry>;

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Content.
    pub content: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
}

/// To whom a path in a container belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// User.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Permission bits.
    pub mode: u32,
}

/// Configuration is kilobytes; more than this is a wrong path (a data directory), and would fill our memory.
const MAX_BYTES: usize = 256 << 20;

impl Reader {
    /// To whom a path in a container belongs; `None` when it does not exist. Of a directory only the first entry of the archive is
    /// read, whatever it holds.
    pub async fn owner_of(
        &self,
        container: &str,
        path: &str,
    ) -> Result<Option<Owner>, EngineError> {
        let during = format!("look at {path} of container {container}");
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let mut stream = self.client().download_from_container(container, Some(options));
        let mut bytes = Vec::new();
        while bytes.len() < 512 {
            match stream.try_next().await.map_err(|error| EngineError::from_client(error, &during))
            {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(EngineError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let read = |error: std::io::Error| EngineError::io(&during, error);
        let mut archive = tar::Archive::new(Cursor::new(bytes));
        let Some(entry) = archive.entries().map_err(read)?.next() else { return Ok(None) };
        let entry = entry.map_err(read)?;
        let header = entry.header();
        let mode = header.mode().map_err(read)? & 0o7777;
        let (uid, gid) = (header.uid().map_err(read)?, header.gid().map_err(read)?);
        Ok(Some(Owner { uid, gid, mode }))
    }

    /// Reads the regular files below an absolute directory of a container, running or not. `None` when the path does not exist.
    ///
    /// A path that is itself a file gives one entry under its own name. Links are left out.
    pub async fn read_tree(
        &self,
        container: &str,
        directory: &str,
    ) -> Result<Option<Tree>, EngineError> {
        let during = format!("read {directory} of container {container}");
        let options = DownloadFromContainerOptionsBuilder::new().path(directory).build();
        let mut stream = self.client().download_from_container(container, Some(options));
        let mut bytes = Vec::new();
        loop {
            match stream.try_next().await.map_err(|error| EngineError::from_client(error, &during))
            {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(EngineError::NotFound { message, .. })
                    if !message.contains("No such container") =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
            if bytes.len() > MAX_BYTES {
                return Err(EngineError::io(
                    during,
                    format_args!("it holds more than {} MiB", MAX_BYTES >> 20),
                ));
            }
        }
        parse(bytes).map(Some).map_err(|error| EngineError::io(during, error))
    }
}

/// The engine prefixes each path with the last part of the directory asked for.
fn parse(bytes: Vec<u8>) -> std::io::Result<Tree> {
    let mut tree = Tree::new();
    let mut archive = tar::Archive::new(Cursor::new(bytes));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.trim_start_matches("./").trim_start_matches('/');
        let relative = path.split_once('/').map_or(path, |(_, rest)| rest).to_owned();
        let header = entry.header();
        let (mode, uid, gid) = (header.mode()? & 0o7777, header.uid()?, header.gid()?);
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        tree.insert(relative, FileEntry { content, mode, uid, gid });
    }
    Ok(tree)
}
