//! `mcpmon history`

use serde::Serialize;

use super::Context;
use super::past::{self, PastArgs};
use crate::exit::Exit;
use crate::history::Generation;
use crate::output::Format;

/// List the generations that are kept on the engine, newest first.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which stack.
    #[command(flatten)]
    pub past: PastArgs,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    stack: &'a str,
    current: u64,
    generations: Vec<&'a Generation>,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (stack, _) = args.past.stack(context)?;
    let engine = context.engine_quietly().await?;
    past::look(&engine, &stack, async |history, _| {
        let generations: Vec<&Generation> = history.all().rev().collect();
        let current = history.current().map_or(0, |generation| generation.number);
        if args.output == Format::Json {
            let document = Document { schema_version: 1, stack: &stack, current, generations };
            context.printer.json(&document)?;
        } else {
            let lines: Vec<String> = generations.iter().map(|g| line(g, current)).collect();
            context.printer.data(&lines.join("\n"));
        }
        Ok(())
    })
    .await?;
    Ok(Exit::Done)
}

fn line(generation: &Generation, current: u64) -> String {
    let mark = if generation.number == current { "*" } else { " " };
    let when = generation.began.replace('T', " ").replace('Z', "");
    let mut what = generation.summary();
    if let Some(restored) = generation.restores {
        what = format!("rollback to {restored}: {what}");
    }
    let why = generation.message.as_deref().map(|m| format!("  “{m}”")).unwrap_or_default();
    format!(
        "{mark}{:>4}  {when}  {:<11}  {}  {what}{why}",
        generation.number,
        generation.outcome.as_str(),
        generation.by
    )
}
