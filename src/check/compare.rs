//! What "the process has loaded what was rendered" means for a document.
//!
//! A process prints its configuration with defaults filled in, defaults left out, durations and
//! sizes in another spelling, paths made absolute and secrets hidden. Whatever was rendered must
//! stand in it; whatever else stands in it is a default.

mod scalar;

pub use scalar::seconds;

use serde_json::{Map, Value as Json};

/// One place where the loaded document is not the rendered one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Keys down to the place.
    pub path: String,
    /// What was rendered there.
    pub rendered: String,
    /// What is loaded there.
    pub loaded: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: rendered {}, loaded {}", self.path, self.rendered, self.loaded)
    }
}

/// As many differences as people read.
const SHOWN: usize = 8;

/// Lines for people: the first differences, and how many more there are.
pub fn lines(of: &str, differences: &[Difference]) -> Vec<String> {
    let mut lines: Vec<String> =
        differences.iter().take(SHOWN).map(|difference| format!("{of}: {difference}")).collect();
    if differences.len() > SHOWN {
        lines.push(format!("{of}: and {} more differences", differences.len() - SHOWN));
    }
    lines
}

/// Reads YAML without its places.
///
/// # Errors
/// That it is none, in one line.
pub fn yaml(of: &str, text: &str) -> Result<Json, String> {
    match crate::yaml::parse(0, text) {
        Ok(node) => Ok(node.to_json()),
        Err(problem) => {
            let (line, _) = crate::yaml::line_column(text, problem.span.start);
            Err(format!("{of}: line {line} is no YAML: {}", problem.message))
        }
    }
}

/// Where the loaded document lacks what was rendered.
pub fn differences(rendered: &Json, loaded: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), Some(rendered), Some(loaded), &mut found);
    found
}

fn compare(
    path: String,
    rendered: Option<&Json>,
    loaded: Option<&Json>,
    found: &mut Vec<Difference>,
) {
    match (rendered, loaded) {
        (None | Some(Json::Null), _) => {}
        (Some(value), None | Some(Json::Null)) if left_out(value) => {}
        (Some(Json::Object(rendered)), Some(Json::Object(loaded))) => {
            maps(&path, rendered, loaded, found);
        }
        (Some(Json::Array(rendered)), Some(Json::Array(loaded))) => {
            lists(path, rendered, loaded, found);
        }
        // Promtail prints a client's labels as a text of their own.
        (Some(map @ Json::Object(_)), Some(Json::String(text))) if text.contains(": ") => {
            let inner = yaml(&path, text).unwrap_or(Json::Null);
            compare(path, Some(map), Some(&inner), found);
        }
        (Some(rendered), Some(loaded)) if scalar::equal(rendered, loaded) => {}
        (rendered, loaded) => found.push(difference(path, rendered, loaded)),
    }
}

fn difference(path: String, rendered: Option<&Json>, loaded: Option<&Json>) -> Difference {
    Difference { path, rendered: shown(rendered), loaded: shown(loaded) }
}

/// Go programs leave out what is empty.
fn left_out(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) => false,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.values().all(left_out),
    }
}

fn maps(
    path: &str,
    rendered: &Map<String, Json>,
    loaded: &Map<String, Json>,
    found: &mut Vec<Difference>,
) {
    for (key, value) in rendered {
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{key}");
        match (value, loaded.get(key)) {
            (Json::Array(rendered), Some(Json::Array(loaded))) if key.ends_with("matchers") => {
                if scalar::matchers(rendered) != scalar::matchers(loaded) {
                    found.push(difference(path, Some(value), Some(&Json::Array(loaded.clone()))));
                }
            }
            (value, loaded) => compare(path, Some(value), loaded, found),
        }
    }
}

fn lists(path: String, rendered: &[Json], loaded: &[Json], found: &mut Vec<Difference>) {
    if rendered.len() != loaded.len() {
        let (rendered, loaded) = (members(rendered), members(loaded));
        found.push(Difference { path, rendered, loaded });
        return;
    }
    for (index, (rendered, loaded)) in rendered.iter().zip(loaded).enumerate() {
        let place = name_of(rendered).map_or_else(|| index.to_string(), ToOwned::to_owned);
        compare(format!("{path}[{place}]"), Some(rendered), Some(loaded), found);
    }
}

/// A list's length, and the names of its members where they have some.
fn members(list: &[Json]) -> String {
    let names: Vec<&str> = list.iter().filter_map(name_of).collect();
    let names = if names.len() == list.len() && !names.is_empty() {
        format!(" ({})", super::http::shorten(&names.join(", "), 100))
    } else {
        String::new()
    };
    format!("{} entries{names}", list.len())
}

/// What people call a member of a list.
fn name_of(value: &Json) -> Option<&str> {
    ["job_name", "name", "uid", "title", "alert", "record"]
        .iter()
        .find_map(|key| value.get(key)?.as_str())
        .or_else(|| value.as_str().filter(|text| text.len() <= 40))
}

fn shown(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => "nothing".to_owned(),
        Some(Json::String(text)) if text.is_empty() => "an empty text".to_owned(),
        Some(Json::String(text)) => super::http::shorten(text, 120),
        Some(other) => super::http::shorten(&other.to_string(), 120),
    }
}
