//! Notices when a file changes that a stack is made of.
//!
//! Files are looked at anew again and again: it works where the kernel's notifications do not (network file systems,
//! folders shared with a virtual machine), sees files that are replaced or made later, and costs a millisecond for
//! some hundred files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::diagnostic::Sources;
use crate::manifest::{Document, SecretRef, load};
use crate::stack::Stack;

/// Time between two looks.
const STEP: Duration = Duration::from_millis(500);
/// Time between two looks while something changes.
const SETTLE: Duration = Duration::from_millis(150);
/// Looks until a file that never rests is taken as it is.
const RESTLESS: usize = 30;
/// The deepest folder that is looked into.
const DEEPEST: usize = 8;

/// What a look sees of a file; nothing where there is none.
type Trace = Option<(u64, Option<SystemTime>)>;

/// The files of a stack, and what was seen of them last.
#[derive(Debug, Default)]
pub struct Watched {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    seen: BTreeMap<PathBuf, Trace>,
}

impl Watched {
    /// Finds out which files there are. What a broken manifest hides stays watched from before.
    pub fn learn(&mut self, manifests: &[PathBuf], stack: Option<(&Document, &Stack)>) {
        if let Some((document, stack)) = stack {
            self.files.clear();
            self.folders.clear();
            let dir = &document.dir;
            let secrets = stack.secrets.iter().filter_map(|secret| match &secret.source {
                SecretRef::File(path) => Some(dir.join(path)),
                SecretRef::Env(_) => None,
            });
            self.files.extend(secrets);
            let manifest = &document.manifest;
            let folders = [&manifest.components_dir, &manifest.alerts.rules_dir];
            self.folders.extend(folders.into_iter().flatten().map(|folder| dir.join(folder)));
            self.add_sources(&document.sources);
        } else {
            match load(manifests) {
                Ok(document) => self.add_sources(&document.sources),
                Err(error) => self.add_sources(&error.sources),
            }
        }
        self.files.extend(manifests.iter().cloned());
    }

    /// How many files are looked at.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing is looked at.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Looks, and forgets what was seen before.
    pub fn look(&mut self) {
        self.seen = self.traces();
    }

    /// Looks at files that were not watched before, and forgets those that are watched no more.
    pub fn add_new(&mut self) {
        let mut now = self.traces();
        for (path, trace) in &mut now {
            if let Some(seen) = self.seen.get(path) {
                *trace = *seen;
            }
        }
        self.seen = now;
    }

    /// Waits for a change that has come to rest; the files that changed.
    pub async fn changed(&mut self) -> Vec<PathBuf> {
        loop {
            tokio::time::sleep(STEP).await;
            let mut now = self.traces();
            if now == self.seen {
                continue;
            }
            for _ in 0..RESTLESS {
                tokio::time::sleep(SETTLE).await;
                let next = self.traces();
                let rests = next == now;
                now = next;
                if rests {
                    break;
                }
            }
            let paths: BTreeSet<&PathBuf> = self.seen.keys().chain(now.keys()).collect();
            let differs = |path: &&&PathBuf| self.seen.get(**path) != now.get(**path);
            let changed: Vec<PathBuf> =
                paths.iter().filter(differs).map(|p| (*p).clone()).collect();
            self.seen = now;
            // It may have been written and put back meanwhile.
            if !changed.is_empty() {
                return changed;
            }
        }
    }

    fn add_sources(&mut self, sources: &Sources) {
        let names = sources.iter().map(|source| PathBuf::from(&source.name));
        // A profile is no file.
        self.files.extend(names.filter(|name| !name.starts_with("profile ") && name.is_file()));
    }

    fn traces(&self) -> BTreeMap<PathBuf, Trace> {
        let mut all: BTreeMap<PathBuf, Trace> =
            self.files.iter().map(|file| (file.clone(), trace(file))).collect();
        for folder in &self.folders {
            below(folder, DEEPEST, &mut all);
        }
        all
    }
}

fn trace(file: &Path) -> Trace {
    let about = std::fs::metadata(file).ok()?;
    Some((about.len(), about.modified().ok()))
}

fn below(folder: &Path, depth: usize, all: &mut BTreeMap<PathBuf, Trace>) {
    // A folder that is gone holds nothing.
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            if depth > 0 {
                below(&path, depth - 1, all);
            }
        } else if !is_passing(&path) {
            let trace = trace(&path);
            all.insert(path, trace);
        }
    }
}

/// What editors write beside a file while they save it.
fn is_passing(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp") || name == "4913"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_that_are_changed_made_replaced_and_removed_are_seen_once_they_rest() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        std::fs::create_dir(path("rules")).unwrap();
        write("a.yaml", "name: a\n");
        let mut watched = Watched::default();
        watched.files.insert(path("a.yaml"));
        watched.folders.insert(path("rules"));
        watched.look();
        assert_eq!((watched.len(), watched.is_empty()), (1, false));

        write("rules/.hidden", "x");
        write("rules/one.yml", "x");
        write("new", "name: bb\n");
        std::fs::rename(path("new"), path("a.yaml")).unwrap();
        assert_eq!(watched.changed().await, [path("a.yaml"), path("rules/one.yml")]);

        std::fs::remove_file(path("rules/one.yml")).unwrap();
        assert_eq!(watched.changed().await, [path("rules/one.yml")]);
        let quiet = tokio::time::timeout(STEP * 2, watched.changed()).await;
        assert!(quiet.is_err(), "nothing changed");
    }

    #[test]
    fn a_look_at_a_thousand_files_is_cheap() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..1000 {
            std::fs::write(dir.path().join(format!("{number}.yml")), "x").unwrap();
        }
        let mut watched = Watched::default();
        watched.folders.insert(dir.path().to_owned());
        let started = std::time::Instant::now();
        watched.look();
        let took = started.elapsed();
        println!("{took:?}");
        assert_eq!(watched.len(), 1000);
        assert!(took < Duration::from_millis(200), "{took:?}");
    }
}
