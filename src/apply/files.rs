//! Files into configuration volumes, through the lock's container.
//!
//! The engine takes as long for one file as for all, so what belongs together goes in one archive.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Engine, EngineError, Lock, Packing, TarFile, Tree};
use crate::history::store;
use crate::plan::{FileChange, Unit, VOLUMES};

/// Where files are checked before a program reads them, and are whole before they get their names.
const CANDIDATE: &str = "candidate";

/// Where a program reads them.
const LIVE: &str = "live";

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

/// What `live/` of a unit is to hold.
pub struct Swap<'a> {
    /// Whose volume.
    pub unit: &'a Unit,
    /// All files.
    pub files: Uploads,
    /// Those that differ; `None` where nothing is known of what the volume holds.
    pub changes: Option<Vec<FileChange>>,
}

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

/// Makes `candidate/` of units hold exactly their wanted files, and writes `notes` to the state volume.
///
/// # Errors
/// What the engine says.
pub async fn stage(
    engine: &Engine,
    lock: &Lock,
    notes: &[(String, Vec<u8>)],
    units: &[&Unit],
) -> Result<(), EngineError> {
    let mut packing = packing(units.iter().copied());
    store::put(&mut packing, notes);
    for unit in units {
        let folder = folder(unit, CANDIDATE);
        packing.empty(&folder, unit.owner);
        put(&mut packing, unit, &folder, &wanted(unit));
    }
    send(engine, lock, packing).await
}

/// Takes candidates away again: secrets are not kept twice.
///
/// # Errors
/// What the engine says.
pub async fn clear(engine: &Engine, lock: &Lock, units: &[&Unit]) -> Result<(), EngineError> {
    if units.is_empty() {
        return Ok(());
    }
    let mut packing = packing(units.iter().copied());
    for unit in units {
        packing.empty(&folder(unit, CANDIDATE), unit.owner);
    }
    send(engine, lock, packing).await
}

/// Writes `notes` to the state volume, then brings `live/` of units to what it is to hold, then takes the candidates of these
/// units and of those in `staged` away.
///
/// Only what differs is touched: a changed file is replaced by itself, and a folder as a whole only where a file must go from it.
///
/// # Errors
/// What the engine says. It unpacks in this order, so that a change of which no note is kept was not begun.
pub async fn bring(
    engine: &Engine,
    lock: &Lock,
    notes: &[(String, Vec<u8>)],
    swaps: &[Swap<'_>],
    staged: &[&Unit],
) -> Result<(), EngineError> {
    let mut packing = packing(swaps.iter().map(|swap| swap.unit).chain(staged.iter().copied()));
    store::put(&mut packing, notes);
    // All of it is there before the first file takes its place: want of room then stops it in time.
    let aside: Vec<Uploads> = swaps.iter().map(|swap| write_aside(&mut packing, swap)).collect();
    for (swap, aside) in swaps.iter().zip(&aside) {
        take_place(&mut packing, swap, aside);
    }
    for unit in swaps.iter().map(|swap| swap.unit).chain(staged.iter().copied()) {
        packing.empty(&folder(unit, CANDIDATE), unit.owner);
    }
    send(engine, lock, packing).await
}

/// Writes those files of a unit that differ, whole, beside the others, and says which they are.
fn write_aside(packing: &mut Packing, swap: &Swap<'_>) -> Uploads {
    let Swap { unit, files, changes } = swap;
    let gone = gone(changes.as_deref());
    let within = |path: &str| {
        gone.iter().any(|folder| folder.is_none_or(|folder| inside(path, folder).is_some()))
    };
    let differing: BTreeSet<&str> = changes.iter().flatten().map(FileChange::path).collect();
    let touched: Uploads = files
        .iter()
        .filter(|(path, _)| within(path) || differing.contains(path.as_str()))
        .map(|(path, file)| (path.clone(), file.clone()))
        .collect();
    let aside = folder(unit, CANDIDATE);
    packing.empty(&aside, unit.owner);
    // Without folders: the engine wants those that it made to be there in the end.
    let whole: Uploads =
        (0..).zip(touched.values()).map(|(n, file)| (n.to_string(), file.clone())).collect();
    put(packing, unit, &aside, &whole);
    touched
}

/// Gives files that were written aside their names, in place of what a program may be reading.
fn take_place(packing: &mut Packing, swap: &Swap<'_>, touched: &Uploads) {
    let (live, aside) = (folder(swap.unit, LIVE), folder(swap.unit, CANDIDATE));
    for folder in gone(swap.changes.as_deref()) {
        let folder = folder.map_or_else(|| live.clone(), |folder| format!("{live}/{folder}"));
        packing.empty(&folder, swap.unit.owner);
    }
    for (number, (path, file)) in touched.iter().enumerate() {
        let there = format!("{aside}/{number}");
        packing.link(entry(swap.unit, &format!("{live}/{path}"), file), &there);
    }
}

/// Folders from which a file must go; `None` is the one that holds all. Of a volume of which nothing is known all goes: an earlier
/// stack of this name may have left something.
fn gone(changes: Option<&[FileChange]>) -> BTreeSet<Option<&str>> {
    let Some(changes) = changes else { return BTreeSet::from([None]) };
    let removed = changes.iter().filter(|change| matches!(change, FileChange::Removed(_)));
    removed.map(|change| folder_of(change.path())).collect()
}

fn folder_of(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

fn inside<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/')
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

/// Where a folder of a component's configuration volume is in the lock's container.
fn folder(unit: &Unit, folder: &str) -> String {
    format!("{}/{folder}", volume(unit))
}

fn volume(unit: &Unit) -> String {
    format!("{}/{}", VOLUMES.trim_start_matches('/'), unit.name)
}

fn put(packing: &mut Packing, unit: &Unit, folder: &str, files: &Uploads) {
    let paths: Vec<(String, &Upload)> =
        files.iter().map(|(path, file)| (format!("{folder}/{path}"), file)).collect();
    packing.put(paths.iter().map(|(path, file)| entry(unit, path, file)));
}

fn entry<'a>(unit: &Unit, path: &'a str, file: &'a Upload) -> TarFile<'a> {
    let (uid, gid) = unit.owner;
    TarFile { path, content: &file.content, mode: file.mode, uid, gid }
}

/// An archive for the root of the lock's container, in which the volumes are there.
fn packing<'a>(units: impl Iterator<Item = &'a Unit>) -> Packing {
    let volumes: Vec<String> = units.map(volume).collect();
    let above = [VOLUMES.trim_start_matches('/'), store::STATE.trim_start_matches('/')];
    Packing::new(above.into_iter().chain(volumes.iter().map(String::as_str)))
}

async fn send(engine: &Engine, lock: &Lock, packing: Packing) -> Result<(), EngineError> {
    lock.upload(engine, packing.done()?).await
}
