//! What every command takes that looks back.

use std::path::PathBuf;

use super::Context;
use crate::engine::Engine;
use crate::exit::{Exit, Stop};
use crate::history::{History, place};
use crate::manifest::Name;

/// Whose past is looked at.
#[derive(Debug, clap::Args)]
pub struct PastArgs {
    /// The stack, where there is no manifest at hand that names it
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub stack: Option<Name>,
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.replace(crate::yaml::HELP, "; "))
}

impl PastArgs {
    /// The stack's name, and the folder that paths of secrets start at.
    pub fn stack(&self, context: &Context) -> anyhow::Result<(String, PathBuf)> {
        if let Some(name) = &self.stack {
            let first = context.global.files.first();
            let dir = first.and_then(|file| file.parent()).map(PathBuf::from).unwrap_or_default();
            return Ok((name.to_string(), dir));
        }
        let document = context.document()?;
        Ok((document.manifest.name.to_string(), document.dir))
    }
}

/// Does something with the generations of a stack, and the container that they are read through.
pub async fn look<T>(
    engine: &Engine,
    stack: &str,
    look: impl AsyncFnOnce(&History, &str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let seen = place::with(engine, stack, async |container| {
        let history = History::read(engine, container).await?;
        if history.current().is_none() {
            return Ok(None);
        }
        look(&history, container).await.map(Some)
    })
    .await?;
    seen.flatten().ok_or_else(|| {
        let message = format!("nothing of the stack `{stack}` was ever applied on this engine");
        Stop::new(Exit::Failed, message).into()
    })
}

/// The error that a number is none of the generations.
pub fn unknown(history: &History, number: u64) -> anyhow::Error {
    Stop::new(Exit::Usage, history.unknown(number)).into()
}
