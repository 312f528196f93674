//! The small types of `logs`. Each is checked where it is read.

use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::types::{LabelName, checked_text, shorten};
use crate::re2;
use crate::yaml::HELP;

/// A regular expression as the collectors read it (RE2).
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Checks an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err(format!(
                "an empty regular expression matches every line{HELP}write what is looked for: `'GET /health'`"
            ));
        }
        match re2::compile(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(problem) => Err(format!(
                "`{}` is not a regular expression: {problem}{HELP}it is RE2, without look-around and backreferences; in single quotes YAML leaves `\\` alone: `'\\d+ ms'`",
                shorten(text)
            )),
        }
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The expression, compiled.
    pub fn regex(&self) -> regex::Regex {
        // It was compiled when it was read.
        re2::compile(&self.0).unwrap_or_else(|problem| unreachable!("{}: {problem}", self.0))
    }
}
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(Pattern, "^[\\s\\S]+$", "A regular expression (RE2).");

/// The name of a field in a line; dots lead into objects: `http.status`.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldName(String);

impl FieldName {
    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_@-".contains(c))
        };
        if text.split('.').all(part) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` is not the name of a field{HELP}use letters, digits, `_`, `@` and `-`; dots lead into objects: `http.status`",
            shorten(text)
        ))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    FieldName,
    "^[A-Za-z0-9_@-]+(\\.[A-Za-z0-9_@-]+)*$",
    "The name of a field in a line; dots lead into objects."
);

/// Folders that the collector's own files are in, so that a folder of the host cannot take their place.
const OWN_FOLDERS: [&str; 10] = [
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/positions",
    "/proc",
    "/sbin",
    "/sys",
    "/var/lib/alloy",
];

/// A path of log files on the host; `*` and `?` stand for any characters of a name.
#[derive(Clone, PartialEq, Eq)]
pub struct LogPath(String);

impl LogPath {
    /// Checks a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = Self(text.to_owned());
        let parts = text.split('/').skip(1);
        if !text.starts_with('/')
            || text.ends_with('/')
            || parts.clone().any(|p| matches!(p, "" | "." | ".."))
        {
            return Err(format!(
                "`{}` is not an absolute path of files{HELP}write it like `/var/log/app/*.log`",
                shorten(text)
            ));
        }
        if text.contains(['{', '}', '[', ']', '\\', '"', '\n']) {
            return Err(format!(
                "`{}` holds characters that are no part of a log file's path{HELP}only `*` and `?` stand for others: `/var/log/app/*.log`",
                shorten(text)
            ));
        }
        let folder = path.folder();
        let own = OWN_FOLDERS
            .iter()
            .find(|own| folder == **own || folder.starts_with(&format!("{own}/")));
        if own.is_some()
            || matches!(
                folder,
                "/" | "/usr" | "/usr/bin" | "/usr/lib" | "/tmp" | "/var" | "/var/lib"
            )
        {
            return Err(format!(
                "the folder {folder} cannot be mounted into the collector: its own files are there{HELP}put the log files into a folder of their own, such as `/var/log/app`"
            ));
        }
        Ok(path)
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The folder that holds all of the files: the path up to the first name with a `*`.
    pub fn folder(&self) -> &str {
        let stars = self.0.find(['*', '?']).unwrap_or(self.0.len());
        let end = self.0.get(..stars).and_then(|before| before.rfind('/')).unwrap_or(0);
        self.0.get(..end).filter(|folder| !folder.is_empty()).unwrap_or("/")
    }
}
impl fmt::Display for LogPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    LogPath,
    "^(/[^/{}\\[\\]\\\\\"\\n]+)+$",
    "An absolute path; `*` and `?` stand for any characters of a name."
);

/// Words for a time that is a number or a standard's text.
const TIME_WORDS: [&str; 5] = ["rfc3339", "unix", "unix_ms", "unix_us", "unix_ns"];

/// How a time is written: a word, or a date in the letters of `strftime`.
#[derive(Clone, PartialEq, Eq)]
pub struct TimeFormat(String);

impl TimeFormat {
    /// Checks a format.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if TIME_WORDS.contains(&text) {
            return Ok(Self(text.to_owned()));
        }
        let help = "write `rfc3339`, `unix`, `unix_ms`, `unix_us`, `unix_ns`, or a date like `%Y-%m-%d %H:%M:%S`";
        if !text.contains('%') {
            return Err(format!("`{}` is not a format of a time{HELP}{help}", shorten(text)));
        }
        layout(text).map_err(|problem| format!("`{}`: {problem}{HELP}{help}", shorten(text)))?;
        let missing =
            [("%Y", "year"), ("%d", "day"), ("%H", "hour")].into_iter().find(|(letter, _)| {
                let other = match *letter {
                    "%Y" => "%y",
                    "%d" => "%e",
                    _ => "%I",
                };
                !text.contains(letter) && !text.contains(other)
            });
        if let Some((letter, what)) = missing {
            return Err(format!(
                "`{}` leaves the {what} out{HELP}add `{letter}`: {help}",
                shorten(text)
            ));
        }
        Ok(Self(text.to_owned()))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The same in Go's way, as Promtail and Alloy take it.
    pub fn layout(&self) -> String {
        match self.as_str() {
            "rfc3339" => "RFC3339Nano".to_owned(),
            "unix" => "Unix".to_owned(),
            "unix_ms" => "UnixMs".to_owned(),
            "unix_us" => "UnixUs".to_owned(),
            "unix_ns" => "UnixNs".to_owned(),
            // It was checked when it was read.
            text => layout(text).unwrap_or_default(),
        }
    }
}

/// `%Y-%m-%d` as Go writes it: the same moment of 2006 in the same form. Go reads a fraction after the seconds
/// whether its layout has one or not.
fn layout(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            if !c.is_ascii() || (c.is_ascii_alphanumeric() && !matches!(c, 'T' | 'Z')) || c == '_' {
                return Err(format!("`{c}` cannot stand between the parts of a date"));
            }
            out.push(c);
            continue;
        }
        let letter = rest.next();
        let part = match letter {
            Some('Y') => "2006",
            Some('y') => "06",
            Some('m') => "01",
            Some('d') => "02",
            Some('e') => "_2",
            Some('b') => "Jan",
            Some('B') => "January",
            Some('a') => "Mon",
            Some('A') => "Monday",
            Some('H') => "15",
            Some('I') => "03",
            Some('M') => "04",
            Some('S') => "05",
            Some('p') => "PM",
            Some('z') => "-0700",
            Some('f') if out.ends_with("05.") || out.ends_with("05,") => {
                out.pop();
                ""
            }
            Some('f') => return Err("`%f` stands after the seconds: `%S.%f`".to_owned()),
            Some(other) => return Err(format!("`%{other}` is not known")),
            None => return Err("it ends with `%`".to_owned()),
        };
        out.push_str(part);
    }
    Ok(out)
}
impl Default for TimeFormat {
    fn default() -> Self {
        Self("rfc3339".to_owned())
    }
}
impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    TimeFormat,
    "^(rfc3339|unix|unix_ms|unix_us|unix_ns|.*%.*)$",
    "`rfc3339`, `unix`, `unix_ms`, `unix_us`, `unix_ns`, or a date like `%Y-%m-%d %H:%M:%S`."
);

/// What may be switched off: `false`, or how it is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Switch<T> {
    /// `false`.
    Off,
    /// How it is done.
    On(T),
}

impl<T> Switch<T> {
    /// How it is done, if it is.
    pub const fn on(&self) -> Option<&T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

/// How something that may be switched off is written.
pub trait Written: Sized {
    /// As an example.
    const EXAMPLE: &'static str;
    /// What `true` stands for, if it stands for something.
    fn plain() -> Option<Self> {
        None
    }
}

impl<'de, T: Deserialize<'de> + Written> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OffOrMap<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Written> Visitor<'de> for OffOrMap<T> {
            type Value = Switch<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "`false`, or a map like `{}`", T::EXAMPLE)
            }
            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Switch<T>, E> {
                if !on {
                    return Ok(Switch::Off);
                }
                T::plain().map(Switch::On).ok_or_else(|| {
                    E::custom(format!(
                        "`true` does not say how{HELP}write it like `{}`",
                        T::EXAMPLE
                    ))
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Switch<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Switch::On)
            }
        }
        deserializer.deserialize_any(OffOrMap(PhantomData))
    }
}
impl<T: JsonSchema + Written> JsonSchema for Switch<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Switch{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let words = if T::plain().is_some() { vec![true, false] } else { vec![false] };
        json_schema!({"anyOf": [{"type": "boolean", "enum": words}, value]})
    }
}

/// Which of the patterns that ship with mcpmon.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Builtin {
    /// `true`.
    #[default]
    All,
    /// `false`.
    None,
    /// Those named.
    Named(Vec<String>),
}

impl<'de> Deserialize<'de> for Builtin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoolOrNames;
        impl<'de> Visitor<'de> for BoolOrNames {
            type Value = Builtin;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, `false` or a list of names")
            }
            fn visit_bool<E: de::Error>(self, all: bool) -> Result<Builtin, E> {
                Ok(if all { Builtin::All } else { Builtin::None })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Builtin, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Builtin::Named)
            }
        }
        deserializer.deserialize_any(BoolOrNames)
    }
}
impl JsonSchema for Builtin {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Builtin".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]})
    }
}

/// Labels and the fields that they are read from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelFields {
    /// Label → field.
    pub fields: IndexMap<LabelName, FieldName>,
    /// Whether they were written as a list, which is where a problem is pointed at.
    pub listed: bool,
}

impl<'de> Deserialize<'de> for LabelFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrMap;
        impl<'de> Visitor<'de> for ListOrMap {
            type Value = LabelFields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of fields, or a map from label to field")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<LabelFields, A::Error> {
                let mut fields = IndexMap::new();
                while let Some(label) = seq.next_element::<LabelName>()? {
                    let field = FieldName(label.to_string());
                    fields.insert(label, field);
                }
                Ok(LabelFields { fields, listed: true })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LabelFields, A::Error> {
                let fields = IndexMap::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(LabelFields { fields, listed: false })
            }
        }
        deserializer.deserialize_any(ListOrMap)
    }
}
impl JsonSchema for LabelFields {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LabelFields".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<Vec<LabelName>>();
        let map = generator.subschema_for::<IndexMap<LabelName, FieldName>>();
        json_schema!({"anyOf": [list, map]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_written_in_the_way_of_go() {
        for (format, layout) in [
            ("%Y-%m-%d %H:%M:%S", "2006-01-02 15:04:05"),
            ("%Y-%m-%d %H:%M:%S,%f", "2006-01-02 15:04:05"),
            ("%Y-%m-%dT%H:%M:%S.%fZ", "2006-01-02T15:04:05Z"),
            ("%d/%b/%Y:%H:%M:%S %z", "02/Jan/2006:15:04:05 -0700"),
            ("rfc3339", "RFC3339Nano"),
            ("unix_ms", "UnixMs"),
        ] {
            assert_eq!(TimeFormat::parse(format).unwrap().layout(), layout);
        }
        for format in
            ["iso", "%H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%q", "%Y-%m-%d at %H", "%", "%f %Y %d %H"]
        {
            assert!(TimeFormat::parse(format).is_err(), "{format}");
        }
    }

    #[test]
    fn the_folder_of_a_path_holds_all_of_its_files() {
        for (path, folder) in [
            ("/var/log/app.log", "/var/log"),
            ("/var/log/*.log", "/var/log"),
            ("/srv/*/logs/*.log", "/srv"),
            ("/srv/app-?/x.log", "/srv"),
        ] {
            assert_eq!(LogPath::parse(path).unwrap().folder(), folder);
        }
        for path in [
            "app.log",
            "/app.log",
            "/var/log/",
            "/var/../etc/x",
            "/etc/x.log",
            "/proc/1/x",
            "//x",
            "/a/[b].log",
        ] {
            assert!(LogPath::parse(path).is_err(), "{path}");
        }
    }
}
