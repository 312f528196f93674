//! `mcpmon diff`

use std::collections::BTreeMap;

use serde::Serialize;

use super::Context;
use super::past::{self, PastArgs};
use crate::diff::{self, FileDiff};
use crate::exit::{Exit, Stop};
use crate::history::Snapshot;
use crate::output::{Format, Mark};

/// Show how two generations differ: their manifests, rendered files and containers.
///
/// Without a number: what the last change did. With one: from that generation to the one that
/// runs. With two: from the first to the second. What the manifest here would change is said by
/// `mcpmon plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// From this generation; from the proven one before what runs without it
    #[arg(value_name = "N")]
    pub from: Option<u64>,
    /// To this one; to what runs without it
    #[arg(value_name = "M")]
    pub to: Option<u64>,
    /// The manifest alone
    #[arg(long)]
    pub manifest: bool,
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
    from: u64,
    to: u64,
    files: Vec<FileDiff>,
}

/// Runs the command.
pub async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let (stack, _) = args.past.stack(context)?;
    let engine = context.engine_quietly().await?;
    past::look(&engine, &stack, async |history, container| {
        let current = history.current().map_or(0, |generation| generation.number);
        let before = history.proven_before().map(|generation| generation.number);
        let from = args.from.or(before).ok_or_else(|| {
            let message = format!(
                "generation {current} is the only one: there is nothing to compare it with"
            );
            Stop::new(Exit::Failed, message)
        })?;
        let to = args.to.unwrap_or(current);
        for number in [from, to] {
            if history.get(number).is_none() {
                return Err(past::unknown(history, number));
            }
        }
        let snapshot = |number| history.snapshot(&engine, container, number);
        let (old, new) = futures_util::try_join!(snapshot(from), snapshot(to))?;
        let files = differences(&old, &new, args.manifest);
        if args.output == Format::Json {
            return context.printer.json(&Document {
                schema_version: 1,
                stack: &stack,
                from,
                to,
                files,
            });
        }
        if files.is_empty() {
            context.printer.mark(Mark::Good, format!("generations {from} and {to} are the same"));
        }
        for file in files {
            context.printer.data(&file.diff);
        }
        Ok(())
    })
    .await?;
    Ok(Exit::Done)
}

fn differences(old: &Snapshot, new: &Snapshot, manifest_only: bool) -> Vec<FileDiff> {
    let manifest = |snapshot: &Snapshot| snapshot.manifest.clone();
    let (before, after) = (manifest(old), manifest(new));
    let named = |text| BTreeMap::from([("manifest".to_owned(), text)]);
    let mut found = diff::trees(&named(before.as_str()), &named(after.as_str()));
    if !manifest_only {
        found.extend(diff::trees(&old.files(), &new.files()));
        let (before, after) = (old.container_texts(), new.container_texts());
        found.extend(diff::trees(&borrowed(&before), &borrowed(&after)));
    }
    found
}

fn borrowed(texts: &BTreeMap<String, String>) -> BTreeMap<String, &str> {
    texts.iter().map(|(name, text)| (name.clone(), text.as_str())).collect()
}
