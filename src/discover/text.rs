//! A file's text → a tree with the place of each value. What is wrong is told by its place alone: the line may hold a
//! secret, so it is not shown.

use jsonc_parser::ast::{ObjectPropName, Value as Ast};
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::errors::ParseErrorKind as Kind;
use jsonc_parser::{CollectOptions, ParseOptions, ParseStringErrorKind, parse_to_ast};

use crate::yaml::{self, Entry, Map, Node, Problem, Span, Value};

/// Deepest nesting that is read; configurations have five levels.
const DEEPEST: usize = 64;
/// Largest file that is read, in bytes. Docker's whole catalog has about 1 MB.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Reads JSON with comments and trailing commas, or YAML: what begins with a bracket or a `/` is JSON.
///
/// # Errors
/// The first place where the text is neither.
pub fn parse(source: u32, text: &str) -> Result<Node, Problem> {
    let body = text.trim_start_matches('\u{feff}').trim_start();
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(problem(source, Range::new(0, 0), message, None));
    }
    if body.starts_with(['{', '[', '/']) { json(source, text) } else { yaml::parse(source, text) }
}

fn json(source: u32, text: &str) -> Result<Node, Problem> {
    if let Some(at) = too_deep(text) {
        let message = format!("brackets are nested more than {DEEPEST} deep");
        return Err(problem(source, Range::new(at, at), message, None));
    }
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
    };
    // The parser takes a byte order mark for a word.
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = text.get(mark..).unwrap_or_default();
    let parsed = parse_to_ast(body, &CollectOptions::default(), &options).map_err(|error| {
        let (message, help) = plain(error.kind());
        let range = error.range();
        problem(source, Range::new(range.start + mark, range.end + mark), message, help)
    })?;
    match parsed.value {
        Some(value) => Reader { source, mark }.node(&value),
        None => Ok(Node { span: span(source, Range::new(0, 0)), value: Value::Null }),
    }
}

struct Reader {
    source: u32,
    mark: usize,
}

impl Reader {
    fn span(&self, range: Range) -> Span {
        span(self.source, Range::new(range.start + self.mark, range.end + self.mark))
    }

    fn node(&self, ast: &Ast<'_>) -> Result<Node, Problem> {
        let value = match ast {
            Ast::NullKeyword(_) => Value::Null,
            Ast::BooleanLit(b) => Value::Bool(b.value),
            Ast::NumberLit(n) => Value::Number(n.value.to_owned()),
            Ast::StringLit(s) => Value::String(s.value.clone().into_owned()),
            Ast::Array(list) => {
                Value::List(list.elements.iter().map(|v| self.node(v)).collect::<Result<_, _>>()?)
            }
            Ast::Object(object) => {
                let mut map = Map::new();
                for property in &object.properties {
                    let key = match &property.name {
                        ObjectPropName::String(name) => name.value.clone().into_owned(),
                        ObjectPropName::Word(name) => name.value.to_owned(),
                    };
                    let place = self.span(property.name.range());
                    let entry = Entry { key: place, node: self.node(&property.value)? };
                    if map.insert(key.clone(), entry).is_some() {
                        return Err(Problem {
                            span: place,
                            message: format!("the key `{key}` stands here a second time"),
                            help: Some("keep one of them".to_owned()),
                        });
                    }
                }
                Value::Map(map)
            }
        };
        Ok(Node { span: self.span(ast.range()), value })
    }
}

fn span(source: u32, range: Range) -> Span {
    let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { source, start: at(range.start), end: at(range.end) }
}

fn problem(source: u32, range: Range, message: String, help: Option<&str>) -> Problem {
    Problem { span: span(source, range), message, help: help.map(str::to_owned) }
}

/// Where brackets are nested too deep. Brackets in texts count as well; no configuration has so many.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// What the parser says, in plain words, and what to do.
fn plain(kind: &Kind) -> (String, Option<&'static str>) {
    let (message, help) = match kind {
        Kind::ExpectedComma => ("a comma is missing here", "put `,` between two entries"),
        Kind::ExpectedColonAfterObjectKey => {
            ("a `:` is missing after the key", "write `\"key\": value`")
        }
        Kind::ExpectedObjectValue => ("a value is missing after the key", "write `\"key\": value`"),
        Kind::ExpectedStringObjectProperty => {
            ("a key without quotes", "put the key in double quotes")
        }
        Kind::SingleQuotedStringsNotAllowed => {
            ("text in single quotes", "JSON takes double quotes alone")
        }
        Kind::UnexpectedWord => ("a word without quotes", "put text in double quotes"),
        Kind::UnterminatedObject => ("this `{` is never closed", "add the `}` that it needs"),
        Kind::UnterminatedArray => ("this `[` is never closed", "add the `]` that it needs"),
        Kind::UnterminatedCommentBlock => ("this `/*` is never closed", "add `*/`"),
        Kind::MultipleRootJsonValues => {
            ("something stands after the end", "one file holds one value: remove what follows")
        }
        Kind::UnexpectedCloseBrace
        | Kind::UnexpectedCloseBracket
        | Kind::UnexpectedColon
        | Kind::UnexpectedComma
        | Kind::UnexpectedToken
        | Kind::UnexpectedTokenInObject => {
            ("this character does not belong here", "look at the brackets, commas and quotes above")
        }
        Kind::String(ParseStringErrorKind::UnterminatedStringLiteral) => {
            ("this quote is never closed", "close it on its own line")
        }
        // The parser repeats the text, which may be a secret.
        Kind::String(_) => ("an escape that JSON does not have", "write a backslash as `\\\\`"),
        other => return (other.to_string().to_lowercase(), None),
    };
    (message.to_owned(), Some(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_read_and_places_are_right() {
        let text =
            "\u{feff}// mine\n{\n  \"a\": [1, \"ü\",], /* x */\n  \"b\": {\"c\": null},\n}\n";
        let node = parse(0, text).unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"a": [1, "ü"], "b": {"c": null}}));
        let at = node.locate_key(&["b".into(), "c".into()]).unwrap();
        assert_eq!(text.get(at.start as usize..at.end as usize), Some("\"c\""));
    }

    #[test]
    fn what_is_broken_is_told_with_its_place() {
        for (text, at, message) in [
            ("{\"a\": 1\n \"b\": 2}", 7, "a comma is missing here"),
            ("{\"a\": ", 0, "a value is missing after the key"),
            ("{\"a\": 1", 0, "this `{` is never closed"),
            ("{a: 1}", 1, "a key without quotes"),
            ("{'a': 1}", 1, "text in single quotes"),
            ("{\"a\": 1, \"a\": 2}", 9, "the key `a` stands here a second time"),
            ("{} {}", 3, "something stands after the end"),
            ("{\"a\": \"x", 6, "this quote is never closed"),
            ("{\"a\": \"\\q\"}", 0, "an escape that JSON does not have"),
        ] {
            let problem = parse(0, text).unwrap_err();
            assert_eq!(problem.message, message, "{text}");
            let found = problem.span.start as usize;
            assert!(found == at || text.contains("\"a\": ") && at == 0, "{text}: {found}");
        }
        assert!(parse(0, &"[".repeat(100_000)).is_err());
    }
}
