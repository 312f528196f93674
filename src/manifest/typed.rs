//! Document → [`Manifest`], with everything that does not fit said at once.

use super::Manifest;
use crate::diagnostic::Diagnostic;
use crate::yaml::{self, Entry, Node, Span, Value};

/// Problems that are shown at once; more would scroll away.
const MOST: usize = 20;

/// Parts of a manifest that are read apart from their neighbours: a mistake in one does not hide a
/// mistake in the next.
const SECTIONS: [&[&str]; 11] = [
    &["defaults"],
    &["services"],
    &["probes"],
    &["alerts"],
    &["alerts", "override"],
    &["slos"],
    &["notifications"],
    &["notifications", "receivers"],
    &["notifications", "mute_times"],
    &["logs"],
    &["audit"],
];

/// Reads a merged document.
///
/// # Errors
/// Each part that does not fit, with the first mistake in it.
pub fn read(root: &Node) -> Result<Manifest, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut rest = None;
    while found.len() < MOST {
        match yaml::from_node::<Manifest>(rest.as_ref().unwrap_or(root)) {
            Ok(manifest) if found.is_empty() => return Ok(manifest),
            Ok(_) => break,
            Err(error) => {
                let span = error.span;
                let nameless = error.message == "`name` is missing" && span == Some(root.span);
                let mut problem = Diagnostic::from(error);
                if nameless {
                    problem.help = Some("write `name: my-stack` at the top: it names every container, network and volume".to_owned());
                }
                found.push(problem);
                let rest = rest.get_or_insert_with(|| root.clone());
                if !span.is_some_and(|span| take_out(rest, span)) {
                    break;
                }
            }
        }
    }
    found.sort_by_key(|d: &Diagnostic| d.span.map(|s| (s.source, s.start)));
    Err(found)
}

/// Removes the part that a mistake stands in, so that the others can be read.
fn take_out(root: &mut Node, span: Span) -> bool {
    let path = path_to(root, span);
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // A manifest has a name; any will do to go on.
        [] | ["name"] => {
            let Some(map) = root.as_map_mut() else { return false };
            let node = Node { span, value: Value::String("name".to_owned()) };
            // A name is put in once: whatever is still missing then is something else.
            let before = map.insert("name".to_owned(), Entry { key: span, node: node.clone() });
            before.is_none_or(|entry| entry.node != node)
        }
        [above @ .., last] => {
            let parent = above.iter().try_fold(root, |node, key| {
                node.as_map_mut()?.get_mut(*key).map(|entry| &mut entry.node)
            });
            parent.and_then(Node::as_map_mut).and_then(|map| map.shift_remove(*last)).is_some()
        }
    }
}

/// Keys down to the smallest part that holds the place.
fn path_to(root: &Node, span: Span) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut node = root;
    while let Some((key, entry)) =
        node.as_map().and_then(|map| map.iter().find(|(_, entry)| holds(entry, span)))
    {
        path.push(key.clone());
        node = &entry.node;
        let here: Vec<&str> = path.iter().map(String::as_str).collect();
        if entry.key == span || !SECTIONS.contains(&here.as_slice()) {
            break;
        }
    }
    path
}

/// Whether a place is within an entry. Merged maps hold parts of several files, so only the values
/// themselves can tell.
fn holds(entry: &Entry, span: Span) -> bool {
    entry.key == span || within(&entry.node, span)
}

fn within(node: &Node, span: Span) -> bool {
    node.span == span
        || match &node.value {
            Value::Map(map) => map.values().any(|entry| holds(entry, span)),
            Value::List(list) => list.iter().any(|item| within(item, span)),
            _ => false,
        }
}

/// Text is printable: no two formats that it is rendered into agree about anything else.
pub fn control_characters(node: &Node) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    walk(node, &mut |text, span| {
        if let Some(c) = text.chars().find(|c| unprintable(*c)) {
            let message = format!("the text holds the control character U+{:04X}", u32::from(c));
            found.push(Diagnostic::error(span, message).help("remove it"));
        }
    });
    found.truncate(MOST);
    found
}

fn walk(node: &Node, see: &mut dyn FnMut(&str, Span)) {
    match &node.value {
        Value::String(text) => see(text, node.span),
        Value::List(list) => list.iter().for_each(|item| walk(item, see)),
        Value::Map(map) => {
            for (key, entry) in map {
                see(key, entry.key);
                walk(&entry.node, see);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Control characters but tab and newline, the line breaks that only some YAML readers know, the
/// byte order mark, and characters that turn the direction of text around.
fn unprintable(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n'))
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
        || u32::from(c) & 0xfffe == 0xfffe
}
