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
use crate::yaml::{Map, Node, Segment, Value};
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

/// Puts a value, or none, at a path.
fn put(root: &mut Node, path: &[String], value: Option<&Node>) {
    let Some((last, above)) = path.split_last() else {
        if let Some(value) = value {
            *root = value.clone();
        }
        return;
    };
    let mut node = root;
    for key in above {
        let Some(entry) = node.as_map_mut().and_then(|map| map.get_mut(key)) else { return };
        node = &mut entry.node;
    }
    let Value::Map(map) = &mut node.value else { return };
    match value {
        Some(value) => {
            let key = value.span;
            map.insert(last.clone(), crate::yaml::Entry { key, node: value.clone() });
        }
        None => _ = map.shift_remove(last),
    }
}
