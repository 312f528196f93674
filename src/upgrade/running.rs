//! Which images run, or ran last.

use std::collections::BTreeMap;

use crate::engine::Container;
use crate::history::{History, ImageUsed, Outcome};
use crate::stack::Stack;

/// The image of each component in the newest generation that has it; one that was undone is none.
pub fn before(history: &History) -> BTreeMap<String, ImageUsed> {
    let mut found = BTreeMap::new();
    for generation in history.all().filter(|generation| generation.outcome != Outcome::Undone) {
        found.extend(generation.images.clone());
    }
    found
}

/// Component → the image that it runs, as a tag names it; without a container the one that it ran
/// last, for its data may still be there.
pub fn images(
    stack: &Stack,
    containers: &BTreeMap<String, Container>,
    before: &BTreeMap<String, ImageUsed>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for part in stack.components.values() {
        let container = containers.get(&stack.container(&part.name));
        let before = before.get(&part.name).map(|before| &before.reference);
        let named = container.map(|container| &container.image);
        // A container that a rollback made may name its image by digest.
        let named = named.filter(|image| before.is_none() || part.spec.version_of(image).is_some());
        if let Some(image) = named.or(before) {
            found.insert(part.name.clone(), image.clone());
        }
    }
    found
}
