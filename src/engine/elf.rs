//! Just enough of the ELF format to tell whether an executable runs in an empty image.

/// What matters of an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elf {
    /// Architecture in Go's words, as the engine gives its own.
    pub arch: &'static str,
    /// Whether it needs a dynamic loader, and so shared libraries. A static position-independent executable does not.
    pub dynamic: bool,
}

/// Program header that names the dynamic loader.
const PT_INTERP: u32 = 3;

/// Reads an executable; `None` when it is not ELF, or is cut short.
pub fn parse(bytes: &[u8]) -> Option<Elf> {
    let ident = bytes.get(..6)?;
    if !ident.starts_with(b"\x7fELF") {
        return None;
    }
    let wide = ident[4] == 2;
    let little = ident[5] == 1;
    let number = |at: usize, size: usize| -> Option<u64> {
        let field = bytes.get(at..at.checked_add(size)?)?;
        let push = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if little { field.iter().rev().fold(0, push) } else { field.iter().fold(0, push) })
    };
    let offset =
        |at: usize, size: usize| number(at, size).and_then(|value| usize::try_from(value).ok());
    let machine = number(18, 2)?;
    let (table, entry_size, entries) = if wide {
        (offset(32, 8)?, offset(54, 2)?, offset(56, 2)?)
    } else {
        (offset(28, 4)?, offset(42, 2)?, offset(44, 2)?)
    };
    let mut dynamic = false;
    for entry in 0..entries {
        let at = table.checked_add(entry.checked_mul(entry_size)?)?;
        dynamic |= number(at, 4)? == u64::from(PT_INTERP);
    }
    Some(Elf { arch: arch(machine, little), dynamic })
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
