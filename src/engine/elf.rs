//! Just enough of the ELF format to tell whether an executable runs in an empty image, and which build it is.

/// What matters of an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elf {
    /// Architecture in Go's words, as the engine gives its own.
    pub arch: &'static str,
    /// Whether it needs a dynamic loader, and so shared libraries. A static position-independent executable does not.
    pub dynamic: bool,
}

/// Program header that names the dynamic loader.
const PT_INTERP: u64 = 3;
/// Program header of notes.
const PT_NOTE: u64 = 4;
/// The note in which a linker writes a hash of all that it linked.
const NT_GNU_BUILD_ID: u64 = 3;

/// Reads an executable; `None` when it is not ELF, or is cut short.
pub fn parse(bytes: &[u8]) -> Option<Elf> {
    let file = File::new(bytes)?;
    let mut dynamic = false;
    for header in file.headers()? {
        dynamic |= file.number(header?, 4)? == PT_INTERP;
    }
    Some(Elf { arch: arch(file.number(18, 2)?, file.little), dynamic })
}

/// The hash that the linker gave the build, if it did: another build has another one. It stands near the beginning
/// of a file, so that a part is enough.
pub fn build_id(bytes: &[u8]) -> Option<&[u8]> {
    let file = File::new(bytes)?;
    for header in file.headers()? {
        let header = header?;
        if file.number(header, 4)? != PT_NOTE {
            continue;
        }
        let (offset, size) =
            if file.wide { (header + 8, header + 32) } else { (header + 4, header + 16) };
        let (mut at, size) = (file.word(offset)?, file.word(size)?);
        let end = at.checked_add(size)?;
        if end > bytes.len() {
            continue;
        }
        while at + 12 <= end {
            let (name, text) = (file.offset(at, 4)?, file.offset(at + 4, 4)?);
            let kind = file.number(at + 8, 4)?;
            let name_at = at + 12;
            let text_at = name_at.checked_add(name.checked_next_multiple_of(4)?)?;
            let text_end = text_at.checked_add(text)?;
            if kind == NT_GNU_BUILD_ID && bytes.get(name_at..name_at + 4)? == b"GNU\0" {
                return bytes.get(text_at..text_end).filter(|id| id.len() >= 8);
            }
            at = text_end.checked_next_multiple_of(4)?;
        }
    }
    None
}

/// The fields of a file, whose width and order its first bytes say.
struct File<'a> {
    bytes: &'a [u8],
    wide: bool,
    little: bool,
}

impl<'a> File<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let ident = bytes.get(..6)?;
        let elf = ident.starts_with(b"\x7fELF");
        elf.then(|| Self { bytes, wide: ident[4] == 2, little: ident[5] == 1 })
    }

    fn number(&self, at: usize, size: usize) -> Option<u64> {
        let field = self.bytes.get(at..at.checked_add(size)?)?;
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little {
            field.iter().rev().fold(0, push)
        } else {
            field.iter().fold(0, push)
        })
    }

    fn offset(&self, at: usize, size: usize) -> Option<usize> {
        usize::try_from(self.number(at, size)?).ok()
    }

    /// An offset or a size, as wide as the file's addresses.
    fn word(&self, at: usize) -> Option<usize> {
        self.offset(at, if self.wide { 8 } else { 4 })
    }

    /// Where each program header stands.
    fn headers(&self) -> Option<impl Iterator<Item = Option<usize>> + use<>> {
        let (table, size, count) =
            if self.wide { (self.word(32)?, 54, 56) } else { (self.word(28)?, 42, 44) };
        let (size, count) = (self.offset(size, 2)?, self.offset(count, 2)?);
        Some((0..count).map(move |entry| table.checked_add(entry.checked_mul(size)?)))
    }
}

fn arch(machine: u64, little: bool) -> &'static str {
    match (machine, little) {
        (3, _) => "386",
        (21, true) => "ppc64le",
        (22, _) => "s390x",
        (40, _) => "arm",
        (62, _) => "amd64",
        (183, _) => "arm64",
        (243, _) => "riscv64",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit little-endian header with program headers of these types.
    fn executable(types: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 64 + types.len() * 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18] = 62;
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = u8::try_from(types.len()).unwrap();
        for (entry, kind) in types.iter().enumerate() {
            bytes[64 + entry * 56..][..4].copy_from_slice(&kind.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_loader_makes_it_dynamic() {
        assert_eq!(parse(&executable(&[6, 1, 2])), Some(Elf { arch: "amd64", dynamic: false }));
        assert_eq!(parse(&executable(&[6, 3])), Some(Elf { arch: "amd64", dynamic: true }));
    }

    #[test]
    fn a_build_is_known_by_what_its_linker_wrote() {
        let note = |kind: u8, owner: &[u8; 4], text: &[u8]| {
            let size = u8::try_from(text.len()).unwrap();
            let head = [4, 0, 0, 0, size, 0, 0, 0, kind, 0, 0, 0];
            [&head[..], owner, text].concat()
        };
        let notes = [note(1, b"GNU\0", &[9; 16]), note(3, b"GNU\0", &[7; 20])].concat();
        let mut bytes = executable(&[1, 4]);
        let (begin, size) = (bytes.len() as u64, notes.len() as u64);
        bytes[64 + 56 + 8..][..8].copy_from_slice(&begin.to_le_bytes());
        bytes[64 + 56 + 32..][..8].copy_from_slice(&size.to_le_bytes());
        bytes.extend(&notes);
        assert_eq!(build_id(&bytes), Some(&[7; 20][..]));
        assert_eq!(build_id(&bytes[..bytes.len() - 1]), None, "cut short");
        assert_eq!(build_id(&executable(&[1])), None, "no note");
        let mut wild = bytes.clone();
        wild[64 + 56 + 8..][..8].fill(0xff);
        assert_eq!(build_id(&wild), None);
        wild[64 + 56 + 32..][..8].fill(0);
        assert_eq!(build_id(&wild), None, "nothing at the end of all addresses");
        let other = [note(3, b"Go\0\0", &[7; 20])].concat();
        bytes.truncate(64 + 2 * 56);
        bytes.extend(&other);
        bytes[64 + 56 + 32..][..8].copy_from_slice(&(other.len() as u64).to_le_bytes());
        assert_eq!(build_id(&bytes), None, "somebody else's note");
    }

    #[test]
    fn what_is_no_executable_or_cut_short_is_none() {
        assert_eq!(parse(b"#!/bin/sh\n"), None);
        let mut cut = executable(&[1, 1]);
        cut.truncate(100);
        assert_eq!(parse(&cut), None);
        let mut wild = executable(&[1]);
        wild[32..40].fill(0xff);
        assert_eq!(parse(&wild), None);
    }
}
