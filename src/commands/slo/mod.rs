//! `mcpmon slo`

mod export;
mod import;
mod list;
mod report;
mod simulate;
mod status;
mod test;

use clap::Subcommand;

use super::Context;
use crate::diagnostic::suggest;
use crate::exit::{Exit, Stop};
use crate::slo::Slo;

/// Look at objectives: what is promised, what is left, what an outage would do.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What there is to do with objectives.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what is promised
    List(list::Args),
    /// Ask the running stack what is left of each error budget, how fast it burns and when it is gone
    Status(status::Args),
    /// Say what an outage would do: who is told, when, and what it costs. Nothing need be running
    Simulate(simulate::Args),
    /// Run the generated tests of the rules with the promtool of the stack's own image
    Test(test::Args),
    /// Write the objectives for other tools
    Export(export::Args),
    /// Read objectives of other tools and print them as a part of a manifest
    Import(import::Args),
    /// Write the review of a period: what was promised, kept and spent
    Report(report::Args),
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(args) => list::run(args, context),
        Command::Status(args) => status::run(args, context).await,
        Command::Simulate(args) => simulate::run(args, context),
        Command::Test(args) => test::run(args, context).await,
        Command::Export(args) => export::run(args, context),
        Command::Import(args) => import::run(args, context),
        Command::Report(args) => report::run(args, context).await,
    }
}

/// Objectives by name; all of them where none is named.
fn chosen<'a>(slos: &'a [Slo], names: &[String]) -> anyhow::Result<Vec<&'a Slo>> {
    if slos.is_empty() {
        let advice = "no objective is declared: `slos:` in the manifest declares them";
        return Err(Stop::new(Exit::Usage, advice).into());
    }
    for name in names {
        if slos.iter().all(|slo| slo.id != *name) {
            let help = suggest(name, slos.iter().map(|slo| slo.id.as_str()));
            return Err(
                Stop::new(Exit::Usage, format!("there is no objective `{name}`: {help}")).into()
            );
        }
    }
    Ok(slos.iter().filter(|slo| names.is_empty() || names.contains(&slo.id)).collect())
}

/// Columns that line up, the last one as it is.
fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heads.get(column).map(|head| head.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                let missing = width.saturating_sub(cell.chars().count());
                format!("{cell}{}", " ".repeat(missing))
            })
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let head = line(heads.to_vec());
    let rows = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    [head].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}
