//! The JSON of rendered files: how it is made and written.

use anyhow::Context as _;
use serde_json::{Map, Value};

/// What holds nothing but plain values stands on one line, if that has at most about so many bytes.
const LINE: usize = 120;

/// More bytes than a dashboard mostly has: a text that grows is copied to a place twice as large, again and again.
const SIZE: usize = 128 * 1024;

/// An object with these entries, in this order. It takes the values, where `json!` copies those that are
/// named in it with all that is below them.
pub fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut map = Map::with_capacity(N);
    map.extend(entries.map(|(key, value)| (key.to_owned(), value)));
    map.into()
}

/// A document as readers and `diff` like it: a line for each value, and one for a small object or list of
/// plain values.
///
/// # Errors
/// Never for what [`Value`] can hold.
pub fn pretty(json: &Value) -> anyhow::Result<String> {
    let mut out = Vec::with_capacity(SIZE);
    write(json, 0, &mut out)?;
    out.push(b'\n');
    String::from_utf8(out).context("JSON that is no UTF-8")
}

fn write(json: &Value, depth: usize, out: &mut Vec<u8>) -> anyhow::Result<()> {
    match json {
        Value::Object(map) if !map.is_empty() => {
            let entries = map.iter().map(|(key, value)| (Some(key.as_str()), value));
            container([b'{', b'}'], entries, depth, out)
        }
        Value::Array(list) if !list.is_empty() => {
            container([b'[', b']'], list.iter().map(|value| (None, value)), depth, out)
        }
        Value::String(text) => string(text, out),
        plain => Ok(serde_json::to_writer(out, plain)?),
    }
}

fn container<'a>(
    [open, close]: [u8; 2],
    entries: impl Iterator<Item = (Option<&'a str>, &'a Value)> + Clone,
    depth: usize,
    out: &mut Vec<u8>,
) -> anyhow::Result<()> {
    let is_short = entries
        .clone()
        .try_fold(0, |sum, (key, value)| {
            let sum = sum + key.map_or(0, |key| key.len() + 4) + width(value)? + 2;
            (sum <= LINE).then_some(sum)
        })
        .is_some();
    out.push(open);
    for (index, (key, value)) in entries.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if !is_short {
            line(depth + 1, out);
        } else if index > 0 {
            out.push(b' ');
        }
        if let Some(key) = key {
            string(key, out)?;
            out.extend_from_slice(b": ");
        }
        write(value, depth + 1, out)?;
    }
    if !is_short {
        line(depth, out);
    }
    out.push(close);
    Ok(())
}

/// A new line, with two spaces for each level.
fn line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

/// Most texts need no escape: they are copied as a whole.
fn string(text: &str, out: &mut Vec<u8>) -> anyhow::Result<()> {
    if text.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\') {
        return Ok(serde_json::to_writer(out, text)?);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// About how many bytes a plain value takes; nothing for what holds others.
fn width(value: &Value) -> Option<usize> {
    match value {
        Value::Object(map) => map.is_empty().then_some(2),
        Value::Array(list) => list.is_empty().then_some(2),
        Value::String(text) => Some(text.len() + 2),
        _ => Some(5),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_ones_stand_on_a_line_and_nothing_is_lost() {
        let long = "x".repeat(LINE);
        let document = json!({
            "a": {"b": 1, "c": [], "d": "\"\n"}, "e": [1, 2.5, null], "f": {"g": {"h": true}},
            "long": [long, "y"],
        });
        let text = pretty(&document).unwrap();
        let expected = format!(
            "{{\n  \"a\": {{\"b\": 1, \"c\": [], \"d\": \"\\\"\\n\"}},\n  \"e\": [1, 2.5, null],\n  \"f\": {{\n    \"g\": {{\"h\": true}}\n  }},\n  \"long\": [\n    \"{long}\",\n    \"y\"\n  ]\n}}\n"
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        assert_eq!(pretty(&object([])).unwrap(), "{}\n");
    }
}
