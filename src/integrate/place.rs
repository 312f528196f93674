//! Into which of a manifest's files an entry goes.

use std::path::{Path, PathBuf};

use super::{Change, Entry, block, insert};
use crate::exit::{Exit, Stop};
use crate::manifest::Document;
use crate::yaml;

/// The changes that add the entries: a service goes where services stand, its network where networks stand; each into
/// the last file that has any.
///
/// # Errors
/// Services and networks that stand in different files, or a layout that cannot be added to.
pub fn changes(
    entries: &[Entry],
    document: &Document,
    files: &[PathBuf],
) -> anyhow::Result<Vec<Change>> {
    let holds = |path: &Path, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        yaml::parse(0, &text).is_ok_and(|root| root.get(key).is_some())
    };
    let home = |key: &str| {
        files
            .iter()
            .rev()
            .find(|file| holds(file, key))
            .or(files.first())
            .cloned()
            .unwrap_or_default()
    };
    let (path, other) = (home("services"), home("networks"));
    let before = std::fs::read_to_string(&path)?;
    let mut after = before.clone();
    let mut networks: Vec<String> =
        document.manifest.networks.iter().map(ToString::to_string).collect();
    for entry in entries {
        let network = entry.network.as_ref().filter(|network| !networks.contains(network));
        if let Some(network) = network
            && path != other
        {
            let message = format!(
                "add `{network}` to `networks` in {}, where the others stand; then run this again",
                other.display()
            );
            return Err(Stop::new(Exit::Usage, message).into());
        }
        networks.extend(network.cloned());
        after = insert::insert(&after, entry, network.map(|_| networks.as_slice())).map_err(
            |problem| {
                let block = block::block(entry, "  ", "\n");
                Stop::new(
                    Exit::Failed,
                    format!("{}: {problem}:\nservices:\n{block}", path.display()),
                )
            },
        )?;
    }
    Ok(vec![Change { path, before, after }])
}
