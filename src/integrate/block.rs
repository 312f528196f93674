//! An entry as text, laid out as people write manifests: a line per key, what is short on one line.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::Entry;
use crate::yaml::{self, Node};

/// Longest map that is written on one line.
const SHORT: usize = 72;

/// The entry as it stands under `services:`.
pub fn block(entry: &Entry, indent: &str, newline: &str) -> String {
    let mut text = format!("{indent}{}:{newline}", entry.name);
    for (key, value) in &entry.fields {
        match value {
            Json::Object(map) => {
                // Writing to a string cannot fail.
                let _ = write!(text, "{indent}{indent}{key}:{newline}");
                let deep = indent.repeat(3);
                for (key, value) in map {
                    field(&deep, indent, key, value, newline, &mut text);
                }
            }
            value => field(&indent.repeat(2), indent, key, value, newline, &mut text),
        }
    }
    text
}

fn field(at: &str, step: &str, key: &str, value: &Json, newline: &str, text: &mut String) {
    let flow = flow_text(value);
    let key = scalar(key);
    match value {
        Json::Object(map) if flow.len() > SHORT && !map.is_empty() => {
            let _ = write!(text, "{at}{key}:{newline}");
            for (key, value) in map {
                field(&format!("{at}{step}"), step, key, value, newline, text);
            }
        }
        Json::String(value) => {
            let _ = write!(text, "{at}{key}: {}{newline}", scalar(value));
        }
        _ => {
            let _ = write!(text, "{at}{key}: {flow}{newline}");
        }
    }
}

/// A value on one line.
pub fn flow_text(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let entries = map.iter().map(|(k, v)| format!("{}: {}", scalar(k), flow_text(v)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(list) => {
            format!("[{}]", list.iter().map(flow_text).collect::<Vec<_>>().join(", "))
        }
        Json::String(text) => {
            let plain = scalar(text);
            // Within brackets more characters have a meaning.
            let safe = plain.starts_with('"') || !plain.contains([',', ':', '[', ']', '{', '}']);
            if safe { plain } else { format!("\"{plain}\"") }
        }
        other => other.to_string(),
    }
}

/// A scalar as the manifest's own writer would write it.
fn scalar(text: &str) -> String {
    let node = Node { span: yaml::Span::default(), value: yaml::Value::String(text.to_owned()) };
    yaml::emit_node(&node).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::Name;

    #[test]
    fn what_is_written_is_what_is_read() {
        let value = json!({
            "command": ["npx", "-y", "@acme/x", "a, b", "yes", "http://a:1/", "12", "{x}", ""],
            "env": {"A": "x: y", "LONG": "y".repeat(90), "S": {"file": "secrets/a-s"}},
            "protocol": "sse",
        });
        let entry = Entry {
            name: Name::parse("a").unwrap(),
            fields: vec![("mcp", value.clone()), ("container", "a_1".into())],
            network: None,
        };
        for indent in ["  ", "    "] {
            let text = block(&entry, indent, "\n");
            let read = yaml::parse(0, &text).unwrap().to_json();
            assert_eq!(read, json!({"a": {"mcp": value, "container": "a_1"}}), "{text}");
        }
        let flow = flow_text(&entry.json());
        assert_eq!(yaml::parse(0, &flow).unwrap().to_json(), entry.json(), "{flow}");
    }
}
