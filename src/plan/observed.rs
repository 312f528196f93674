//! What there is, asked of the engine with GET requests alone.

use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join_all, try_join3};

use super::wanted::{Unit, config_volume, state_container};
use crate::engine::{Container, EngineError, Image, Network, Reader, Tree, labels};
use crate::stack::{LIVE, engine_network};

/// What there is of a stack.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The stack's containers, by name.
    pub containers: BTreeMap<String, Container>,
    /// Containers that have a wanted name and belong to somebody else: name → what they are.
    pub foreign: BTreeMap<String, String>,
    /// Component → files that its process reads.
    pub live: BTreeMap<String, Tree>,
    /// The stack's network.
    pub network: Option<Network>,
    /// The network between the agent and those that read the engine through it.
    pub engine_network: Option<Network>,
    /// Those among the networks that the manifest names which are there.
    pub other_networks: Vec<Network>,
    /// Images by reference; absent ones are missing.
    pub images: BTreeMap<String, Image>,
}

impl Observed {
    /// Whether a container of the stack has a process.
    pub fn is_alive(&self, container: &str) -> bool {
        self.containers.get(container).is_some_and(|there| there.state.status.is_alive())
    }

    /// The identifier of a network that the stack's containers join, if it is there.
    pub fn network_id(&self, name: &str) -> Option<&str> {
        let own = self.network.iter().chain(&self.engine_network);
        let found = own.chain(&self.other_networks).find(|network| network.name == name)?;
        Some(&found.id)
    }
}

/// Where the configuration volumes are mounted in the lock's container and in the one that volumes are read through, each under its
/// component.
pub const VOLUMES: &str = "/volumes";

/// Looks at everything that concerns a stack. Files of all components are read through the lock's container, where there is one, else
/// through the one that is kept for it: a single question, where asking each container is one for each. Measured on Docker 20.10: the
/// engine works 45 ms for each, however few files there are.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn observe(
    reader: &Reader,
    stack: &str,
    units: &[Unit],
    lock: Option<&str>,
) -> Result<Observed, EngineError> {
    let mut references: Vec<&str> = units.iter().map(|unit| unit.spec.image.as_str()).collect();
    references.sort_unstable();
    references.dedup();
    let images = async {
        let found =
            try_join_all(references.iter().map(|reference| reader.image(reference))).await?;
        Ok(references
            .iter()
            .zip(found)
            .filter_map(|(r, image)| Some(((*r).to_owned(), image?)))
            .collect())
    };
    let engine_network = engine_network(stack);
    // Every unit joins the same ones, if any.
    let mut joined: Vec<&String> = units.iter().flat_map(|unit| &unit.spec.also_networks).collect();
    joined.sort_unstable();
    joined.dedup();
    joined.retain(|name| **name != engine_network);
    let joined = try_join_all(joined.into_iter().map(|name| reader.network(name)));
    let networks = try_join3(reader.network(stack), reader.network(&engine_network), joined);
    // Begun with the rest: nothing else takes as long.
    let mounted = mounted(reader, stack, units, lock);
    let ((containers, mut mounted), ((network, engine_network, joined), images)) =
        try_join(try_join(reader.containers(stack), mounted), try_join(networks, images)).await?;
    let containers: BTreeMap<String, Container> =
        containers.into_iter().map(|c| (c.name.clone(), c)).collect();

    // A name that is wanted and not among ours may be somebody else's.
    let absent: Vec<&str> = units
        .iter()
        .map(|u| u.spec.name.as_str())
        .filter(|name| !containers.contains_key(*name))
        .collect();
    let others = try_join_all(absent.iter().map(|name| reader.container(name))).await?;
    let foreign = others
        .into_iter()
        .flatten()
        .map(|c| (c.name.clone(), format!("a container of the image {}", c.image)))
        .collect();

    let configured =
        units.iter().filter(|u| !u.files.is_empty() && containers.contains_key(&u.spec.name));
    let live = try_join_all(configured.map(|unit| {
        let mounted = mounted.remove(&unit.name);
        async move {
            let files = match mounted {
                Some(files) => Some(files),
                None => reader.read_tree(&unit.spec.name, LIVE).await?,
            };
            Ok((unit.name.clone(), files.unwrap_or_default()))
        }
    }))
    .await?
    .into_iter()
    .collect();
    let other_networks = joined.into_iter().flatten().collect();
    Ok(Observed { containers, foreign, live, network, engine_network, other_networks, images })
}

/// The files in use of those units whose configuration one container has mounted: the lock's has all.
async fn mounted(
    reader: &Reader,
    stack: &str,
    units: &[Unit],
    lock: Option<&str>,
) -> Result<BTreeMap<String, Tree>, EngineError> {
    let kept = match lock {
        Some(_) => None,
        None => reader.container(&state_container(stack)).await?,
    };
    let kept = kept.filter(|c| c.labels.get(labels::STATE).map(String::as_str) == Some(stack));
    let Some(container) = lock.or(kept.as_ref().map(|kept| kept.id.as_str())) else {
        return Ok(BTreeMap::new());
    };
    let shown =
        units.iter().filter(|unit| kept.as_ref().is_none_or(|kept| shows(kept, stack, unit)));
    let mut live: BTreeMap<String, Tree> =
        shown.map(|unit| (unit.name.clone(), Tree::new())).collect();
    let tree = match reader.read_tree(container, VOLUMES).await {
        // Another mcpmon made it anew.
        Err(error) if lock.is_none() && error.is_not_found() => return Ok(BTreeMap::new()),
        tree => tree?,
    };
    for (path, file) in tree.unwrap_or_default() {
        let mut parts = path.splitn(3, '/');
        if let (Some(component), Some("live"), Some(path)) =
            (parts.next(), parts.next(), parts.next())
            && let Some(files) = live.get_mut(component)
        {
            files.insert(path.to_owned(), file);
        }
    }
    Ok(live)
}

/// Whether a container has a unit's configuration mounted.
fn shows(kept: &Container, stack: &str, unit: &Unit) -> bool {
    let (name, target) = (config_volume(stack, &unit.name), format!("{VOLUMES}/{}", unit.name));
    kept.mounts.iter().any(|mount| mount.source == name && mount.target == target)
}
