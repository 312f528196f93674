//! Which fields of the manifest lead to which step.
//!
//! Each field that changed is put back alone, and the stack is rendered again: what is different
//! then comes from that field. So nothing has to know which template reads what.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::apply::self_image_reference;
use crate::commands::Project;
use crate::engine::labels;
use crate::manifest::Document;
use crate::plan::{self, Unit};
use crate::stack::{self, Secrets, looks_secret};
use crate::yaml::{Entry, Map, Node, Segment};
use crate::{redact, render};

/// More fields than people would read are not looked into one by one.
const MOST: usize = 24;
/// As much of a value as says what it is.
const SHOWN: usize = 80;

/// A field of the manifest that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its path: `components.loki.retention`.
    pub path: String,
    /// Where it stands: `mcpmon.yaml:12:5`; nothing for one that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What it was; nothing where it was not there.
    pub before: Option<String>,
    /// What it is; nothing where it is gone.
    pub after: Option<String>,
}

/// Which fields changed, and what each leads to.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    /// All fields that changed.
    pub fields: Vec<Field>,
    /// Container name → indexes of fields.
    by_container: BTreeMap<String, BTreeSet<usize>>,
}

impl Causes {
    /// The fields that lead to a change of a container or its files.
    pub fn of(&self, container: &str) -> Vec<Field> {
        let indexes = self.by_container.get(container).into_iter().flatten();
        indexes.filter_map(|index| self.fields.get(*index)).cloned().collect()
    }
}

/// Compares the manifest with that of then, and finds out what each difference leads to.
pub fn find(project: &Project, then: &Node, units: &[Unit], secrets: &Secrets) -> Causes {
    let mut found = Vec::new();
    let mut now = project.document.root.clone();
    if let Some(map) = now.as_map_mut() {
        map.shift_remove("extends");
    }
    compare(&mut Vec::new(), Some(then), Some(&now), &mut found);
    let mut causes = Causes::default();
    for (index, change) in found.iter().enumerate() {
        causes.fields.push(field(&project.document, change));
        if index < MOST {
            for name in leads_to(project, change, units, secrets) {
                causes.by_container.entry(name).or_default().insert(index);
            }
        }
    }
    causes
}

struct Change<'a> {
    path: Vec<String>,
    before: Option<&'a Node>,
    after: Option<&'a Node>,
}

fn compare<'a>(
    path: &mut Vec<String>,
    before: Option<&'a Node>,
    after: Option<&'a Node>,
    found: &mut Vec<Change<'a>>,
) {
    let maps = (before.and_then(Node::as_map), after.and_then(Node::as_map));
    if let (Some(old), Some(new)) = maps {
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        for key in new.keys().chain(gone) {
            let side = |map: &'a Map| map.get(key).map(|entry| &entry.node);
            path.push(key.clone());
            compare(path, side(old), side(new), found);
            path.pop();
        }
        return;
    }
    // A map of one key that comes or goes is told by what is in it.
    let only = |map: &'a Map| map.first().filter(|_| map.len() == 1);
    let one = match (maps, before, after) {
        ((None, Some(map)), None, _) | ((Some(map), None), _, None) => only(map),
        _ => None,
    };
    if let Some((key, entry)) = one {
        let side = |node: Option<&'a Node>| node.map(|_| &entry.node);
        path.push(key.clone());
        compare(path, side(before), side(after), found);
        path.pop();
        return;
    }
    let json = |node: Option<&Node>| node.map(Node::to_json);
    if json(before) != json(after) {
        found.push(Change { path: path.clone(), before, after });
    }
}

fn field(document: &Document, change: &Change<'_>) -> Field {
    let path: Vec<Segment> = change.path.iter().map(Segment::from).collect();
    let place = change.after.and_then(|_| document.locate_key(&path));
    let key = change.path.last().map_or("", String::as_str);
    let shown = |node: &Node| {
        let text = node.to_json().to_string();
        let is_source = node.get("env").is_some() || node.get("file").is_some();
        if looks_secret(key) && !is_source {
            return redact::COVER.to_owned();
        }
        crate::check::http::shorten(&redact::line(&text, 0..0, false).0, SHOWN)
    };
    Field {
        path: change.path.join("."),
        place: place.map(|span| document.sources.place(span)),
        before: change.before.map(shown),
        after: change.after.map(shown),
    }
}

/// The containers that would be others, or have other files, without this change alone.
fn leads_to(
    project: &Project,
    change: &Change<'_>,
    units: &[Unit],
    secrets: &Secrets,
) -> BTreeSet<String> {
    without(project, change, secrets).map_or_else(BTreeSet::new, |others| differing(units, &others))
}

/// What there would be without this change; nothing where the rest makes no sense without it.
fn without(project: &Project, change: &Change<'_>, secrets: &Secrets) -> Option<Vec<Unit>> {
    let mut root = project.document.root.clone();
    put(&mut root, &change.path, change.before);
    let document = project.document.with_root(root).ok()?;
    let stack = stack::resolve(&document, &project.catalog).ok()?.stack;
    let bundle = render::render(&stack, &project.catalog).ok()?;
    let own = self_image_reference(&stack).ok()?;
    Some(plan::wanted(&stack, &bundle, secrets, &own))
}

fn differing(units: &[Unit], others: &[Unit]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for unit in units {
        let other = others.iter().find(|other| other.spec.name == unit.spec.name);
        let hash = |unit: &Unit| unit.spec.labels.get(labels::SPEC_HASH).cloned();
        let same = other.is_some_and(|o| hash(o) == hash(unit) && o.files == unit.files);
        if !same {
            names.insert(unit.spec.name.clone());
        }
    }
    let gone = others.iter().filter(|o| units.iter().all(|unit| unit.spec.name != o.spec.name));
    names.extend(gone.map(|other| other.spec.name.clone()));
    names
}

/// Puts a value, or none, at a path. A map that holds nothing then goes as well.
pub fn put(node: &mut Node, path: &[String], value: Option<&Node>) {
    let (Some((first, rest)), Some(map)) = (path.split_first(), node.as_map_mut()) else { return };
    if rest.is_empty() {
        match value {
            Some(value) => _ = map.insert(first.clone(), entry(value.clone())),
            None => _ = map.shift_remove(first),
        }
        return;
    }
    if value.is_some() && !map.contains_key(first) {
        map.insert(first.clone(), entry(Node::empty_map()));
    }
    let Some(inner) = map.get_mut(first) else { return };
    put(&mut inner.node, rest, value);
    if value.is_none() && inner.node.as_map().is_some_and(Map::is_empty) {
        map.shift_remove(first);
    }
}

fn entry(node: Node) -> Entry {
    Entry { key: node.span, node }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(before: &str, after: &str) -> Vec<String> {
        let (before, after) =
            (crate::yaml::parse(0, before).unwrap(), crate::yaml::parse(0, after).unwrap());
        let mut found = Vec::new();
        compare(&mut Vec::new(), Some(&before), Some(&after), &mut found);
        for change in &found {
            // Putting all of them back one after the other leads back to where it came from.
            let mut root = after.clone();
            for change in &found {
                put(&mut root, &change.path, change.before);
            }
            assert_eq!(root.to_json(), before.to_json(), "{:?}", change.path);
        }
        found.iter().map(|change| change.path.join(".")).collect()
    }

    #[test]
    fn a_change_is_told_by_its_deepest_field_and_can_be_put_back() {
        assert_eq!(changes("a: 1\nb: {c: 2, d: 3}\n", "a: 1\nb: {c: 4, d: 3}\n"), ["b.c"]);
        assert_eq!(changes("a: 1\n", "a: 1\nb: {c: {d: 2}}\n"), ["b.c.d"]);
        assert_eq!(changes("a: 1\nb: {c: {d: 2}}\n", "a: 1\n"), ["b.c.d"]);
        assert_eq!(changes("a: 1\n", "a: 1\nb: {c: 2, d: 3}\n"), ["b"]);
        assert_eq!(changes("a: [1, 2]\n", "a: [1, 3]\n"), ["a"]);
        assert!(changes("a: {b: 1}\n", "a: {b: 1}\n").is_empty());
    }
}
