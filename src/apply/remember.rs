//! What was applied, kept on the engine: the last generations, without any secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commands::Project;
use crate::engine::{Engine, Lock, TarFile, replacing_dir};
use crate::plan::{Action, Plan, Unit};

/// Name under which the state volume is mounted in the lock's container.
pub const STATE: &str = "mcpmon-state";
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

/// Writes down what was just applied.
pub async fn generation(
    engine: &Engine,
    lock: &Lock,
    project: &Project,
    units: &[Unit],
    plan: &Plan,
) -> anyhow::Result<()> {
    let folder = format!("/volumes/{STATE}/generations");
    let mut kept: BTreeMap<String, Vec<u8>> = engine
        .read_tree(lock.container(), &folder)
        .await?
        .unwrap_or_default()
        .into_iter()
        .map(|(name, file)| (name, file.content))
        .collect();
    let last = kept.keys().filter_map(|name| name.strip_suffix(".json")?.parse::<u64>().ok()).max();
    let generation = Generation {
        schema_version: 1,
        number: last.unwrap_or(0) + 1,
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
    kept.insert(format!("{:010}.json", generation.number), serde_json::to_vec(&generation)?);
    while kept.len() > KEPT {
        kept.pop_first();
    }
    let files =
        kept.iter().map(|(path, content)| TarFile { path, content, mode: 0o600, uid: 0, gid: 0 });
    let tar = replacing_dir("generations", (0, 0), files)?;
    engine.upload(lock.container(), &format!("/volumes/{STATE}"), tar).await?;
    Ok(())
}
