//! `mcpmon slo import`

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;

use super::Context;
use crate::exit::{Exit, Stop};
use crate::output::Mark;
use crate::slo::openslo;

/// Read objectives of other tools.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The format.
    #[command(subcommand)]
    pub format: Format,
}

/// Formats of objectives.
#[derive(Debug, Subcommand)]
pub enum Format {
    /// `OpenSLO` v1
    Openslo {
        /// The file; `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Runs the command: the part of a manifest goes to standard output, nothing is changed.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let Format::Openslo { file } = &args.format;
    let shown = file.display();
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?
    };
    let imported = openslo::import(&text)
        .map_err(|error| Stop::new(Exit::Usage, format!("{shown}: {error:#}")))?;
    for lost in &imported.lost {
        context.printer.mark(Mark::Note, format!("not taken over: {lost}"));
    }
    context.printer.data(&imported.manifest);
    Ok(Exit::Done)
}
