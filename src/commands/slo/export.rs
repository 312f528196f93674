//! `mcpmon slo export`

use clap::Subcommand;

use super::{Context, chosen};
use crate::exit::Exit;
use crate::slo::openslo;

/// Write the objectives for other tools.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The format.
    #[command(subcommand)]
    pub format: Format,
}

/// Formats of objectives.
#[derive(Debug, Subcommand)]
pub enum Format {
    /// `OpenSLO` v1, a YAML document for each objective
    Openslo {
        /// Objectives; all of them where none is named
        names: Vec<String>,
    },
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let project = context.project_without_warnings()?;
    let Format::Openslo { names } = &args.format;
    let slos = chosen(&project.stack.slos, names)?;
    context.printer.data(&openslo::export(&project.stack.name, &slos)?);
    Ok(Exit::Done)
}
