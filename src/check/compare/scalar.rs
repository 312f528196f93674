//! When two spellings mean the same value.

use serde_json::Value as Json;

/// Whether a loaded scalar means the rendered one.
pub fn equal(rendered: &Json, loaded: &Json) -> bool {
    let (Some(rendered), Some(loaded)) = (text(rendered), text(loaded)) else { return false };
    rendered == loaded
        || hidden(&loaded)
        || absolute(&rendered, &loaded)
        || same_url(&rendered, &loaded)
        || same(number(&rendered), number(&loaded))
        || same(seconds(&rendered), seconds(&loaded))
        || same_size(&rendered, &loaded)
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim_end().to_owned()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Null => Some(String::new()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// Programs print this in place of a secret.
fn hidden(loaded: &str) -> bool {
    matches!(loaded, "<secret>" | "<hidden>")
}

/// Programs make paths absolute, from the folder of their configuration.
fn absolute(rendered: &str, loaded: &str) -> bool {
    let relative = rendered.trim_start_matches("./");
    !relative.is_empty()
        && !relative.starts_with('/')
        && loaded.starts_with('/')
        && loaded.strip_suffix(relative).is_some_and(|folder| folder.ends_with('/'))
}

fn same_url(rendered: &str, loaded: &str) -> bool {
    rendered.starts_with("http") && rendered.trim_end_matches('/') == loaded.trim_end_matches('/')
}

fn same(rendered: Option<f64>, loaded: Option<f64>) -> bool {
    match (rendered, loaded) {
        // Both come from decimal texts: anything closer than this is the same text.
        (Some(a), Some(b)) => (a - b).abs() <= f64::EPSILON * a.abs().max(1.0),
        _ => false,
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A duration as Prometheus (`7d`, `1d12h`) or Go (`168h0m0s`, `1.5s`) writes it, in seconds.
pub fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, unit, tail) = quantity(rest)?;
        total += number
            * match unit {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                "y" => 31_536_000.0,
                _ if number == 0.0 && unit.is_empty() => 0.0,
                _ => return None,
            };
        rest = tail;
    }
    Some(total)
}

/// A number, the letters behind it, and the rest.
fn quantity(text: &str) -> Option<(f64, &str, &str)> {
    let digits = |c: char| c.is_ascii_digit() || c == '.';
    let (number, rest) = text.split_at(text.find(|c| !digits(c)).unwrap_or(text.len()));
    let (unit, rest) = rest.split_at(rest.find(digits).unwrap_or(rest.len()));
    Some((number.parse().ok()?, unit.trim(), rest))
}

/// `512MB` is 512·10⁶ bytes for some programs and 512·2²⁰ for others, so either will do.
fn same_size(rendered: &str, loaded: &str) -> bool {
    let (Some(rendered), Some(loaded)) = (bytes(rendered), bytes(loaded)) else { return false };
    rendered.iter().any(|a| loaded.iter().any(|b| same(Some(*a), Some(*b))))
}

/// Both readings of a size; one that is no round number is written as a sum, `1GiB406MiB`.
fn bytes(text: &str) -> Option<[f64; 2]> {
    let (number, unit, rest) = quantity(text)?;
    let unit = unit.to_lowercase();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let decimal = if unit.contains('i') { 1024.0 } else { 1000.0_f64 };
    let [a, b] = if rest.is_empty() { [0.0, 0.0] } else { bytes(rest)? };
    Some([a + number * 1024_f64.powi(power), b + number * decimal.powi(power)])
}

/// Matchers in one spelling and order: `a = "b"` and `a="b"` are the same, and Alertmanager sorts them.
pub fn matchers(list: &[Json]) -> Vec<String> {
    let mut matchers: Vec<String> = list
        .iter()
        .filter_map(text)
        .map(|matcher| matcher.chars().filter(|c| !c.is_whitespace() && *c != '"').collect())
        .collect();
    matchers.sort_unstable();
    matchers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_is_written_as_a_sum_is_the_same_size() {
        assert!(same_size("1500000000B", "1GiB406MiB523KiB768B"));
        assert!(!same_size("1500000001B", "1GiB406MiB523KiB768B"));
        assert!(same_size("20GB", "20GiB") && !same_size("20GB", "20GiB1x"));
    }
}
