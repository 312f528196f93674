//! Where secrets are read from.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::Url;
use crate::yaml::{HELP, SECRET};

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
