//! Value → YAML text.

use std::fmt::Write as _;

use serde::Serialize;

use super::node::{Node, Value};

/// Writes a value as block-style YAML which YAML 1.1 and 1.2 readers understand alike.
///
/// # Errors
/// When the value cannot be written, which none that could be JSON causes.
pub fn emit(value: &impl Serialize) -> anyhow::Result<String> {
    // Folding would break PromQL over lines; a width this large keeps every expression whole.
    let options = serde_yaml::ser_options! { folded_wrap_chars: 1_000_000, empty_as_braces: true };
    let mut text = String::new();
    serde_yaml::to_fmt_writer_with_options(&mut text, value, options)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Writes a document as block-style YAML in which every number keeps the text that was written: a
/// version `3.10` is not `3.1`.
pub fn emit_node(node: &Node) -> String {
    let mut out = String::new();
    write_node(node, 0, &mut out);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn write_node(node: &Node, depth: usize, out: &mut String) {
    match &node.value {
        Value::Map(map) if !map.is_empty() => {
            for (key, entry) in map {
                indent(depth, out);
                text(key, out);
                out.push(':');
                below(&entry.node, depth, out);
            }
        }
        Value::List(list) if !list.is_empty() => {
            for item in list {
                let mut inner = String::new();
                write_node(item, depth + 1, &mut inner);
                indent(depth, out);
                out.push_str("- ");
                // The first line of the item stands beside its dash.
                out.push_str(inner.trim_start_matches(' '));
                if !inner.ends_with('\n') {
                    out.push('\n');
                }
            }
        }
        Value::Map(_) => out.push_str("{}"),
        Value::List(_) => out.push_str("[]"),
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(n),
        Value::String(s) => text(s, out),
    }
}

fn below(node: &Node, depth: usize, out: &mut String) {
    let nested = match &node.value {
        Value::Map(map) => !map.is_empty(),
        Value::List(list) => !list.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        write_node(node, depth + 1, out);
    } else {
        out.push(' ');
        write_node(node, depth, out);
        out.push('\n');
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Words that some YAML reader takes for something else than text.
const RESERVED: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

fn text(text: &str, out: &mut String) {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " _./:@%+-,()".contains(c))
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What one reader or another does not take as it is.
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
                || u32::from(c) & 0xfffe == 0xfffe =>
            {
                let code = u32::from(c);
                // A string takes whatever is written to it.
                let _ = if code > 0xffff {
                    write!(out, "\\U{code:08x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
