//! How two containers differ.

use serde::Serialize;
use serde_json::Value as Json;

/// One setting of a container that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Which: `memory_bytes`, `env.LOG_LEVEL`, `command`.
    pub path: String,
    /// What it was; nothing where it was not there.
    pub before: Option<String>,
    /// What it is to be; nothing where it goes.
    pub after: Option<String>,
}

/// How two containers differ. In a list, what stands in both is left out.
pub fn differences(before: &Json, after: &Json) -> Vec<Setting> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Json>, after: Option<&Json>, found: &mut Vec<Setting>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Json::Object(old)), Some(Json::Object(new))) => {
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            for key in new.keys().chain(gone) {
                let dot = if path.is_empty() { "" } else { "." };
                compare(&format!("{path}{dot}{key}"), old.get(key), new.get(key), found);
            }
        }
        (Some(Json::Array(old)), Some(Json::Array(new))) => {
            let gone: Vec<&Json> = old.iter().filter(|item| !new.contains(item)).collect();
            let come: Vec<&Json> = new.iter().filter(|item| !old.contains(item)).collect();
            if gone.is_empty() && come.is_empty() {
                found.push(setting(path, before, after));
            }
            for index in 0..gone.len().max(come.len()) {
                let (old, new) = (gone.get(index).copied(), come.get(index).copied());
                found.push(setting(path, old, new));
            }
        }
        (before, after) => found.push(setting(path, before, after)),
    }
}

fn setting(path: &str, before: Option<&Json>, after: Option<&Json>) -> Setting {
    let text = |value: &Json| match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    Setting { path: path.to_owned(), before: before.and_then(text), after: after.and_then(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_show_what_comes_and_goes() {
        let before = json!({"image": "a:1", "command": ["x", "--keep=1d"], "env": {"A": "1"}});
        let after = json!({"image": "a:2", "command": ["x", "--keep=2d", "y"], "env": {}});
        let found = differences(&before, &after);
        let lines: Vec<String> = found
            .iter()
            .map(|s| format!("{} {:?} {:?}", s.path, s.before.as_deref(), s.after.as_deref()))
            .collect();
        assert_eq!(
            lines,
            [
                r#"image Some("a:1") Some("a:2")"#,
                r#"command Some("--keep=1d") Some("--keep=2d")"#,
                r#"command None Some("y")"#,
                r#"env.A Some("1") None"#,
            ]
        );
        assert!(differences(&before, &before).is_empty());
    }
}
