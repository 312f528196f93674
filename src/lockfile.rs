//! `mcpmon.lock`: the very images that a stack is made of, so that a tag cannot bring others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::engine::{Facts, Image, image_self};
use crate::exit::{Exit, Stop};
use crate::manifest::Document;
use crate::plan::Unit;
use crate::yaml;

/// Shape of the file.
const SCHEMA_VERSION: u32 = 1;
const HEADER: &str =
    "# The images of this stack. `mcpmon lock` writes it, `mcpmon up --locked` takes no others.\n";

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lockfile {
    /// Shape of the file.
    pub schema_version: u32,
    /// Reference → image.
    pub images: BTreeMap<String, Locked>,
}

/// One image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// What the registry calls it, on every platform; none for an image that never met a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Platform → the engine's identifier.
    pub platforms: BTreeMap<String, String>,
}

/// `linux/amd64`.
pub fn platform(facts: &Facts) -> String {
    format!("{}/{}", facts.os, facts.arch)
}

/// Where the file stands: beside the manifest.
pub fn path(document: &Document) -> PathBuf {
    document.dir.join("mcpmon.lock")
}

/// The references that are locked: mcpmon's own image is another one with each build.
pub fn references(units: &[Unit]) -> Vec<&str> {
    let mut all: Vec<&str> = units.iter().map(|unit| unit.spec.image.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|reference| !image_self::is_self(reference));
    all
}

impl Default for Lockfile {
    fn default() -> Self {
        Self { schema_version: SCHEMA_VERSION, images: BTreeMap::new() }
    }
}

impl Lockfile {
    /// Reads the file; nothing where there is none.
    ///
    /// # Errors
    /// A file that is none of ours.
    pub fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
        };
        let lockfile: Self = yaml::from_str(&shown, &text).map_err(|error| {
            Stop::new(Exit::Usage, format!("{error}\n`mcpmon lock --update` writes it anew"))
        })?;
        if lockfile.schema_version != SCHEMA_VERSION {
            let message = format!(
                "{shown} was written by another mcpmon; `mcpmon lock --update` writes it anew"
            );
            return Err(Stop::new(Exit::Usage, message).into());
        }
        Ok(Some(lockfile))
    }

    /// Writes the file; says whether it is another one now.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<bool> {
        let text = format!("{HEADER}{}", yaml::emit(&serde_json::to_value(self)?)?);
        if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
            return Ok(false);
        }
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(true)
    }

    /// Takes the images as they are now: those that are new, or all of them. What is no longer
    /// wanted goes.
    pub fn take(
        &mut self,
        references: &[&str],
        images: &BTreeMap<String, Image>,
        platform: &str,
        update: bool,
    ) {
        self.images.retain(|reference, _| references.contains(&reference.as_str()));
        for reference in references {
            let Some(image) = images.get(*reference) else { continue };
            let digest = digest(image);
            let locked = self.images.entry((*reference).to_owned()).or_default();
            let same = locked.digest.is_some() && locked.digest == digest;
            let is_new = locked.platforms.is_empty();
            if update && !same {
                *locked = Locked::default();
            }
            if update || is_new {
                locked.digest = digest;
            }
            if update || same || is_new {
                locked.platforms.entry(platform.to_owned()).or_insert_with(|| image.id.clone());
            }
        }
    }

    /// Refuses images that are not those of the file.
    ///
    /// # Errors
    /// Each of them.
    pub fn require(
        &self,
        references: &[&str],
        images: &BTreeMap<String, Image>,
        platform: &str,
    ) -> anyhow::Result<()> {
        let problems: Vec<String> = references
            .iter()
            .filter_map(|reference| {
                let problem = self.problem(reference, images.get(*reference), platform)?;
                Some(format!("  {reference}: {problem}"))
            })
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        let message = format!(
            "--locked: these images are not those of mcpmon.lock; nothing was touched:\n{}\n`mcpmon lock --update` takes those that are here",
            problems.join("\n")
        );
        Err(Stop::new(Exit::Rejected, message).into())
    }

    fn problem(&self, reference: &str, image: Option<&Image>, platform: &str) -> Option<String> {
        let Some(locked) = self.images.get(reference) else {
            return Some("it is not in the file".to_owned());
        };
        let Some(image) = image else { return Some("the engine does not have it".to_owned()) };
        if let Some(wanted) = &locked.digest {
            let has = |there: &String| there.rsplit('@').next() == Some(wanted);
            let is = digest(image).unwrap_or_else(|| "no digest".to_owned());
            return (!image.repo_digests.iter().any(has)).then(|| format!("{is}, not {wanted}"));
        }
        match locked.platforms.get(platform) {
            Some(id) if *id == image.id => None,
            Some(id) => Some(format!("{}, not {id}", image.id)),
            None => Some(format!("the file has none for {platform}")),
        }
    }
}

/// What a registry calls the image.
fn digest(image: &Image) -> Option<String> {
    image.repo_digests.first()?.rsplit('@').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(id: &str, digest: Option<&str>) -> Image {
        Image {
            id: id.to_owned(),
            repo_digests: digest.map(|d| format!("a/b@{d}")).into_iter().collect(),
            user: String::new(),
            entrypoint: Vec::new(),
            cmd: Vec::new(),
            architecture: "amd64".to_owned(),
            labels: BTreeMap::new(),
            size: 0,
            volumes: Vec::new(),
        }
    }

    fn images(image: Image) -> BTreeMap<String, Image> {
        BTreeMap::from([("a/b:1".to_owned(), image)])
    }

    #[test]
    fn a_digest_holds_on_every_platform_and_an_identifier_on_its_own() {
        let mut file = Lockfile::default();
        let (amd, arm) = ("linux/amd64", "linux/arm64");
        let here = images(image("sha256:1", Some("sha256:d")));
        assert!(file.require(&["a/b:1"], &here, amd).is_err());
        file.take(&["a/b:1"], &here, amd, false);
        file.require(&["a/b:1"], &here, amd).unwrap();
        let there = images(image("sha256:2", Some("sha256:d")));
        file.require(&["a/b:1"], &there, arm).unwrap();
        file.take(&["a/b:1"], &there, arm, false);
        assert_eq!(file.images["a/b:1"].platforms.len(), 2);
        let moved = images(image("sha256:3", Some("sha256:e")));
        let error = file.require(&["a/b:1"], &moved, amd).unwrap_err().to_string();
        assert!(error.contains("sha256:e, not sha256:d"), "{error}");
        // Without --update what is locked stays so.
        file.take(&["a/b:1"], &moved, amd, false);
        assert!(file.require(&["a/b:1"], &moved, amd).is_err());
        file.take(&["a/b:1"], &moved, amd, true);
        file.require(&["a/b:1"], &moved, amd).unwrap();
        assert_eq!(file.images["a/b:1"].platforms.len(), 1);

        let mut local = Lockfile::default();
        let own = images(image("sha256:4", None));
        local.take(&["a/b:1"], &own, amd, false);
        local.require(&["a/b:1"], &own, amd).unwrap();
        assert!(local.require(&["a/b:1"], &own, arm).is_err());
        assert!(local.require(&["a/b:1"], &images(image("sha256:5", None)), amd).is_err());
        local.take(&[], &own, amd, false);
        assert!(local.images.is_empty());
    }
}
