//! Which alerts go where.

use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use super::types::{Duration, Name};
use super::words::AlertLabel;

/// Which alerts go where.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Labels that an alert must have: `{severity: critical}`, `{category: [slo, security]}`.
    #[serde(rename = "match")]
    pub matches: IndexMap<AlertLabel, Matcher>,
    /// The receivers, by name.
    pub to: Vec<Name>,
    /// Tell these receivers, and let the alert go on to the routes below.
    #[serde(default, rename = "continue")]
    pub goes_on: bool,
    /// When and how often, where it differs from `notifications.timing`.
    #[serde(default)]
    pub timing: RouteTiming,
    /// Times, by their names in `mute_times`, in which nobody is told.
    #[serde(default)]
    pub mute: Vec<Name>,
    /// Times, by their names in `mute_times`, outside of which nobody is told.
    #[serde(default)]
    pub active: Vec<Name>,
}

/// When and how often, where it differs from `notifications.timing`.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteTiming {
    /// Alerts that share these labels are told together.
    pub group_by: Option<Vec<AlertLabel>>,
    /// Wait before the first message about a group.
    pub group_wait: Option<Duration>,
    /// Wait before news about a group that was told already.
    pub group_interval: Option<Duration>,
    /// Wait before a message is repeated while nothing changes.
    pub repeat_interval: Option<Duration>,
}

/// The values that a label may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher(pub Vec<String>);

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Matcher;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Matcher, E> {
                Ok(Matcher(vec![text.to_owned()]))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Matcher, E> {
                Ok(Matcher(vec![value.to_string()]))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Matcher, E> {
                Ok(Matcher(vec![value.to_string()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Matcher, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element::<String>()? {
                    values.push(value);
                }
                if values.is_empty() {
                    return Err(de::Error::custom("the list is empty, so nothing would match"));
                }
                Ok(Matcher(values))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

impl JsonSchema for Matcher {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Matcher".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
    }
}
