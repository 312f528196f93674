//! `mcpmon show`

use std::fmt::Write as _;

use super::Context;
use super::past::{self, PastArgs};
use crate::exit::{Exit, Stop};
use crate::history::Generation;
use crate::output::Format;

/// Show one generation: who made it, when and why, its images, what was done, what became of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its number; that of the one that runs without it
    #[arg(value_name = "N")]
    pub number: Option<u64>,
    /// Print its manifest instead, with everything that it extends merged in
    #[arg(long, conflicts_with = "file")]
    pub manifest: bool,
    /// Print one of its rendered files instead: `prometheus/prometheus.yml`
    #[arg(long = "path", value_name = "PATH")]
    pub file: Option<String>,
    /// Which stack.
    #[command(flatten)]
    pub past: PastArgs,
    /// Shape of the output
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (stack, _) = args.past.stack(context)?;
    let engine = context.engine_quietly().await?;
    past::look(&engine, &stack, async |history, container| {
        let current = history.current().map_or(0, |generation| generation.number);
        let number = args.number.unwrap_or(current);
        let generation = history.get(number).ok_or_else(|| past::unknown(history, number))?;
        if !args.manifest && args.file.is_none() {
            match args.output {
                Format::Json => context.printer.json(generation)?,
                _ => context.printer.data(&text(generation, current)),
            }
            return Ok(());
        }
        let snapshot = history.snapshot(&engine, container, number).await?;
        let Some(path) = &args.file else {
            context.printer.data(&snapshot.manifest);
            return Ok(());
        };
        let files = snapshot.files();
        let text = files.get(path).ok_or_else(|| {
            let known: Vec<&str> = files.keys().map(String::as_str).collect();
            let help = crate::diagnostic::suggest(path, known);
            Stop::new(Exit::Usage, format!("generation {number} has no file {path}: {help}"))
        })?;
        context.printer.data(text);
        Ok(())
    })
    .await?;
    Ok(Exit::Done)
}

fn text(generation: &Generation, current: u64) -> String {
    let runs = if generation.number == current { ", runs" } else { "" };
    let mut text = format!("generation {}: {}{runs}\n", generation.number, generation.outcome);
    let mut row = |name: &str, value: &str| _ = writeln!(text, "  {name:<9} {value}");
    row("by", &generation.by.to_string());
    row("command", &generation.command);
    row("began", &generation.began);
    if let Some(ended) = &generation.ended {
        row("ended", ended);
    }
    if let Some(message) = &generation.message {
        row("why", message);
    }
    if let Some(restored) = generation.restores {
        row("restores", &format!("generation {restored}"));
    }
    row("mcpmon", &generation.mcpmon);
    row("bundle", &generation.bundle);
    if let Some(detail) = &generation.detail {
        row("detail", &detail.replace('\n', "\n            "));
    }
    text.push_str("images\n");
    for (name, image) in &generation.images {
        let digest = image.digests.first().map_or_else(
            || format!("{} (of no registry)", image.id),
            |digest| digest.rsplit('@').next().unwrap_or_default().to_owned(),
        );
        let _ = writeln!(text, "  {name:<22} {} {digest}", image.reference);
    }
    text.push_str("done\n");
    for (name, done) in &generation.actions {
        let _ = writeln!(text, "  {} {name}: {}", done.action, done.reason);
    }
    text
}
