//! `mcpmon lock`

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::Context;
use crate::apply::self_image_reference;
use crate::exit::{Exit, Stop};
use crate::lockfile::{self, Lockfile};
use crate::output::Mark;
use crate::plan;
use crate::stack::Secrets;

/// Write down the very images that the stack is made of, in `mcpmon.lock` beside the manifest.
///
/// Images that the file does not know yet are taken as the engine has them; what it knows stays,
/// and what no container wants any more goes. `mcpmon up --locked` takes no other images.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take every image as the engine has it now
    #[arg(long)]
    pub update: bool,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let reader = context.reader().await?;
    let own = self_image_reference(&project.stack)?;
    let units = plan::wanted(&project.stack, &project.bundle, &Secrets::default(), &own);
    let references = lockfile::references(&units);
    let found = try_join_all(references.iter().map(|reference| reader.image(reference))).await?;
    let images: BTreeMap<String, _> = references
        .iter()
        .zip(found)
        .filter_map(|(reference, image)| Some(((*reference).to_owned(), image?)))
        .collect();
    let missing: Vec<&str> =
        references.iter().copied().filter(|reference| !images.contains_key(*reference)).collect();
    if !missing.is_empty() {
        let message = format!(
            "the engine does not have {}; `docker pull` gets them, or `mcpmon up`",
            missing.join(", ")
        );
        return Err(Stop::new(Exit::Failed, message).into());
    }
    let path = lockfile::path(&project.document);
    let there = if args.update {
        Lockfile::read(&path).unwrap_or_default()
    } else {
        Lockfile::read(&path)?
    };
    let mut lockfile = there.unwrap_or_default();
    lockfile.take(&references, &images, &lockfile::platform(reader.facts()), args.update);
    let written = lockfile.write(&path)?;
    for (reference, locked) in lockfile.images.iter().filter(|(_, l)| l.digest.is_none()) {
        let id = locked.platforms.values().next().map_or("", String::as_str);
        let text = format!(
            "{reference} is of no registry: it is known by its identifier alone ({id}), on this engine"
        );
        context.printer.mark(Mark::Note, text);
    }
    let what = if written { "images in" } else { "images; nothing changed in" };
    context.printer.mark(Mark::Good, format!("{} {what} {}", references.len(), path.display()));
    Ok(Exit::Done)
}
