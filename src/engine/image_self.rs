//! This executable as an image, so that the agent runs beside the stack without a registry.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType};

use super::files::append;
use super::{Engine, EngineError, elf, labels};
use crate::hex::hex;

/// The user that containers of the image run as.
const NOBODY: &str = "65534:65534";

/// As much of an executable as holds its build's identity, as a rule.
const HEAD: u64 = 16 << 10;

/// The reference of the image that holds the running executable, whether it is there or not.
///
/// The executable is looked at once: its reference is asked for at several steps of a change.
pub fn self_reference() -> Result<String, EngineError> {
    static REFERENCE: OnceLock<String> = OnceLock::new();
    if let Some(known) = REFERENCE.get() {
        return Ok(known.clone());
    }
    let executable = std::env::current_exe()
        .map_err(|error| EngineError::io("find mcpmon's own executable", error))?;
    let during = || format!("read {}", executable.display());
    let read = || -> io::Result<String> {
        let mut head = Vec::new();
        File::open(&executable)?.take(HEAD).read_to_end(&mut head)?;
        // All of it is tens of megabytes, and every command would read them.
        Ok(match elf::build_id(&head) {
            Some(id) => named(id),
            None => reference(&std::fs::read(&executable)?),
        })
    };
    let found = read().map_err(|error| EngineError::io(during(), error))?;
    Ok(REFERENCE.get_or_init(|| found).clone())
}

/// Whether an image is mcpmon's own, of whichever build.
pub fn is_self(reference: &str) -> bool {
    reference.starts_with("mcpmon/self:")
}

/// Its name holds the hash that the linker gave the executable, else the executable's own: another build is another
/// image.
fn reference(executable: &[u8]) -> String {
    elf::build_id(executable).map_or_else(|| named(&Sha256::digest(executable)), named)
}

fn named(identity: &[u8]) -> String {
    format!("mcpmon/self:{:.12}", hex(identity))
}

/// Gives the reference of the image that holds the running executable, and makes that image when the engine does not have it.
pub async fn ensure_self_image(engine: &Engine) -> Result<String, EngineError> {
    let executable = std::env::current_exe()
        .map_err(|error| EngineError::io("find mcpmon's own executable", error))?;
    ensure_image_of(engine, &executable).await
}

/// As [`ensure_self_image`], for any executable that can stand in for mcpmon.
///
/// Another build is another image, and the same build is imported once.
pub async fn ensure_image_of(engine: &Engine, executable: &Path) -> Result<String, EngineError> {
    let during = || format!("make an image of {}", executable.display());
    let bytes = std::fs::read(executable).map_err(|error| EngineError::io(during(), error))?;
    let facts = engine.facts();
    if let Err(reason) = runs_in_an_empty_image(&bytes, &facts.os, &facts.arch) {
        let advice = "Use a released mcpmon for that platform, or name an image that has it: components.agent.image in the manifest";
        return Err(EngineError::io(during(), format_args!("{reason}. {advice}")));
    }
    let reference = reference(&bytes);
    if engine.image(&reference).await?.is_none() {
        let tar = root(&bytes).map_err(|error| EngineError::io(during(), error))?;
        let changes = [
            r#"ENTRYPOINT ["/mcpmon"]"#.to_owned(),
            format!("USER {NOBODY}"),
            format!("LABEL {}=true", labels::SELF_IMAGE),
        ];
        engine.import_image(tar, &reference, &changes).await?;
    }
    Ok(reference)
}

fn runs_in_an_empty_image(executable: &[u8], os: &str, arch: &str) -> Result<(), String> {
    let Some(elf) = elf::parse(executable).filter(|_| os == "linux") else {
        return Err(format!(
            "it is no Linux executable, and containers of this engine need one for {os}/{arch}"
        ));
    };
    if elf.arch != arch {
        return Err(format!("it is for {}, and the engine's host is {arch}", elf.arch));
    }
    if elf.dynamic {
        return Err("it is dynamically linked, and an empty image has no libraries".to_owned());
    }
    Ok(())
}

/// The root file system: the executable, a place for temporary files, and names for the user it runs as.
fn root(executable: &[u8]) -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::with_capacity(executable.len() + 8192));
    append(&mut tar, EntryType::Directory, "etc", (0o755, 0, 0), &[])?;
    append(
        &mut tar,
        EntryType::Regular,
        "etc/group",
        (0o644, 0, 0),
        b"root:x:0:\nnobody:x:65534:\n",
    )?;
    let passwd = b"root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n";
    append(&mut tar, EntryType::Regular, "etc/passwd", (0o644, 0, 0), passwd)?;
    append(&mut tar, EntryType::Regular, "mcpmon", (0o755, 0, 0), executable)?;
    append(&mut tar, EntryType::Directory, "tmp", (0o1777, 0, 0), &[])?;
    tar.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_refused_with_the_platform_that_is_needed() {
        let reason = runs_in_an_empty_image(b"#!/bin/sh", "linux", "arm64").unwrap_err();
        assert!(reason.contains("linux/arm64"), "{reason}");
    }
}
