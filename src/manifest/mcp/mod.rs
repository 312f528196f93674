//! How a service's MCP endpoint is reached, and how it is asked.
//!
//! * [`mistakes`] what no single value can show
//! * [`target`] what the probing client is given

mod mistakes;
mod target;

pub use mistakes::{LONGEST_INTERVAL, Mistake, Pace, is_metadata};

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::probe::TextOrMap;
use super::service::{Auth, Tls};
use super::types::{Address, Duration, Host, SecretRef, Url, checked_text, shorten};
use super::words::EnvName;
use crate::mcp::target::{Depth, Protocol};
use crate::yaml::HELP;

/// An MCP server: where it is, and how it is asked.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "McpMap")]
pub struct McpServer {
    /// The address; instead of `command`.
    pub url: Option<Url>,
    /// A program that speaks MCP on its standard input and output, with its arguments: it is started for
    /// each probe and ended after it.
    #[serde(default, deserialize_with = "words")]
    pub command: Vec<String>,
    /// The program's environment beside `PATH` and `HOME`: text, or `{file: path}` or `{env: NAME}` for a
    /// secret.
    #[serde(default)]
    pub env: BTreeMap<EnvName, EnvValue>,
    /// The folder that the program starts in.
    pub dir: Option<String>,
    /// The credentials it asks for.
    pub auth: Option<Auth>,
    /// How its certificate is checked.
    pub tls: Option<Tls>,
    /// Value of the header `Host`, where the server takes another one than the address has: many
    /// answer 421 to any but `127.0.0.1:PORT`.
    pub host_header: Option<HostHeader>,
    /// Which protocol it is asked in: `auto` finds out, and remembers.
    #[serde(default)]
    pub protocol: Protocol,
    /// How far a probe goes, where that differs from `defaults.probe`.
    pub depth: Option<Depth>,
    /// Time between two probes, where it differs from `defaults.probe`.
    pub interval: Option<Duration>,
    /// Longest time of one probe, where it differs from `defaults.probe`.
    pub timeout: Option<Duration>,
    /// Tools that it must offer.
    #[serde(default)]
    pub expect_tools: Vec<String>,
    /// Take a 401 whose metadata can be read for a good answer: the server is alive, and mcpmon has no
    /// credential for it.
    #[serde(default)]
    pub accept_auth_challenge: bool,
}

/// A URL, or a map with `url` or `command` and more.
#[derive(Clone, Debug)]
pub struct Mcp(pub McpServer);

impl McpServer {
    /// A server of which nothing is known but its address.
    pub fn at(url: Url) -> Self {
        Self {
            url: Some(url),
            command: Vec::new(),
            env: BTreeMap::new(),
            dir: None,
            auth: None,
            tls: None,
            host_header: None,
            protocol: Protocol::default(),
            depth: None,
            interval: None,
            timeout: None,
            expect_tools: Vec::new(),
            accept_auth_challenge: false,
        }
    }
}

impl<'de> Deserialize<'de> for Mcp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = |text: &str| Url::parse(text).map(McpServer::at);
        let expected = "a URL, or a map with `url` or `command`";
        deserializer.deserialize_any(TextOrMap { expected, text, map: PhantomData }).map(Self)
    }
}

impl JsonSchema for Mcp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mcp".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let url = generator.subschema_for::<Url>();
        let map = generator.subschema_for::<McpServer>();
        json_schema!({"anyOf": [url, map]})
    }
}

/// A program and its arguments, which no shell takes apart.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            let words: Vec<&str> = text.split_whitespace().collect();
            Err(E::custom(format!(
                "a command is a list: no shell takes its words apart{HELP}write `command: [{}]`",
                words.join(", ")
            )))
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(de::value::SeqAccessDeserializer::new(list))
        }
    }
    deserializer.deserialize_any(List)
}

/// The value of an environment variable of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvValue {
    /// Text that may be seen.
    Text(String),
    /// A secret.
    Secret(SecretRef),
}

impl<'de> Deserialize<'de> for EnvValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = EnvValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, `{env: NAME}` or `{file: path}`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<EnvValue, E> {
                Ok(EnvValue::Text(text.to_owned()))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<EnvValue, E> {
                Ok(EnvValue::Text(value.to_string()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<EnvValue, E> {
                Ok(EnvValue::Text(number.to_string()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EnvValue, A::Error> {
                SecretRef::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(EnvValue::Secret)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for EnvValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EnvValue".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let secret = generator.subschema_for::<SecretRef>();
        json_schema!({"anyOf": [{"type": ["string", "integer", "boolean"]}, secret]})
    }
}

/// The value of the header `Host`: a host, with or without a port.
#[derive(Clone, PartialEq, Eq)]
pub struct HostHeader(String);

impl HostHeader {
    /// Checks a value.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if Host::parse(text).is_ok() || Address::parse(text).is_ok() {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` is not a host{HELP}write it as the server expects it, such as `127.0.0.1:8000`",
            shorten(text)
        ))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for HostHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(HostHeader, "^[^@/\\s]+$", "A host, with or without a port.");
