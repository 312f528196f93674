//! Reading and writing YAML. Nothing else in mcpmon uses the YAML crate.
//!
//! A document is read into a tree of [`Node`]s which remember where they stand, so that files can
//! be merged first and every later complaint still names the file, line and column of the value.

mod de;
mod emit;
mod merge;
mod node;
mod parse;
mod valid;

pub use de::{Error, HELP, SECRET, from_node};
pub use emit::{emit, emit_node};
pub use merge::merge;
pub use node::{Entry, Map, Node, Segment, Span, Value};
pub use parse::{Problem, check, parse};

use serde::de::DeserializeOwned;

/// Reads a YAML text that ships with mcpmon or was made by it (not a user's manifest) into a type.
///
/// # Errors
/// A one-line text with `name`, line and column.
pub fn from_str<T: DeserializeOwned>(name: &str, text: &str) -> anyhow::Result<T> {
    typed(name, text, &document(name, text)?)
}

/// The first half of [`from_str`]: the text as a document.
///
/// # Errors
/// A one-line text with `name`, line and column.
pub fn document(name: &str, text: &str) -> anyhow::Result<Node> {
    parse(0, text).map_err(|problem| {
        anyhow::anyhow!("{}: {}", place(name, text, problem.span), problem.message)
    })
}

/// The second half of [`from_str`]: a document of that text as a type.
///
/// # Errors
/// A one-line text with `name`, line and column.
pub fn typed<T: DeserializeOwned>(name: &str, text: &str, document: &Node) -> anyhow::Result<T> {
    from_node(document).map_err(|e| {
        let place = e.span.map_or_else(|| name.to_owned(), |span| place(name, text, span));
        let help = e.help.map(|h| format!(" ({h})")).unwrap_or_default();
        anyhow::anyhow!("{place}: {}{help}", e.message)
    })
}

fn place(name: &str, text: &str, span: Span) -> String {
    let (line, column) = line_column(text, span.start);
    format!("{name}:{line}:{column}")
}

/// Line and column, both counted from 1 and in characters, of a byte offset.
pub fn line_column(text: &str, offset: u32) -> (usize, usize) {
    let offset = (offset as usize).min(text.len());
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    (line, column)
}
