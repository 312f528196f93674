//! JSON → its text.

use anyhow::Context as _;

use super::Json;

/// What holds nothing but plain values stands on one line, if that has at most about so many bytes.
const LINE: usize = 120;

/// More bytes than a document mostly has: a text that grows is copied to a place twice as large, again and again.
const SIZE: usize = 60 * 1024;

/// A document as readers and `diff` like it: a line for each value, and one for a small object or list of
/// plain values.
///
/// # Errors
/// Never for what [`Json`] can hold.
pub fn pretty(json: &Json<'_>) -> anyhow::Result<String> {
    let mut out = Vec::with_capacity(SIZE);
    write(json, 0, &mut out)?;
    out.push(b'\n');
    String::from_utf8(out).context("JSON that is no UTF-8")
}

fn write(json: &Json<'_>, depth: usize, out: &mut Vec<u8>) -> anyhow::Result<()> {
    match json {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Json::Number(number) => serde_json::to_writer(out, number)?,
        Json::Text(text) => serde_json::to_writer(out, text)?,
        Json::List(list) if list.is_empty() => out.extend_from_slice(b"[]"),
        Json::List(list) => {
            container([b'[', b']'], list.iter().map(|value| (None, value)), depth, out)?;
        }
        Json::Object(entries) if entries.is_empty() => out.extend_from_slice(b"{}"),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (Some(&**key), value));
            container([b'{', b'}'], entries, depth, out)?;
        }
    }
    Ok(())
}

fn container<'a>(
    [open, close]: [u8; 2],
    entries: impl Iterator<Item = (Option<&'a str>, &'a Json<'a>)> + Clone,
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
            serde_json::to_writer(&mut *out, key)?;
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

/// About how many bytes a plain value takes; nothing for what holds others.
fn width(value: &Json<'_>) -> Option<usize> {
    match value {
        Json::Object(entries) => entries.is_empty().then_some(2),
        Json::List(list) => list.is_empty().then_some(2),
        Json::Text(text) => Some(text.len() + 2),
        Json::Null | Json::Bool(_) | Json::Number(_) => Some(5),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::render::json::json;

    #[test]
    fn small_ones_stand_on_a_line_and_nothing_is_lost() {
        let long = "x".repeat(LINE);
        let document = json!({
            "a": {"b": 1, "c": [], "d": "\"\n"}, "e": [1, 2.5, Json::Null], "f": {"g": {"h": true}},
            "long": [&long, "y"],
        });
        let text = pretty(&document).unwrap();
        let expected = format!(
            "{{\n  \"a\": {{\"b\": 1, \"c\": [], \"d\": \"\\\"\\n\"}},\n  \"e\": [1, 2.5, null],\n  \"f\": {{\n    \"g\": {{\"h\": true}}\n  }},\n  \"long\": [\n    \"{long}\",\n    \"y\"\n  ]\n}}\n"
        );
        assert_eq!(text, expected);
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            serde_json::to_value(&document).unwrap()
        );
        assert_eq!(pretty(&json!({})).unwrap(), "{}\n");
    }
}
