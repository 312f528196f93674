//! The containers that there should be, with the images that a generation had.

use std::collections::BTreeMap;

use super::self_image_reference;
use crate::commands::Project;
use crate::engine::{Reader, image_self};
use crate::exit::{Exit, Stop};
use crate::history::ImageUsed;
use crate::plan::{self, Unit};
use crate::stack::Secrets;

/// Everything that there should be, made of these images where they are named.
///
/// # Errors
/// Each image that cannot be had any more.
pub async fn wanted(
    reader: &Reader,
    project: &Project,
    secrets: &Secrets,
    images: &BTreeMap<String, ImageUsed>,
) -> anyhow::Result<Vec<Unit>> {
    let own = self_image_reference(&project.stack)?;
    let mut units = plan::wanted(&project.stack, &project.bundle, secrets, &own);
    let mut gone = Vec::new();
    for unit in &mut units {
        let Some(image) = images.get(&unit.name) else { continue };
        match reference(reader, image).await? {
            Some(reference) if reference != unit.spec.image => unit.pin(&reference),
            Some(_) => {}
            // The mcpmon of then is gone: that of today does its work.
            None if image_self::is_self(&image.reference) => {}
            None => gone.push(format!("  {}: {} ({})", unit.name, image.reference, image.id)),
        }
    }
    if gone.is_empty() {
        return Ok(units);
    }
    let message = format!(
        "these images are gone from the engine, and no registry knows them by a digest; nothing was touched:\n{}\nname a version that can be had in the manifest, and run `mcpmon up`",
        gone.join("\n")
    );
    Err(Stop::new(Exit::Failed, message).into())
}

/// What names the same image now: its tag, if that still does, else its digest or identifier.
async fn reference(reader: &Reader, image: &ImageUsed) -> anyhow::Result<Option<String>> {
    let tagged = reader.image(&image.reference).await?;
    // The name of mcpmon's own says which build is in it, whatever it is known by.
    let own = image_self::is_self(&image.reference);
    if tagged.is_some_and(|tagged| own || tagged.id == image.id) {
        return Ok(Some(image.reference.clone()));
    }
    if image.id.is_empty() {
        return Ok(None);
    }
    let there = reader.image(&image.id).await?.is_some();
    Ok(match image.digests.first() {
        Some(digest) => Some(digest.clone()),
        None => there.then(|| image.id.clone()),
    })
}
