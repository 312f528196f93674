//! All that it takes to bring a generation back, but for the secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::generation::SCHEMA_VERSION;
use crate::commands::{Context, Project};
use crate::manifest::{self, Manifest};
use crate::plan::Unit;
use crate::render::Bundle;
use crate::stack;
use crate::yaml;

/// All that it takes to bring a generation back: its manifest, the files that the manifest names,
/// and what was rendered. Secrets are not among it: those of the day are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Shape of this document.
    pub schema_version: u32,
    /// The generation.
    pub number: u64,
    /// The manifest with everything that it extends merged in.
    pub manifest: String,
    /// Folders that the manifest names: field → path in it → text.
    pub folders: BTreeMap<String, BTreeMap<String, String>>,
    /// What was rendered.
    pub bundle: Bundle,
    /// Component or service → its container, with secrets covered.
    pub containers: BTreeMap<String, Json>,
}

/// The folders that a manifest may name.
type Folder = fn(&mut Manifest) -> &mut Option<String>;
const FOLDERS: [(&str, Folder); 3] = [
    ("components_dir", |manifest| &mut manifest.components_dir),
    ("rules_dir", |manifest| &mut manifest.alerts.rules_dir),
    ("templates_dir", |manifest| &mut manifest.notifications.templates_dir),
];

/// A generation's project, and the folder that its files are in as long as it is used.
pub struct Restored {
    /// Loaded and resolved as then, with what was rendered then.
    pub project: Project,
    _folders: tempfile::TempDir,
}

impl Snapshot {
    /// What is about to be applied.
    ///
    /// # Errors
    /// When a folder that the manifest names cannot be read any more.
    pub fn of(number: u64, project: &Project, units: &[Unit]) -> anyhow::Result<Self> {
        let mut folders = BTreeMap::new();
        let mut manifest = project.document.manifest.clone();
        for (field, folder) in FOLDERS {
            if let Some(dir) = folder(&mut manifest) {
                let dir = project.document.dir.join(dir);
                let mut files = BTreeMap::new();
                gather(&dir, &dir, &mut files)
                    .with_context(|| format!("cannot read {}", dir.display()))?;
                folders.insert(field.to_owned(), files);
            }
        }
        let containers =
            units.iter().map(|unit| (unit.name.clone(), unit.shown_container())).collect();
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            number,
            manifest: project.document.merged(),
            folders,
            bundle: project.bundle.clone(),
            containers,
        })
    }

    /// The project as it was. Paths of secrets start at `dir`.
    ///
    /// # Errors
    /// When this mcpmon does not understand the manifest of then.
    pub fn restore(&self, context: &Context, dir: &Path) -> anyhow::Result<Restored> {
        let folders = tempfile::tempdir().context("cannot make a folder for temporary files")?;
        let name = format!("generation {}", self.number);
        let mut document = manifest::load_text(&name, &self.manifest, dir)
            .map_err(|error| context.wrong(&error.diagnostics, &error.sources))?;
        for (field, folder) in FOLDERS {
            let Some(files) = self.folders.get(field) else { continue };
            let root = folders.path().join(field);
            for (path, text) in files {
                write(&root.join(path), text)?;
            }
            std::fs::create_dir_all(&root)?;
            *folder(&mut document.manifest) = Some(root.display().to_string());
        }
        let catalog = Context::catalog(&document)?;
        let resolved = stack::resolve(&document, &catalog)
            .map_err(|found| context.wrong(&found, &document.sources))?;
        let stack = resolved.stack;
        let project = Project { document, catalog, stack, bundle: self.bundle.clone() };
        Ok(Restored { project, _folders: folders })
    }

    /// The manifest as a document.
    ///
    /// # Errors
    /// That it is none.
    pub fn document(&self) -> anyhow::Result<yaml::Node> {
        yaml::document(&format!("generation {}", self.number), &self.manifest)
    }

    /// `containers/NAME` → the container as text.
    pub fn container_texts(&self) -> BTreeMap<String, String> {
        let text = |json: &Json| serde_json::to_string_pretty(json).unwrap_or_default() + "\n";
        self.containers
            .iter()
            .map(|(name, json)| (format!("containers/{name}"), text(json)))
            .collect()
    }

    /// Path → text of every file that the manifest names or that was rendered.
    pub fn files(&self) -> BTreeMap<String, &str> {
        let mut files = self.bundle.tree();
        for (field, inside) in &self.folders {
            files.extend(
                inside.iter().map(|(path, text)| (format!("{field}/{path}"), text.as_str())),
            );
        }
        files
    }
}

/// Texts below a folder; what is no text is nothing that mcpmon reads.
fn gather(root: &Path, dir: &PathBuf, files: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, files)?;
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str)
        {
            files.insert(name.to_owned(), text);
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above)?;
    }
    std::fs::write(path, text)
}
