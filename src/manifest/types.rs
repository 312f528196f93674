//! The small types of the manifest. Each is checked where it is read, so that no later step sees
//! an invalid name, port or duration.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::yaml::{HELP, SECRET};

/// Makes a type of text that is checked by `FromStr`-like `parse` when it is read.
macro_rules! checked_text {
    ($name:ident, $pattern:expr, $description:expr) => {
        checked_text!($name, $pattern, $description, "string");
    };
    ($name:ident, $pattern:expr, $description:expr, $types:tt) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": $types, "pattern": $pattern, "description": $description})
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

pub(super) use checked_text;

/// A name that is used in container names, labels and URLs: a DNS label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Longest name: a DNS label holds 63 characters.
    const MAX: usize = 63;

    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it, and a name that would do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ok = text.len() <= Self::MAX
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if ok {
            return Ok(Self(text.to_owned()));
        }
        let proposal = Self::from_any(text);
        Err(format!(
            "`{}` is not a name{HELP}use lower-case letters, digits and `-`, starting with a letter, at most {} characters: `{proposal}`",
            shorten(text),
            Self::MAX
        ))
    }

    /// The nearest valid name.
    pub fn from_any(text: &str) -> Self {
        let dashed = text
            .to_lowercase()
            .replace(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit(), "-");
        let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
        let mut name = words.join("-");
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            name = format!("mcp-{name}");
        }
        name.truncate(Self::MAX);
        Self(name.trim_end_matches('-').to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    Name,
    "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
    "Lower-case letters, digits and `-`, starting with a letter."
);

/// A Prometheus label name. Names that start with `__` belong to Prometheus.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(String);

impl LabelName {
    /// Checks a label name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let ok = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(word)
            && !text.starts_with("__");
        if !ok {
            return Err(format!(
                "`{}` is not a label name{HELP}use letters, digits and `_`, not starting with a digit or `__`",
                shorten(text)
            ));
        }
        if matches!(text, "service" | "group" | "dialect" | "job" | "instance" | "component") {
            return Err(format!("the label `{text}` is set by mcpmon{HELP}choose another name"));
        }
        Ok(Self(text.to_owned()))
    }
}
impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    LabelName,
    "^(?!__|(service|group|dialect|job|instance|component)$)[a-zA-Z_][a-zA-Z0-9_]*$",
    "A Prometheus label name."
);

/// A duration as Prometheus writes it: `15s`, `1h30m`, `15d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    millis: u64,
}

/// Prometheus' units, largest first, in milliseconds. A year has 365 days there.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl Duration {
    /// A duration of that many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis }
    }
    /// A duration of that many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self { millis: secs * 1000 }
    }

    /// Checks a duration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a duration{HELP}write a number and a unit (ms, s, m, h, d, w, y), as in `15s`, `1h30m` or `15d`",
                shorten(text)
            )
        };
        let mut rest = text;
        let mut millis: u64 = 0;
        let mut next_unit = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(digits);
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(end);
            let index = UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(wrong)?;
            // Each unit at most once and from large to small, as Prometheus has it.
            if index < next_unit {
                return Err(wrong());
            }
            next_unit = index + 1;
            let factor = UNITS.get(index).map_or(1, |u| u.1);
            millis =
                number.checked_mul(factor).and_then(|n| millis.checked_add(n)).ok_or_else(wrong)?;
            rest = tail;
        }
        if millis == 0 {
            return Err(wrong());
        }
        Ok(Self { millis })
    }

    /// The duration in milliseconds.
    pub const fn millis(self) -> u64 {
        self.millis
    }
    /// The duration in seconds.
    #[allow(clippy::cast_precision_loss)] // Exact up to 285,000 years.
    pub fn seconds(self) -> f64 {
        self.millis as f64 / 1000.0
    }
    /// The same as the standard library has it.
    pub const fn std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.millis)
    }
}
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The largest unit that divides evenly, so that `15d` and `168h` stay readable.
        let unit = UNITS
            .iter()
            .skip(2)
            .find(|(_, size)| self.millis.is_multiple_of(*size))
            .map_or(("ms", 1), |unit| *unit);
        write!(f, "{}{}", self.millis / unit.1, unit.0)
    }
}
checked_text!(
    Duration,
    "^([0-9]+(y|w|d|h|m|s|ms))+$",
    "A Prometheus duration such as `15s`, `1h30m` or `15d`."
);

/// A number of bytes: `512MiB`, `1GiB`, `500MB` or a plain number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// A size of that many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Checks a size.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a size{HELP}write a number and a unit (KiB, MiB, GiB, TiB, KB, MB, GB, TB), as in `512MiB`",
                shorten(text)
            )
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let factor = match unit.trim() {
            "" | "B" => 1,
            "KiB" | "Ki" => 1 << 10,
            "MiB" | "Mi" => 1 << 20,
            "GiB" | "Gi" => 1 << 30,
            "TiB" | "Ti" => 1 << 40,
            "KB" | "kB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(factor).filter(|n| *n > 0).map(Self).ok_or_else(wrong)
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size)) {
            Some((unit, size)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}
checked_text!(
    ByteSize,
    "^[1-9][0-9]* ?(B|[KMGT]iB?|[KMGTk]B)?$",
    "A size such as `512MiB` or `1GiB`.",
    ["string", "integer"]
);

/// A share from 0 to 1, written `0.01` or `1%`.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// Checks a share.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, factor) = match text.strip_suffix('%') {
            Some(number) => (number.trim(), 0.01),
            None => (text, 1.0),
        };
        number.parse::<f64>().ok().map(|n| n * factor).filter(|n| (0.0..=1.0).contains(n)).map(Self).ok_or_else(
            || format!("`{}` is not a share{HELP}write a percentage such as `1%`, or a number from 0 to 1", shorten(text)),
        )
    }
    /// The share as a number from 0 to 1.
    pub const fn value(self) -> f64 {
        self.0
    }
}
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
checked_text!(
    Share,
    "^([0-9]{1,2}(\\.[0-9]+)?|100(\\.0+)?) ?%$|^(0(\\.[0-9]+)?|1(\\.0+)?)$",
    "A share such as `1%` or `0.01`.",
    ["string", "number"]
);

/// An `http://` or `https://` URL without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(reqwest::Url);

impl Url {
    /// Checks a URL.
    ///
    /// # Errors
    /// What is wrong with it. Credentials in it are not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "write it like `http://terminal:7001/mcp`";
        let url = reqwest::Url::parse(text)
            .map_err(|error| format!("`{}` is not a URL: {error}{HELP}{example}", shorten(text)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "{SECRET}a URL must not hold credentials{HELP}move them to `auth:`, as in `auth: {{basic: {{username: me, password: {{file: secrets/password}}}}}}`"
            ));
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(format!(
                "`{}` is not an http:// or https:// URL{HELP}{example}",
                shorten(text)
            ));
        }
        if url.fragment().is_some() {
            return Err(format!(
                "`{}` has a fragment (`#…`), which is never sent{HELP}remove it",
                shorten(text)
            ));
        }
        Ok(Self(url))
    }
    /// `host:port`, with the scheme's own port where none is written.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host(), self.0.port_or_known_default().unwrap_or(80))
    }
    /// The host name or address.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
    /// The port, with the scheme's own where none is written.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }
    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.0.scheme()
    }
    /// The path, at least `/`.
    pub fn path(&self) -> &str {
        self.0.path()
    }
    /// The query's parameters.
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.0.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
    }
}
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
checked_text!(Url, "^https?://[^@#/][^@#]*$", "An http:// or https:// URL without credentials.");

/// Where a secret is read from when the stack is brought up. The value itself never stands in a
/// manifest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// An environment variable of the mcpmon process.
    Env(String),
    /// A file; a relative path starts at the manifest's folder. One trailing newline is dropped.
    File(String),
}
impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {path}"),
        }
    }
}
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}
#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum SourceKind {
    Env,
    File,
}
struct SecretVisitor;
impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretRef;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`{env: NAME}` or `{file: path}`")
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretRef, E> {
        Err(E::custom(format!(
            "{SECRET}a secret must not stand in the manifest{HELP}write `{{env: NAME}}` to read an environment variable or `{{file: path}}` to read a file"
        )))
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretRef, E> {
        self.visit_str("")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
        let wrong = || {
            de::Error::custom(format!(
                "a secret has exactly one source{HELP}write `{{env: NAME}}` or `{{file: path}}`"
            ))
        };
        let (kind, value) = map.next_entry::<SourceKind, String>()?.ok_or_else(wrong)?;
        if map.next_key::<SourceKind>()?.is_some() {
            return Err(wrong());
        }
        if value.trim().is_empty() {
            return Err(de::Error::custom(format!(
                "the secret's source has no name{HELP}write `{{env: NAME}}` or `{{file: path}}`"
            )));
        }
        Ok(match kind {
            SourceKind::Env => SecretRef::Env(value),
            SourceKind::File => SecretRef::File(value),
        })
    }
}
impl JsonSchema for SecretRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretRef".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Where a secret is read from: an environment variable of mcpmon or a file.",
            "oneOf": [
                {"properties": {"env": {"type": "string", "pattern": "\\S", "description": "Name of an environment variable of mcpmon."}}, "required": ["env"], "additionalProperties": false},
                {"properties": {"file": {"type": "string", "pattern": "\\S", "description": "Path of a file; a relative one starts at the manifest's folder."}}, "required": ["file"], "additionalProperties": false}
            ]
        })
    }
}

/// A URL, or the secret that holds one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum UrlOrSecret {
    /// A URL that may be seen.
    Url(Url),
    /// A URL that is a credential by itself.
    Secret(SecretRef),
}
impl<'de> Deserialize<'de> for UrlOrSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = UrlOrSecret;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, `{env: NAME}` or `{file: path}`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<UrlOrSecret, E> {
                Url::parse(text).map(UrlOrSecret::Url).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UrlOrSecret, A::Error> {
                SecretVisitor.visit_map(map).map(UrlOrSecret::Secret)
            }
        }
        deserializer.deserialize_any(Either)
    }
}
impl JsonSchema for UrlOrSecret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UrlOrSecret".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let url = generator.subschema_for::<Url>();
        let secret = generator.subschema_for::<SecretRef>();
        json_schema!({"anyOf": [url, secret]})
    }
}

/// Keeps a message readable when what was written is very long.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 60 && line.len() == text.len() {
        return text.to_owned();
    }
    line.chars().take(60).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_prometheus_does() {
        for (text, millis) in
            [("15s", 15_000), ("1h30m", 5_400_000), ("15d", 1_296_000_000), ("200ms", 200)]
        {
            assert_eq!(Duration::parse(text).unwrap().millis(), millis, "{text}");
        }
        for text in
            ["", "15", "s", "1m1h", "1s1s", "0s", "-5s", "1.5h", "15 s", "99999999999999999999y"]
        {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
        assert_eq!(Duration::parse("1h30m").unwrap().to_string(), "90m");
        assert_eq!(Duration::parse("168h").unwrap().to_string(), "7d");
        assert_eq!(Duration::parse("1y").unwrap().to_string(), "365d");
    }

    #[test]
    fn names_are_dns_labels_and_a_wrong_one_gets_a_proposal() {
        assert!(Name::parse("search-2").is_ok());
        for (text, proposal) in [
            ("Search Two", "search-two"),
            ("7up", "mcp-7up"),
            ("a_b", "a-b"),
            ("", "mcp"),
            ("ü", "mcp"),
        ] {
            assert!(Name::parse(text).unwrap_err().ends_with(&format!("`{proposal}`")), "{text}");
        }
    }

    #[test]
    fn sizes_know_both_families_of_units() {
        assert_eq!(ByteSize::parse("512MiB").unwrap().bytes(), 512 << 20);
        assert_eq!(ByteSize::parse("500MB").unwrap().bytes(), 500_000_000);
        assert_eq!(ByteSize::parse("1GiB").unwrap().to_string(), "1GiB");
        for text in ["", "MiB", "0", "1.5GiB", "1 XB", "-1"] {
            assert!(ByteSize::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_percentages_or_fractions() {
        assert!((Share::parse("2%").unwrap().value() - 0.02).abs() < 1e-9);
        assert!(
            Share::parse("101%").is_err()
                && Share::parse("-0.1").is_err()
                && Share::parse("x").is_err()
        );
    }

    #[test]
    fn a_url_with_a_password_is_refused_without_repeating_it() {
        let message = Url::parse("http://me:hunter2@host/").unwrap_err();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
