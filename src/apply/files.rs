//! Files into configuration volumes, through the lock's container.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Engine, EngineError, Lock, TarFile, Tree, replacing_dir, tar_of};
use crate::plan::{FileChange, Unit, VOLUMES};

/// One file as it goes into a volume.
#[derive(Clone)]
pub struct Upload {
    /// Its content.
    pub content: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
}

/// Files by path under the folder they go to.
pub type Uploads = BTreeMap<String, Upload>;

/// A unit's wanted files.
pub fn wanted(unit: &Unit) -> Uploads {
    unit.files
        .iter()
        .map(|(path, file)| {
            (path.clone(), Upload { content: file.content.clone(), mode: file.mode() })
        })
        .collect()
}

/// The files that were there before.
pub fn previous(tree: &Tree) -> Uploads {
    tree.iter()
        .map(|(path, file)| {
            (path.clone(), Upload { content: file.content.clone(), mode: file.mode & 0o7777 })
        })
        .collect()
}

/// Where a component's configuration volume is mounted in the lock's container.
fn volume(unit: &Unit) -> String {
    format!("{VOLUMES}/{}", unit.name)
}

fn entries<'a>(
    unit: &Unit,
    files: impl Iterator<Item = (&'a String, &'a Upload)>,
) -> Vec<TarFile<'a>> {
    let (uid, gid) = unit.owner;
    files
        .map(|(path, file)| TarFile { path, content: &file.content, mode: file.mode, uid, gid })
        .collect()
}

/// Makes a folder of the volume (`live` or `candidate`) hold exactly these files.
pub async fn replace(
    engine: &Engine,
    lock: &Lock,
    unit: &Unit,
    folder: &str,
    files: &Uploads,
) -> Result<(), EngineError> {
    let tar = replacing_dir(folder, unit.owner, entries(unit, files.iter()))?;
    engine.upload(lock.container(), &volume(unit), tar).await
}

/// Brings `live/` to these files and touches only what differs: a changed file is replaced by
/// itself, and a folder as a whole only where a file must go from it.
pub async fn bring(
    engine: &Engine,
    lock: &Lock,
    unit: &Unit,
    files: &Uploads,
    changes: &[FileChange],
) -> Result<(), EngineError> {
    let folder_of = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let gone: BTreeSet<Option<String>> = changes
        .iter()
        .filter_map(|change| match change {
            FileChange::Removed(path) => Some(folder_of(path)),
            _ => None,
        })
        .collect();
    if gone.contains(&None) {
        return replace(engine, lock, unit, "live", files).await;
    }
    for folder in gone.iter().flatten() {
        let prefix = format!("{folder}/");
        let inside: BTreeMap<String, Upload> = files
            .iter()
            .filter_map(|(path, file)| Some((path.strip_prefix(&prefix)?.to_owned(), file.clone())))
            .collect();
        let (above, name) = folder.rsplit_once('/').map_or(("", folder.as_str()), |(a, n)| (a, n));
        let target = format!("{}/live/{above}", volume(unit));
        let tar = replacing_dir(name, unit.owner, entries(unit, inside.iter()))?;
        engine.upload(lock.container(), target.trim_end_matches('/'), tar).await?;
    }
    let touched: BTreeSet<&str> = changes
        .iter()
        .filter(|change| !matches!(change, FileChange::Removed(_)))
        .map(FileChange::path)
        .filter(|path| !gone.contains(&folder_of(path)))
        .collect();
    if touched.is_empty() {
        return Ok(());
    }
    let tar =
        tar_of(entries(unit, files.iter().filter(|(path, _)| touched.contains(path.as_str()))))?;
    engine.upload(lock.container(), &format!("{}/live", volume(unit)), tar).await
}

/// The changes that lead back.
pub fn reverse(changes: &[FileChange]) -> Vec<FileChange> {
    changes
        .iter()
        .map(|change| match change {
            FileChange::Added(path) => FileChange::Removed(path.clone()),
            FileChange::Changed(path) => FileChange::Changed(path.clone()),
            FileChange::Removed(path) => FileChange::Added(path.clone()),
        })
        .collect()
}
