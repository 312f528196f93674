//! What was applied, kept on the engine: the last generations, without any secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commands::Project;
use crate::engine::{Engine, Lock, TarFile, replacing_dir, tar_of};
use crate::plan::{Action, Plan, Unit};

/// Where the state volume is mounted in the lock's container.
pub const STATE: &str = "/state";
/// Generations that are kept.
const KEPT: usize = 10;

/// A bundle that was applied.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Generation {
    /// Shape of this document.
    pub schema_version: u32,
    /// Its number, counted from 1.
    pub number: u64,
    /// When, as RFC 3339.
    pub applied: String,
    /// The mcpmon that applied it.
    pub mcpmon: String,
    /// SHA-256 of the bundle.
    pub bundle: String,
    /// Component or service → image.
    pub images: BTreeMap<String, String>,
    /// Component or service → what was done.
    pub actions: BTreeMap<String, String>,
    /// Rendered files; secrets are not among them.
    pub files: BTreeMap<String, String>,
}

/// The generations that are there, by file name.
pub async fn kept(engine: &Engine, lock: &Lock) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let tree = engine.read_tree(lock.container(), &format!("{STATE}/generations")).await?;
    Ok(tree.unwrap_or_default().into_iter().map(|(name, file)| (name, file.content)).collect())
}

/// Writes down what was just applied, beside those before it.
pub async fn write(
    engine: &Engine,
    lock: &Lock,
    project: &Project,
    units: &[Unit],
    plan: &Plan,
    mut kept: BTreeMap<String, Vec<u8>>,
) -> anyhow::Result<()> {
    let number = |name: &String| name.strip_suffix(".json")?.parse::<u64>().ok();
    let generation = Generation {
        schema_version: 1,
        number: kept.keys().filter_map(number).max().unwrap_or(0) + 1,
        applied: jiff::Timestamp::now().to_string(),
        mcpmon: env!("CARGO_PKG_VERSION").to_owned(),
        bundle: project.bundle.hash(),
        images: units.iter().map(|u| (u.name.clone(), u.spec.image.clone())).collect(),
        actions: plan
            .units
            .iter()
            .filter(|u| u.action != Action::None)
            .map(|u| (u.name.clone(), u.action.as_str().to_owned()))
            .collect(),
        files: project
            .bundle
            .tree()
            .into_iter()
            .map(|(path, text)| (path, text.to_owned()))
            .collect(),
    };
    // Ten digits keep the names in the order of the numbers.
    let name = format!("{:010}.json", generation.number);
    kept.insert(name.clone(), serde_json::to_vec(&generation)?);
    let prune = kept.len() > KEPT;
    while kept.len() > KEPT {
        kept.pop_first();
    }
    // Only removing needs the folder to be written as a whole.
    kept.retain(|kept, _| prune || *kept == name);
    let prefix = if prune { "" } else { "generations/" };
    let paths: Vec<(String, &Vec<u8>)> =
        kept.iter().map(|(name, content)| (format!("{prefix}{name}"), content)).collect();
    let files =
        paths.iter().map(|(path, content)| TarFile { path, content, mode: 0o600, uid: 0, gid: 0 });
    let tar = if prune { replacing_dir("generations", (0, 0), files)? } else { tar_of(files)? };
    engine.upload(lock.container(), STATE, tar).await?;
    Ok(())
}
