//! The parameters of a request: known ones are written anew, any other refuses the request.

use serde_json::Value as Json;
use url::form_urlencoded;

use super::ask::Refusal;
use super::show;

/// What a parameter may hold.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// On or off.
    Flag,
    /// Off: on would show or cost too much.
    Off,
    /// A number.
    Number,
    /// Unix time, or RFC 3339.
    Time,
    /// `all`, or a number of lines.
    Tail,
    /// Filters in JSON, under these names.
    Filters(&'static [&'static str]),
}

/// The parameters as the engine is given them: empty, or with `?` before them.
pub fn rewrite(query: &str, known: &[(&'static str, Kind)]) -> Result<String, Refusal> {
    let mut seen: Vec<&str> = Vec::new();
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some((name, kind)) = known.iter().find(|(known, _)| *known == name) else {
            return Err(Refusal(format!("the parameter `{}` is not taken here", shown(&name))));
        };
        if seen.contains(name) {
            return Err(Refusal(format!("the parameter `{name}` stands there twice")));
        }
        seen.push(name);
        let Some(value) = kind.read(&value) else {
            return Err(Refusal(format!("the parameter `{name}` may not say that here")));
        };
        out.append_pair(name, &value);
    }
    let out = out.finish();
    Ok(if out.is_empty() { out } else { format!("?{out}") })
}

impl Kind {
    /// The value as the engine is given it.
    fn read(self, value: &str) -> Option<String> {
        let digits =
            |text: &str| (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let ok = match self {
            Self::Flag => off(value) || matches!(value, "1" | "true" | "True"),
            Self::Off => off(value),
            Self::Number => digits(value.strip_prefix('-').unwrap_or(value)),
            // The engine's own client writes an empty one where it was told none.
            Self::Tail => matches!(value, "" | "all") || digits(value),
            Self::Time => {
                value.len() <= 40
                    && value.bytes().all(|b| {
                        b.is_ascii_digit() || matches!(b, b'.' | b':' | b'+' | b'-' | b'T' | b'Z')
                    })
            }
            Self::Filters(known) => return filters(value, known),
        };
        ok.then(|| value.to_owned())
    }
}

fn off(value: &str) -> bool {
    matches!(value, "" | "0" | "false" | "False")
}

/// `{"label": ["a=b"]}`, or `{"label": {"a=b": true}}` as the engine's own client writes it.
///
/// A label is asked for only where its value is shown: the engine says whether a guess was right.
fn filters(text: &str, known: &[&str]) -> Option<String> {
    let Json::Object(filters) = serde_json::from_str(text).ok()? else { return None };
    for (name, values) in &filters {
        if !known.contains(&name.as_str()) {
            return None;
        }
        let values: Vec<&str> = match values {
            Json::Array(list) => list.iter().map(Json::as_str).collect::<Option<_>>()?,
            Json::Object(map) if map.values().all(Json::is_boolean) => {
                map.keys().map(String::as_str).collect()
            }
            _ => return None,
        };
        let label = |value: &&str| show::label(value.split(['=', '!']).next().unwrap_or(value));
        if name == "label" && !values.iter().all(label) {
            return None;
        }
    }
    serde_json::to_string(&filters).ok()
}

/// What a client wrote, fit for a sentence.
fn shown(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[(&str, Kind)] = &[
        ("all", Kind::Flag),
        ("size", Kind::Off),
        ("since", Kind::Time),
        ("tail", Kind::Tail),
        ("limit", Kind::Number),
        ("filters", Kind::Filters(&["label", "name"])),
    ];

    #[test]
    fn known_parameters_are_written_anew() {
        let kept = |query: &str| rewrite(query, KNOWN).unwrap();
        assert_eq!(kept(""), "");
        assert_eq!(kept("all=1&size=0&limit=-1"), "?all=1&size=0&limit=-1");
        assert_eq!(kept("since=1700000000.123456789&tail="), "?since=1700000000.123456789&tail=");
        let name = r#"{"name":{"^/a$":true}}"#;
        let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        assert_eq!(kept(&format!("filters={encoded}")), format!("?filters={encoded}"));
        let label = r#"{"label":["dev.mcpmon.stack=x"]}"#;
        let encoded: String = form_urlencoded::byte_serialize(label.as_bytes()).collect();
        assert_eq!(kept(&format!("filters={encoded}")), format!("?filters={encoded}"));
    }

    #[test]
    fn any_other_refuses_the_request() {
        for query in [
            "size=1",
            "all=2",
            "all=1&all=1",
            "signal=KILL",
            "tail=1;x",
            "since=a",
            "limit=9x",
            "filters=x",
            "filters=[]",
            r#"filters={"volume":["a"]}"#,
            r#"filters={"label":["secret=a"]}"#,
            r#"filters={"label":{"secret=a":true}}"#,
            r#"filters={"name":[{}]}"#,
        ] {
            assert!(rewrite(query, KNOWN).is_err(), "{query}");
        }
    }
}
