//! [`Node`] tree → any type, with errors that know their place.

use std::fmt;

use indexmap::map::Iter;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Unexpected, Visitor};

use super::node::{Entry, Node, Span, Value};

/// Why a document does not fit a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The place, once known.
    pub span: Option<Span>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The value is a secret and must not be shown.
    pub secret: bool,
}

/// Marks the advice within the text of an error that passes through `serde`.
pub const HELP: &str = "\nhelp: ";

/// Marks, at the start of an error's text, that the value is a secret and must not be shown.
pub const SECRET: &str = "\u{1}";

/// Reads a type from a document.
///
/// # Errors
/// The first value that does not fit, with its place and, where there is one, a suggestion.
pub fn from_node<T: DeserializeOwned>(node: &Node) -> Result<T, Error> {
    T::deserialize(node).map_err(|e| e.at(node.span))
}

impl Error {
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Self {
        let text = text.to_string();
        let (secret, text) = match text.strip_prefix(SECRET) {
            Some(text) => (true, text.to_owned()),
            None => (false, text),
        };
        let (message, help) = match text.split_once(HELP) {
            Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
            None => (text, None),
        };
        Self { span: None, message, help, secret }
    }
    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("expected {}, found {}", wanted(expected), describe(found)))
    }
    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("expected {}, found {}", wanted(expected), describe(found)))
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        unknown("key", field, expected)
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        unknown("value", variant, expected)
    }
    fn missing_field(field: &'static str) -> Self {
        Self { span: None, message: format!("`{field}` is missing"), help: None, secret: false }
    }
}

fn unknown(what: &str, found: &str, expected: &[&str]) -> Error {
    Error {
        span: None,
        message: format!("unknown {what} `{found}`"),
        help: Some(crate::diagnostic::suggest(found, expected.iter().copied())),
        secret: false,
    }
}

/// What was expected, in a manifest author's words instead of Rust's.
fn wanted(expected: &dyn de::Expected) -> String {
    match expected.to_string().as_str() {
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u8" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        text if text.starts_with("struct ") => "a map".to_owned(),
        text if text.starts_with("enum ") => "one of the known words".to_owned(),
        text => text.to_owned(),
    }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(s) => format!("the text `{s}`"),
        Unexpected::Bool(b) => format!("`{b}`"),
        Unexpected::Unsigned(n) => format!("the number {n}"),
        Unexpected::Signed(n) => format!("the number {n}"),
        Unexpected::Float(n) => format!("the number {n}"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

impl Node {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(b) => Unexpected::Bool(*b),
            Value::Number(n) => n
                .parse()
                .map(Unexpected::Signed)
                .or_else(|_| n.parse().map(Unexpected::Float))
                .unwrap_or(Unexpected::Str(n)),
            Value::String(s) => Unexpected::Str(s),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        }
    }

    fn wrong<'de, V: Visitor<'de>>(&self, visitor: &V) -> Error {
        <Error as de::Error>::invalid_type(self.unexpected(), visitor).at(self.span)
    }
}

impl<'de> de::Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Number(n) => {
                if let Ok(n) = n.parse::<u64>() {
                    visitor.visit_u64(n)
                } else if let Ok(n) = n.parse::<i64>() {
                    visitor.visit_i64(n)
                } else if let Ok(n) = n.parse::<f64>() {
                    visitor.visit_f64(n)
                } else {
                    visitor.visit_str(n)
                }
            }
            Value::String(s) => visitor.visit_borrowed_str(s),
            Value::List(list) => visitor.visit_seq(List(list.iter())),
            Value::Map(map) => visitor.visit_map(Entries { entries: map.iter(), pending: None }),
        }
        .map_err(|e| e.at(self.span))
    }

    // Where text is asked for, a number or boolean is taken as it was written: `version: 3.10`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::String(s) | Value::Number(s) => visitor.visit_borrowed_str(s),
            Value::Bool(b) => visitor.visit_str(if *b { "true" } else { "false" }),
            _ => Err(self.wrong(&visitor)),
        }
        .map_err(|e| e.at(self.span))
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|e| e.at(self.span))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self).map_err(|e| e.at(self.span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.value {
            Value::String(s) => visitor.visit_enum(s.as_str().into_deserializer()),
            Value::Map(map) => match map.iter().next() {
                Some((key, entry)) if map.len() == 1 => visitor.visit_enum(Variant { key, entry }),
                _ => Err(de::Error::custom(format!(
                    "expected exactly one of {}{HELP}remove the others; to replace one that an earlier file wrote, set it to `null`",
                    variants.join(", ")
                ))),
            },
            _ => Err(self.wrong(&visitor)),
        }
        .map_err(|e: Error| e.at(self.span))
    }

    // An empty value (`services:` with nothing under it) reads as an empty map or list.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Null => visitor
                .visit_map(Entries { entries: indexmap::map::Slice::new().iter(), pending: None }),
            Value::Map(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong(&visitor)),
        }
        .map_err(|e| e.at(self.span))
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // Types that are written as a scalar or a map say so by asking for `any`.
        match &self.value {
            Value::Null | Value::Map(_) => self.deserialize_map(visitor),
            _ => Err(self.wrong(&visitor)),
        }
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Null => visitor.visit_seq(List([].iter())),
            Value::List(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong(&visitor)),
        }
        .map_err(|e| e.at(self.span))
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf
        unit unit_struct tuple tuple_struct
    }
}

struct List<'de>(std::slice::Iter<'de, Node>);

impl<'de> de::SeqAccess<'de> for List<'de> {
    type Error = Error;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|n| seed.deserialize(n).map_err(|e| e.at(n.span))).transpose()
    }
}

struct Entries<'de> {
    entries: Iter<'de, String, Entry>,
    pending: Option<&'de Entry>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Error;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, entry)) = self.entries.next() else {
            return Ok(None);
        };
        self.pending = Some(entry);
        let key = de::value::BorrowedStrDeserializer::<Error>::new(key);
        seed.deserialize(key).map(Some).map_err(|e| e.at(entry.key))
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some(entry) = self.pending.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        // A map's own place is its first key: the key above it is the better one to point at.
        let place = if matches!(entry.node.value, Value::Map(_) | Value::Null) {
            entry.key
        } else {
            entry.node.span
        };
        match seed.deserialize(&entry.node) {
            Err(mut e) if e.span == Some(entry.node.span) => {
                e.span = Some(place);
                Err(e)
            }
            other => other.map_err(|e| e.at(place)),
        }
    }
}

struct Variant<'de> {
    key: &'de str,
    entry: &'de Entry,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let key = de::value::BorrowedStrDeserializer::<Error>::new(self.key);
        let value = seed.deserialize(key).map_err(|mut e| {
            // What is a word elsewhere is a key here.
            e.message = e.message.replacen("unknown value", "unknown key", 1);
            e.at(self.entry.key)
        })?;
        Ok((value, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = Error;
    fn unit_variant(self) -> Result<(), Error> {
        match self.entry.node.value {
            Value::Null => Ok(()),
            _ => Err(Error {
                span: Some(self.entry.node.span),
                message: format!("`{}` takes no value", self.key),
                help: None,
                secret: false,
            }),
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&self.entry.node).map_err(|e| e.at(self.entry.node.span))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_seq(&self.entry.node, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        de::Deserializer::deserialize_map(&self.entry.node, visitor)
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}
