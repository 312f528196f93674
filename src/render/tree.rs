//! A rendered tree on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::parallel;

/// How a folder differs from what would be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A file that is not there.
    Missing(String),
    /// A file with another content.
    Changed(String),
    /// A file that nothing renders.
    Stale(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "missing  {path}"),
            Self::Changed(path) => write!(f, "changed  {path}"),
            Self::Stale(path) => write!(f, "stale    {path}"),
        }
    }
}

/// Marks a folder as one that mcpmon wrote, so that files in it may be removed.
const MARKER: &str = ".mcpmon-rendered";

/// Compares a folder with what would be rendered.
pub fn compare(dir: &Path, files: &BTreeMap<String, &str>) -> anyhow::Result<Vec<Difference>> {
    let present = present(dir)?;
    let all: Vec<(&String, &&str)> = files.iter().collect();
    let found = parallel::each(&all, |(path, text)| {
        let missing = || Ok(Some(Difference::Missing((*path).clone())));
        if !present.contains(*path) {
            return missing();
        }
        match fs::read(dir.join(path)) {
            Ok(content) if content == text.as_bytes() => Ok(None),
            Ok(_) => Ok(Some(Difference::Changed((*path).clone()))),
            // A link that leads nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing(),
            Err(error) => Err(error.into()),
        }
    })?;
    let mut found: Vec<Difference> = found.into_iter().flatten().collect();
    found.extend(
        present.into_iter().filter(|path| !files.contains_key(path)).map(Difference::Stale),
    );
    Ok(found)
}

/// Writes what differs and removes what nothing renders any more. Gives the number of changes.
///
/// # Errors
/// Also when the folder holds files that mcpmon did not write: they are never removed.
pub fn write(dir: &Path, files: &BTreeMap<String, &str>) -> anyhow::Result<usize> {
    let marker = dir.join(MARKER);
    if !marker.is_file() && !present(dir)?.is_empty() {
        bail!("the folder is not empty and was not made by mcpmon; name another one");
    }
    fs::create_dir_all(dir)?;
    fs::write(&marker, "Made by `mcpmon render`; files that nothing renders are removed.\n")?;
    let differences = compare(dir, files)?;
    let mut wanted = Vec::new();
    for difference in &differences {
        match difference {
            Difference::Missing(path) | Difference::Changed(path) => wanted.push(path),
            // First, for a file may stand where a folder is to be.
            Difference::Stale(path) => remove(dir, path)?,
        }
    }
    let folders: BTreeSet<&Path> =
        wanted.iter().filter_map(|path| Path::new(path).parent()).collect();
    for folder in folders {
        fs::create_dir_all(dir.join(folder))?;
    }
    parallel::each(&wanted, |path| {
        Ok(fs::write(dir.join(path), files.get(*path).copied().unwrap_or_default())?)
    })?;
    Ok(differences.len())
}

fn remove(dir: &Path, path: &str) -> io::Result<()> {
    fs::remove_file(dir.join(path))?;
    let mut above = Path::new(path).parent();
    // A folder that is empty now goes as well; one that is not stays.
    while let Some(parent) = above.filter(|p| !p.as_os_str().is_empty()) {
        if fs::remove_dir(dir.join(parent)).is_err() {
            break;
        }
        above = parent.parent();
    }
    Ok(())
}

/// Paths of the files under a folder.
fn present(dir: &Path) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut open: Vec<PathBuf> = vec![dir.to_path_buf()];
    while let Some(current) = open.pop() {
        let entries = match fs::read_dir(&current) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            // A link to a folder is a file: what it leads to is not ours.
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if let Some(name) = path.strip_prefix(dir).ok().and_then(Path::to_str) {
                found.insert(name.to_owned());
            }
        }
    }
    found.remove(MARKER);
    Ok(found)
}
