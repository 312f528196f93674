//! Puts an entry into the text of a manifest. Comments, order and layout of everything else stay: text is inserted at
//! one place, and the result is read again to see that it says just that.

use serde_json::{Value as Json, json};

use super::Entry;
use super::block::{block, flow_text};
use crate::yaml::{self, Node};

/// The manifest's text with the entry, and with its network if `networks` names those to be listed.
///
/// # Errors
/// What keeps the text from being changed, in one sentence.
pub fn insert(text: &str, entry: &Entry, networks: Option<&[String]>) -> Result<String, String> {
    let mut after = service(text, entry)?;
    if let Some(networks) = networks {
        after = list(&after, networks)?;
    }
    let mut expected = parse(text)?.to_json();
    if let Some(root) = expected.as_object_mut() {
        let services = root.entry("services").or_insert_with(|| json!({}));
        if services.is_null() {
            *services = json!({});
        }
        if let Some(services) = services.as_object_mut() {
            services.insert(entry.name.to_string(), entry.json());
        }
        if let Some(networks) = networks {
            root.insert("networks".to_owned(), json!(networks));
        }
    }
    // The texts' maps have an order; what they mean has none.
    if sorted(parse(&after)?.to_json()) == sorted(expected) {
        Ok(after)
    } else {
        Err("the manifest is laid out in a way that cannot be added to; add the entry by hand"
            .to_owned())
    }
}

fn parse(text: &str) -> Result<Node, String> {
    yaml::parse(0, text).map_err(|problem| problem.message)
}

fn sorted(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(list) => Json::Array(list.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn service(text: &str, entry: &Entry) -> Result<String, String> {
    let root = parse(text)?;
    let newline = newline(text);
    let Some(key) = root.as_map().and_then(|map| map.get("services")).map(|entry| entry.key) else {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
        return Ok(format!("{text}{gap}services:{newline}{}", block(entry, "  ", newline)));
    };
    let start = key.end as usize;
    if let Some(brace) = flow(text, start, '{') {
        let empty = root.get("services").and_then(Node::as_map).is_none_or(yaml::Map::is_empty);
        let comma = if empty { "" } else { ", " };
        let new = format!("{}: {}{comma}", entry.name, flow_text(&entry.json()));
        return Ok(spliced(text, brace + 1, &new));
    }
    let first = root.get("services").and_then(Node::as_map).and_then(|map| map.first());
    let indent = first.map_or("  ", |(_, first)| {
        let at = first.key.start as usize;
        let line = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        text.get(line..at).filter(|indent| indent.trim().is_empty()).unwrap_or("  ")
    });
    let (at, gap) = end_of_block(text, start);
    let gap = if gap { newline } else { "" };
    Ok(spliced(text, at, &format!("{gap}{}", block(entry, indent, newline))))
}

/// Where the lines that belong to a key end, and whether a line break is missing there. Blank lines, and comments
/// that are not indented, belong to what follows.
fn end_of_block(text: &str, start: usize) -> (usize, bool) {
    let rest = text.get(start..).unwrap_or_default();
    let mut end = start;
    let mut at = start;
    for (index, line) in rest.split_inclusive('\n').enumerate() {
        let inside = index == 0 || line.starts_with([' ', '\t']);
        if !inside && !line.trim().is_empty() && !line.starts_with('#') {
            break;
        }
        at += line.len();
        if inside && (index == 0 || !line.trim().is_empty()) {
            end = at;
        }
    }
    (end, !text.get(..end).unwrap_or_default().ends_with('\n'))
}

/// Where a value in brackets begins, if it does so after the key on its line.
fn flow(text: &str, start: usize, bracket: char) -> Option<usize> {
    let rest = text.get(start..)?;
    let value = rest.trim_start_matches([':', ' ']);
    value.starts_with(bracket).then(|| start + rest.len() - value.len())
}

fn list(text: &str, networks: &[String]) -> Result<String, String> {
    let root = parse(text)?;
    let newline = newline(text);
    let written = root.as_map().and_then(|map| map.get("networks"));
    let Some(written) = written else {
        let line = format!("networks: [{}]{newline}", networks.join(", "));
        let services = root.as_map().and_then(|map| map.get("services")).map(|entry| entry.key);
        let at = services.map_or(text.len(), |key| above(text, key.start as usize));
        return Ok(spliced(text, at, &line));
    };
    let start = written.key.end as usize;
    let last = networks.last().map(String::as_str).unwrap_or_default();
    if let Some(bracket) = flow(text, start, '[') {
        let close = text.get(bracket..).and_then(|rest| rest.find(']')).map(|at| bracket + at);
        let close = close.ok_or("the list of networks is not closed")?;
        let comma = if networks.len() > 1 { ", " } else { "" };
        return Ok(spliced(text, close, &format!("{comma}{last}")));
    }
    let (at, gap) = end_of_list(text, start);
    let gap = if gap { newline } else { "" };
    let lines = text.get(start..at).unwrap_or_default();
    let indent = lines.lines().rev().find_map(|line| line.find('-').and_then(|at| line.get(..at)));
    Ok(spliced(text, at, &format!("{gap}{}- {last}{newline}", indent.unwrap_or("  "))))
}

/// As [`end_of_block`], for a list, whose dashes need no indentation.
fn end_of_list(text: &str, start: usize) -> (usize, bool) {
    let (mut end, gap) = end_of_block(text, start);
    let mut missing = gap;
    for line in text.get(end..).unwrap_or_default().split_inclusive('\n') {
        if !line.starts_with("- ") {
            break;
        }
        end += line.len();
        missing = !line.ends_with('\n');
    }
    (end, missing)
}

/// The start of the comments right above a line.
fn above(text: &str, at: usize) -> usize {
    let mut start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    while let Some(before) = text.get(..start).filter(|before| !before.is_empty()) {
        let line = before.trim_end_matches('\n').rfind('\n').map_or(0, |end| end + 1);
        if !before.get(line..).unwrap_or_default().starts_with('#') || line == 0 {
            break;
        }
        start = line;
    }
    start
}

fn spliced(text: &str, at: usize, new: &str) -> String {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    format!("{before}{new}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Name;

    fn entry() -> Entry {
        Entry {
            name: Name::parse("search").unwrap(),
            fields: vec![("metrics", "http://s:1/metrics".into()), ("container", "s".into())],
            network: Some("apps".to_owned()),
        }
    }

    fn inserted(text: &str, networks: &[&str]) -> String {
        let networks: Vec<String> = networks.iter().map(|name| (*name).to_owned()).collect();
        insert(text, &entry(), (!networks.is_empty()).then_some(networks.as_slice())).unwrap()
    }

    const NEW: &str = "  search:\n    metrics: http://s:1/metrics\n    container: s\n";

    #[test]
    fn everything_else_stays_as_it_is() {
        let text = "name: a # the name\n\n# what we run\nservices:\n  # first\n  one: {mcp: \"http://o:1/\"} # yes\n\n  two:\n    mcp: http://t:1/\n    # the last word\n\n# who is told\nnotifications: {}\n";
        let expected =
            text.replace("    # the last word\n", &format!("    # the last word\n{NEW}"));
        assert_eq!(inserted(text, &[]), expected);
        let lines = inserted(text, &["apps"]);
        assert_eq!(lines, expected.replace("# what we run\n", "networks: [apps]\n# what we run\n"));
    }

    #[test]
    fn every_layout_of_services_is_added_to() {
        for text in [
            "name: a\n",
            "name: a",
            "name: a\nservices:\n",
            "name: a\nservices:",
            "name: a\nservices: {}\n",
            "name: a\nservices: {one: {mcp: \"http://o:1/\"}}\nlogs: {}\n",
            "name: a\nservices:\n    one:\n        mcp: http://o:1/",
            "name: a\r\nservices:\r\n  one:\r\n    mcp: http://o:1/\r\nlogs: {}\r\n",
            "name: a\nservices:\n  one:\n    description: |\n      text\n\n      # no comment\nlogs: {}\n",
            "services:\n  one: {mcp: \"http://o:1/\"}\nname: a\n",
        ] {
            let after = inserted(text, &["apps"]);
            assert!(after.contains("search:"), "{after}");
            assert!(
                !text.contains("\r\n") || !after.replace("\r\n", "").contains('\n'),
                "{after:?}"
            );
            for line in text.lines().filter(|line| !line.starts_with("services: {")) {
                assert!(after.contains(line), "{line:?} is gone from\n{after}");
            }
        }
    }

    #[test]
    fn every_layout_of_networks_is_added_to() {
        for (text, networks) in [
            ("networks: [old]\nname: a\n", &["old", "apps"][..]),
            ("networks: []\nname: a\n", &["apps"]),
            ("networks:\n  - old # mine\nname: a\n", &["old", "apps"]),
            ("networks:\n- old\n- older\nname: a\n", &["old", "older", "apps"]),
            ("name: a\nnetworks:\n  - old", &["old", "apps"]),
        ] {
            let after = inserted(text, networks);
            assert!(after.contains("apps"), "{after}");
        }
    }

    #[test]
    fn what_cannot_be_added_to_is_left_alone() {
        let text = "name: a\nservices: &s\n  one: {mcp: \"http://o:1/\"}\nlogs: *s\n";
        assert!(insert(text, &entry(), None).is_err());
    }
}
