//! Text → [`Node`] tree.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{NonFiniteFloatPolicy, Spanned};

use super::node::{Entry, Map, Node, Span, Value};
use super::valid::is_plainly_valid;

/// Largest manifest in bytes that is read: 10,000 services with every field take about 4 MB.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Why a text is not YAML, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The place.
    pub span: Span,
    /// What is wrong, without the place.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Reads a YAML text. Duplicate keys are errors; merge keys (`<<`) are applied; YAML 1.1's
/// `yes`, `no`, `on` and `off` are strings, and so is what would be too large a number, as for the programs that mcpmon writes
/// for: a commit or a container's name may well be `3e1117841328`. An empty text is an empty map.
///
/// # Errors
/// The first place where the text is not YAML.
pub fn parse(source: u32, text: &str) -> Result<Node, Problem> {
    if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
        let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        return Ok(Node { span: Span { source, start: 0, end }, value: Value::Map(Map::new()) });
    }
    Converter { source, text }.node(read(source, text)?)
}

/// Whether [`parse`] would take a text. Of nearly all texts that shows without reading their values.
///
/// # Errors
/// Those of [`parse`].
pub fn check(text: &str) -> Result<(), Problem> {
    if text.len() <= MAX_BYTES && is_plainly_valid(text) {
        return Ok(());
    }
    parse(0, text).map(|_| ())
}

fn read(source: u32, text: &str) -> Result<Spanned<Raw>, Problem> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(Problem { span: Span { source, start: 0, end: 0 }, message, help: None });
    }
    let mut options = serde_yaml::options! {
        strict_booleans: true,
        // A tag means something to another program; here it would be dropped without a word.
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    if let Some(budget) = &mut options.budget {
        // The file's size is the limit; what aliases expand to stays limited by the crate.
        budget.max_aliases = MAX_BYTES;
        budget.max_events = MAX_BYTES;
        budget.max_nodes = MAX_BYTES;
        budget.max_total_scalar_bytes = MAX_BYTES;
    }
    serde_yaml::from_str_with_options(text, options).map_err(|error| {
        let span = error
            .location()
            .map_or(Span { source, start: 0, end: 0 }, |l| span_of(source, text, &l));
        let (message, help) = plain_message(&error);
        Problem { span, message, help }
    })
}

const TOO_DEEP: &str = "lists and maps stand deeper within each other here than any manifest needs";
const LESS_DEEP: &str =
    "look for indentation that grows with every line, or an opening bracket too many";

/// What the crate says about mistakes that people make, in their words, and what to do.
const IN_PLAIN_WORDS: [(&str, &str, &str); 11] = [
    ("budget breached: Depth", TOO_DEEP, LESS_DEEP),
    ("recursion limit exceeded", TOO_DEEP, LESS_DEEP),
    (
        "budget breached",
        "the aliases here expand to more than any manifest needs",
        "write the values out",
    ),
    (
        "multiple YAML documents",
        "a second document begins before this line",
        "remove the `---`: a manifest is one document; `-f one.yaml -f two.yaml` merges two files",
    ),
    ("tabs disallowed", "a tab indents this line", "indent with spaces"),
    (
        "did not find expected key",
        "this line does not line up with those above it",
        "give it the same indentation as its siblings, or close the bracket or quote above it",
    ),
    (
        "mapping values are not allowed",
        "a second `: ` on this line, or a key that is indented too far",
        "put text that holds `: ` in quotes",
    ),
    (
        "illegal placement of ':'",
        "a key stands where a value is expected",
        "close the bracket or quote above it",
    ),
    (
        "expected string scalar",
        "a key must be text",
        "put text that begins with `{` or `[` in quotes",
    ),
    (
        "unknown anchor",
        "there is no anchor of this name above",
        "write `&name` before the value that is meant; put text that begins with `*` in quotes",
    ),
    ("unclosed bracket", "a bracket is not closed", "close it, or put the text in quotes"),
];

/// The error's text without the place and the snippet, which our diagnostics draw themselves.
fn plain_message(error: &serde_yaml::Error) -> (String, Option<String>) {
    let text = error.without_snippet().to_string();
    let text = text.lines().next().unwrap_or_default();
    let cut = text.find(" at line ").unwrap_or(text.len());
    let text = text.get(..cut).unwrap_or(text).trim_start_matches("error: ").trim_end_matches(':');
    if let Some((_, message, help)) = IN_PLAIN_WORDS.iter().find(|(part, ..)| text.contains(part)) {
        return ((*message).to_owned(), Some((*help).to_owned()));
    }
    match text.strip_prefix("duplicate mapping key: ").and_then(|rest| rest.split(',').next()) {
        Some(key) => (
            format!("the key `{key}` stands here a second time"),
            Some("keep one of them".to_owned()),
        ),
        None if text.contains("tag") => {
            (text.to_owned(), Some("put text that begins with `!` in quotes".to_owned()))
        }
        None => (text.to_owned(), None),
    }
}

fn span_of(source: u32, text: &str, location: &serde_yaml::Location) -> Span {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_else(|| {
        text.split_inclusive('\n')
            .take(usize::try_from(location.line().saturating_sub(1)).unwrap_or(0))
            .map(|l| l.len() as u64)
            .sum::<u64>()
            + location.column().saturating_sub(1)
    });
    let len = span.byte_len().unwrap_or(0);
    let clamp = |n: u64| u32::try_from(n.min(text.len() as u64)).unwrap_or(u32::MAX);
    Span { source, start: clamp(start), end: clamp(start + len) }
}

/// What the parser hands over, before places are attached.
enum Raw {
    Null,
    Bool(bool),
    Number(String),
    /// Infinity or no number, or what is too large to be one.
    NonFinite,
    String(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

struct Converter<'t> {
    source: u32,
    text: &'t str,
}

impl Converter<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Result<Node, Problem> {
        let span = span_of(self.source, self.text, &raw.referenced);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Bool(b) => Value::Bool(b),
            // The text as written keeps `3.10`, `0x200` and large numbers whole.
            Raw::Number(n) => {
                let written = self.written(&raw.defined);
                Value::Number(written.map_or(n, str::to_owned))
            }
            Raw::NonFinite => match self.written(&raw.defined) {
                Some(written) if !written.trim_start_matches(['+', '-']).starts_with('.') => {
                    Value::String(written.to_owned())
                }
                written => {
                    let message =
                        format!("`{}` is no number to count with", written.unwrap_or_default());
                    let help = Some("write a number, or put it in quotes if it is text".to_owned());
                    return Err(Problem { span, message, help });
                }
            },
            Raw::String(s) => Value::String(s),
            Raw::List(list) => {
                let nodes = list.into_iter().map(|item| self.node(item));
                Value::List(nodes.collect::<Result<_, _>>()?)
            }
            Raw::Map(map) => {
                let entries = map.into_iter().map(|(key, value)| {
                    let span = span_of(self.source, self.text, &key.referenced);
                    Ok((key.value, Entry { key: span, node: self.node(value)? }))
                });
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
        };
        Ok(Node { span, value })
    }

    /// What stands at a place, as it is written.
    fn written(&self, at: &serde_yaml::Location) -> Option<&str> {
        let defined = span_of(self.source, self.text, at);
        let written = self.text.get(defined.start as usize..defined.end as usize);
        written.map(str::trim).filter(|w| !w.is_empty())
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(if value.is_finite() { Raw::Number(value.to_string()) } else { Raw::NonFinite })
    }
    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::String(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
