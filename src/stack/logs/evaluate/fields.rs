//! Fields of a line that is JSON or that a regular expression takes apart.

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value as Json};

/// What a parser found.
pub struct Read {
    /// The fields.
    pub fields: Map<String, Json>,
    /// What kept it from finding more.
    pub problem: Option<String>,
}

impl Read {
    fn nothing(problem: &str) -> Self {
        Self { fields: Map::new(), problem: Some(problem.to_owned()) }
    }
}

/// A field's value as text; nothing for `null`.
pub fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        // Numbers are read as floating-point ones and written without an exponent.
        Json::Number(number) => number.as_f64().map(|n| n.to_string()),
        other => Some(other.to_string()),
    }
}

/// Fields of a JSON object.
pub fn json(line: &str, fields: &IndexMap<String, String>) -> Read {
    let Ok(Json::Object(object)) = serde_json::from_str::<Json>(line) else {
        return Read::nothing("the line is no JSON object; it goes on as it is");
    };
    let object = Json::Object(object);
    let at = |path: &str| path.split('.').try_fold(&object, |value, key| value.get(key)).cloned();
    let fields =
        fields.iter().map(|(name, path)| (name.clone(), at(path).unwrap_or(Json::Null))).collect();
    Read { fields, problem: None }
}

/// What the named groups match.
pub fn regex(line: &str, regex: &Regex) -> Read {
    let Some(found) = regex.captures(line) else {
        return Read::nothing("the line does not match; it goes on as it is");
    };
    let value = |name: &str| found.name(name).map_or("", |group| group.as_str());
    let names = regex.capture_names().flatten();
    let fields = names.map(|name| (name.to_owned(), Json::from(value(name)))).collect();
    Read { fields, problem: None }
}
