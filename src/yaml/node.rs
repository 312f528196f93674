//! A YAML document that remembers where each value stands.

use indexmap::IndexMap;
use serde_json::Value as Json;

/// A range of bytes in one of the texts that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Index of the text among the sources of the document.
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// First byte after the value.
    pub end: u32,
}

/// One value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it was written.
    pub span: Span,
    /// What was written.
    pub value: Value,
}

/// A map's entries in the order in which they were written.
pub type Map = IndexMap<String, Entry>;

/// A key's place and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the key was written.
    pub key: Span,
    /// The value under the key.
    pub node: Node,
}

/// The kinds of YAML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`; YAML 1.1's `yes` and `no` are strings.
    Bool(bool),
    /// A number as it was written, so that `version: 3.10` stays `3.10`.
    Number(String),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A map with string keys.
    Map(Map),
}

/// One step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A key of a map.
    Key(String),
    /// A position in a list, counted from 0.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}
impl From<&String> for Segment {
    fn from(key: &String) -> Self {
        Self::Key(key.clone())
    }
}
impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Node {
    /// An empty map at no place in particular.
    pub fn empty_map() -> Self {
        Self { span: Span::default(), value: Value::Map(Map::new()) }
    }

    /// The map, if this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map, if this is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value under a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|entry| &entry.node)
    }

    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The place of the value at `path`, or of the nearest value above it that exists; nothing when
    /// not even the first step exists.
    pub fn locate(&self, path: &[Segment]) -> Option<Span> {
        let mut node = self;
        let mut span = None;
        for segment in path {
            match (segment, &node.value) {
                (Segment::Key(key), Value::Map(map)) => {
                    let Some(entry) = map.get(key) else { return span };
                    node = &entry.node;
                    // A map or list spans many lines; its key is the better place to point at.
                    span = Some(match node.value {
                        Value::Map(_) | Value::List(_) | Value::Null => entry.key,
                        _ => node.span,
                    });
                }
                (Segment::Index(index), Value::List(list)) => {
                    let Some(item) = list.get(*index) else { return span };
                    node = item;
                    span = Some(item.span);
                }
                _ => return span,
            }
        }
        span
    }

    /// The place of the key that `path` ends with, or of the nearest value above it that exists.
    pub fn locate_key(&self, path: &[Segment]) -> Option<Span> {
        let node = path.split_last().and_then(|(last, above)| {
            let Segment::Key(key) = last else { return None };
            self.at(above)?.as_map()?.get(key)
        });
        node.map(|entry| entry.key).or_else(|| self.locate(path))
    }

    /// The value at `path`.
    fn at(&self, path: &[Segment]) -> Option<&Node> {
        path.iter().try_fold(self, |node, segment| match (segment, &node.value) {
            (Segment::Key(key), Value::Map(map)) => map.get(key).map(|e| &e.node),
            (Segment::Index(index), Value::List(list)) => list.get(*index),
            _ => None,
        })
    }

    /// The value without its places. Numbers that JSON cannot hold become strings.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Number(n) => number(n),
            Value::String(s) => Json::String(s.clone()),
            Value::List(list) => Json::Array(list.iter().map(Node::to_json).collect()),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(k, e)| (k.clone(), e.node.to_json())).collect())
            }
        }
    }
}

/// A number as JSON; what is no JSON number (`0x1F`, `.inf`) stays the text that was written.
pub(super) fn number(text: &str) -> Json {
    if let Ok(n) = text.parse::<i64>() {
        return n.into();
    }
    if let Ok(n) = text.parse::<u64>() {
        return n.into();
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => n.into(),
        _ => Json::String(text.to_owned()),
    }
}
