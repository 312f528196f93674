//! `mcpmon schema`

use super::Context;
use crate::assets::Assets;
use crate::catalog::Catalog;
use crate::exit::Exit;
use crate::manifest;

/// Print the manifest's JSON Schema (draft-07).
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, context: &Context) -> anyhow::Result<Exit> {
    // A manifest's own component folders are part of its schema; without a manifest there are none.
    let catalog = match context.global.files.iter().all(|f| f.is_file()).then(|| context.document())
    {
        Some(Ok(document)) => Context::catalog(&document)?,
        _ => Catalog::load(Assets::shipped())?,
    };
    context.printer.json(&manifest::schema(&catalog))?;
    Ok(Exit::Done)
}
