//! The JSON of rendered files: how it is made and written.
//!
//! A tree for writing, unlike `serde_json`'s, which is for reading: texts are borrowed where they can be, and
//! entries stand in a row. Thousands of small objects are made in milliseconds that way, where maps would
//! hash and copy every key of theirs.

mod write;

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Number, Value};

pub use write::pretty;

/// A JSON document, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// Values in order.
    List(Vec<Json<'a>>),
    /// Keys, each of which occurs once, and their values in order.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// JSON as it is written, `json!({"key": value, …})` or `json!([value, …])`: a value is an object, a list or an
/// expression of what becomes [`Json`].
macro_rules! json {
    ({ $($entries:tt)* }) => { $crate::render::json::json!(@object [] $($entries)*) };
    ([ $($values:tt)* ]) => { $crate::render::json::json!(@list [] $($values)*) };

    (@object [$($made:tt)*]) => { $crate::render::json::Json::Object(vec![$($made)*]) };
    (@object [$($made:tt)*] $key:literal : { $($of:tt)* } $(, $($rest:tt)*)?) => {
        $crate::render::json::json!(
            @object [$($made)* ($key.into(), $crate::render::json::json!({ $($of)* })),] $($($rest)*)?
        )
    };
    (@object [$($made:tt)*] $key:literal : [ $($of:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::render::json::json!(
            @object [$($made)* ($key.into(), $crate::render::json::json!([ $($of)* ])),] $($($rest)*)?
        )
    };
    (@object [$($made:tt)*] $key:literal : $value:expr $(, $($rest:tt)*)?) => {
        $crate::render::json::json!(@object [$($made)* ($key.into(), $value.into()),] $($($rest)*)?)
    };

    (@list [$($made:tt)*]) => { $crate::render::json::Json::List(vec![$($made)*]) };
    (@list [$($made:tt)*] { $($of:tt)* } $(, $($rest:tt)*)?) => {
        $crate::render::json::json!(
            @list [$($made)* $crate::render::json::json!({ $($of)* }),] $($($rest)*)?
        )
    };
    (@list [$($made:tt)*] $value:expr $(, $($rest:tt)*)?) => {
        $crate::render::json::json!(@list [$($made)* $value.into(),] $($($rest)*)?)
    };
}
pub(crate) use json;

impl<'a> Json<'a> {
    /// An object of these entries.
    pub fn object<K: Into<Cow<'a, str>>, V: Into<Self>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value.into()));
        Self::Object(entries.collect())
    }

    /// The text that is the value of a key; empty where there is none.
    pub fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// The list that is the value of a key; empty where there is none.
    pub fn list(&self, key: &str) -> &[Self] {
        match self.get(key) {
            Some(Self::List(list)) => list,
            _ => &[],
        }
    }

    /// The same, to change it, if there is one.
    pub fn list_mut(&mut self, key: &str) -> Option<&mut Vec<Self>> {
        let Self::Object(entries) = self else { return None };
        match entries.iter_mut().find(|(known, _)| known == key)? {
            (_, Self::List(list)) => Some(list),
            _ => None,
        }
    }

    fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(entries) = self else { return None };
        entries.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Gives a key of an object this value: where the key stands, or else behind all others. Whatever is no
    /// object becomes one.
    pub fn set(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Self>) {
        let (key, value) = (key.into(), value.into());
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let Self::Object(entries) = self else { return };
        match entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => entries.push((key, value)),
        }
    }

    /// Lays another value over this one: objects merge, everything else is replaced.
    pub fn merge(&mut self, over: Self) {
        match (self, over) {
            (Self::Object(base), Self::Object(over)) => {
                for (key, value) in over {
                    match base.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, old)) => old.merge(value),
                        None => base.push((key, value)),
                    }
                }
            }
            (base, over) => *base = over,
        }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json<'_> {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<i32> for Json<'_> {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for Json<'_> {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<usize> for Json<'_> {
    fn from(value: usize) -> Self {
        Self::Number(value.into())
    }
}

/// What is no finite number becomes `null`.
impl From<f64> for Json<'_> {
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<Cow<'a, str>> for Json<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a String> for Json<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Json<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Json<'_> {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Json<'_> {
    fn from(list: [T; N]) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl<'a> From<&'a Map<String, Value>> for Json<'a> {
    fn from(map: &'a Map<String, Value>) -> Self {
        Self::object(map)
    }
}

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => text.into(),
            Value::Array(list) => Self::List(list.iter().map(Into::into).collect()),
            Value::Object(map) => map.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_serde_json_would_read() {
        let text = String::from("b");
        let mut json = json!({
            "none": None::<&str>, "numbers": [1, -2_i64, 3_u32, 0.5, f64::NAN], "deep": {"list": [{"a": &text}, [true]]},
        });
        json.set("last", vec!["x"]);
        json.set("none", 7);
        let expected = serde_json::json!({
            "none": 7, "numbers": [1, -2, 3, 0.5, null], "deep": {"list": [{"a": "b"}, [true]]}, "last": ["x"],
        });
        assert_eq!(serde_json::to_value(&json).unwrap(), expected);
        assert_eq!(serde_json::to_string(&json).unwrap(), expected.to_string(), "in this order");
        assert_eq!(Json::from(&expected), json);
        assert_eq!((json.text("none"), json.text("missing"), json.list("none").len()), ("", "", 0));
        json.list_mut("last").unwrap().push("y".into());
        assert_eq!(json.list("last"), [Json::from("x"), Json::from("y")]);
    }

    #[test]
    fn objects_merge_and_everything_else_is_replaced() {
        let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 2});
        base.merge(json!({"a": {"c": [3], "e": 4}, "d": {"f": 5}}));
        assert_eq!(base, json!({"a": {"b": 1, "c": [3], "e": 4}, "d": {"f": 5}}));
    }
}
