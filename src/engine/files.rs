//! Tar archives for upload: the same bytes for the same files, whoever packs them and when.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use tar::{Builder, EntryType, Header};

use super::EngineError;

/// A regular file to be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TarFile<'a> {
    /// Path relative to the directory it is unpacked in, with `/` between parts.
    pub path: &'a str,
    /// Content.
    pub content: &'a [u8],
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
}

/// Packs files in the order of their paths, each new directory before its first file, with mode 0755 and that file's owner.
///
/// Unpacking adds and replaces files and leaves others alone. Fails for a path that is absolute or holds `..`.
pub fn tar_of<'a>(files: impl IntoIterator<Item = TarFile<'a>>) -> Result<Vec<u8>, EngineError> {
    let mut packing = Packing::new([]);
    packing.put(files);
    packing.done()
}

/// An archive that does several things when the engine unpacks it, in the order in which they were asked for.
///
/// The engine offers neither removal nor renaming, and an image without a shell cannot be asked for them. But its unpacking removes what
/// stands where an entry goes, and knows hard links.
pub struct Packing {
    tar: io::Result<Builder<Vec<u8>>>,
    /// Directories that are there.
    known: BTreeSet<String>,
}

impl Packing {
    /// Nothing yet. Directories of `known` are there already and stay as they are.
    pub fn new<'a>(known: impl IntoIterator<Item = &'a str>) -> Self {
        let known = known.into_iter().map(str::to_owned).collect();
        Self { tar: Ok(Builder::new(Vec::new())), known }
    }

    /// Adds or replaces files. While one is written a reader finds it missing or cut short.
    pub fn put<'a>(&mut self, files: impl IntoIterator<Item = TarFile<'a>>) {
        let files: BTreeMap<&str, TarFile<'_>> =
            files.into_iter().map(|file| (file.path, file)).collect();
        for (path, file) in files {
            let owner = (file.uid, file.gid);
            self.make_parents(path, owner);
            self.entry(|tar| {
                append(tar, EntryType::Regular, path, (file.mode, file.uid, file.gid), file.content)
            });
        }
    }

    /// Leaves a directory empty, with this owner.
    ///
    /// Who watched it watches it no more. What is put into it afterwards is missing until then. This archive may have put files into it
    /// before, but no directories: at the end of its unpacking the engine sets the time of each directory.
    pub fn empty(&mut self, directory: &str, (uid, gid): (u64, u64)) {
        self.make_parents(directory, (uid, gid));
        let inside = format!("{directory}/");
        self.known.retain(|known| !known.starts_with(&inside));
        self.known.insert(directory.to_owned());
        // What is of another type goes.
        self.entry(|tar| append(tar, EntryType::Regular, directory, (0o600, uid, gid), &[]));
        self.entry(|tar| append(tar, EntryType::Directory, directory, (0o755, uid, gid), &[]));
    }

    /// Gives a file, whose path in this archive is `there`, a second name in place of what stands under that name: whoever reads it
    /// finds the whole of the one or of the other. (It is missing for the time between two system calls.)
    pub fn link(&mut self, file: TarFile<'_>, there: &str) {
        self.make_parents(file.path, (file.uid, file.gid));
        self.entry(|tar| {
            let mut header = header(EntryType::Link, (file.mode, file.uid, file.gid), 0);
            tar.append_link(&mut header, file.path, there)
        });
    }

    /// The bytes.
    ///
    /// # Errors
    /// When a path was absolute or held `..`.
    pub fn done(self) -> Result<Vec<u8>, EngineError> {
        let packed = self.tar.and_then(Builder::into_inner);
        packed.map_err(|error| EngineError::io("pack files", error))
    }

    fn make_parents(&mut self, path: &str, (uid, gid): (u64, u64)) {
        for (at, _) in path.match_indices('/') {
            let parent = &path[..at];
            if self.known.insert(parent.to_owned()) {
                self.entry(|tar| append(tar, EntryType::Directory, parent, (0o755, uid, gid), &[]));
            }
        }
    }

    /// The first failure is the one that is told.
    fn entry(&mut self, append: impl FnOnce(&mut Builder<Vec<u8>>) -> io::Result<()>) {
        if let Ok(tar) = &mut self.tar
            && let Err(error) = append(tar)
        {
            self.tar = Err(error);
        }
    }
}

/// Appends one entry.
pub(super) fn append(
    tar: &mut Builder<Vec<u8>>,
    kind: EntryType,
    path: &str,
    owner: (u32, u64, u64),
    content: &[u8],
) -> io::Result<()> {
    let mut header = header(kind, owner, content.len() as u64);
    tar.append_data(&mut header, path, content)
}

/// The time is always the same: nothing that reads configuration should care, and the archive stays deterministic.
fn header(kind: EntryType, (mode, uid, gid): (u32, u64, u64), size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(uid);
    header.set_gid(gid);
    header.set_mtime(0);
    header.set_size(size);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> TarFile<'_> {
        TarFile { path, content: b"x", mode: 0o640, uid: 65534, gid: 7 }
    }

    fn listed(bytes: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let kind = match header.entry_type() {
                EntryType::Directory => "d",
                EntryType::Link => "l",
                _ => "f",
            };
            let link = entry.link_name().unwrap();
            format!(
                "{kind} {} {:o} {}:{}{}",
                entry.path().unwrap().display(),
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap(),
                link.map(|to| format!(" -> {}", to.display())).unwrap_or_default()
            )
        });
        entries.collect()
    }

    #[test]
    fn directories_come_before_their_files_and_the_order_given_does_not_matter() {
        let bytes = tar_of([file("b/c/d"), file("a")]).unwrap();
        assert_eq!(
            listed(&bytes),
            ["f a 640 65534:7", "d b 755 65534:7", "d b/c 755 65534:7", "f b/c/d 640 65534:7"]
        );
        assert_eq!(bytes, tar_of([file("a"), file("b/c/d")]).unwrap());
    }

    #[test]
    fn a_directory_that_is_emptied_is_first_a_file() {
        let mut packing = Packing::new(["volume"]);
        packing.put([file("volume/live/b")]);
        packing.empty("volume/live", (1, 2));
        packing.put([file("volume/live/a/c")]);
        assert_eq!(
            listed(&packing.done().unwrap()),
            [
                "d volume/live 755 65534:7",
                "f volume/live/b 640 65534:7",
                "f volume/live 600 1:2",
                "d volume/live 755 1:2",
                "d volume/live/a 755 65534:7",
                "f volume/live/a/c 640 65534:7",
            ]
        );
    }

    #[test]
    fn a_file_is_whole_before_it_gets_its_name() {
        let mut packing = Packing::new([]);
        packing.put([file("staged/a")]);
        packing.link(file("live/a"), "staged/a");
        let bytes = packing.done().unwrap();
        assert_eq!(
            listed(&bytes),
            [
                "d staged 755 65534:7",
                "f staged/a 640 65534:7",
                "d live 755 65534:7",
                "l live/a 640 65534:7 -> staged/a",
            ]
        );
    }

    #[test]
    fn a_path_that_leaves_the_directory_is_refused() {
        assert!(tar_of([file("../x")]).is_err());
        assert!(tar_of([file("/x")]).is_err());
        let long = "d/".repeat(80) + "x";
        assert!(listed(&tar_of([file(&long)]).unwrap()).last().unwrap().contains(&long));
    }
}
