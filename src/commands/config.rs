//! `mcpmon config`

use super::Context;
use crate::exit::Exit;
use crate::manifest::Document;
use crate::yaml::{Node, Value};

/// Print the manifest with everything that it extends merged in.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say where each value comes from
    #[arg(long)]
    pub origins: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let document = context.document()?;
    if args.origins {
        let mut lines = Vec::new();
        origins(&document, &document.root, "", &mut lines);
        let width = lines.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0).min(60);
        let text: Vec<String> =
            lines.iter().map(|(left, place)| format!("{left:width$}  # {place}")).collect();
        context.printer.data(&text.join("\n"));
    } else {
        context.printer.data(&document.merged());
    }
    Ok(Exit::Done)
}

/// One line per value: its path, the value, its place.
fn origins(document: &Document, node: &Node, path: &str, lines: &mut Vec<(String, String)>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match &node.value {
        Value::Map(map) if !map.is_empty() => {
            for (key, entry) in map {
                origins(document, &entry.node, &join(key), lines);
            }
        }
        Value::List(list) if !list.is_empty() => {
            for (index, item) in list.iter().enumerate() {
                origins(document, item, &format!("{path}[{index}]"), lines);
            }
        }
        _ => lines.push((format!("{path}: {}", node.to_json()), document.sources.place(node.span))),
    }
}
