//! Which images run, or ran last.

use std::collections::BTreeMap;

use crate::engine::Container;
use crate::history::{History, ImageUsed, Outcome};
use crate::stack::Stack;

/// What generations say about a component: its image, and when the last one with it ended.
#[derive(Clone, Debug)]
pub struct Before {
    /// Its image.
    pub image: ImageUsed,
    /// RFC 3339.
    pub ended: String,
}

/// The newest generation of each component; one that was undone is none.
pub fn before(history: &History) -> BTreeMap<String, Before> {
    let mut found = BTreeMap::new();
    for generation in history.all().filter(|generation| generation.outcome != Outcome::Undone) {
        let ended = generation.ended.clone().unwrap_or_else(|| generation.began.clone());
        for (name, image) in &generation.images {
            let before = Before { image: image.clone(), ended: ended.clone() };
            found.insert(name.clone(), before);
        }
    }
    found
}

/// Component → the image that it runs, as a tag names it; without a container the one that it ran
/// last, for its data may still be there.
pub fn images(
    stack: &Stack,
    containers: &BTreeMap<String, Container>,
    before: &BTreeMap<String, Before>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for part in stack.components.values() {
        let container = containers.get(&stack.container(&part.name));
        let before = before.get(&part.name).map(|before| &before.image.reference);
        let named = container.map(|container| &container.image);
        // A container that a rollback made may name its image by digest.
        let named = named.filter(|image| before.is_none() || part.spec.version_of(image).is_some());
        if let Some(image) = named.or(before) {
            found.insert(part.name.clone(), image.clone());
        }
    }
    found
}
