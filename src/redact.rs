//! Lines of a manifest as they may be shown: whatever looks like a secret is covered.

use std::ops::Range;

/// What is shown instead of a secret.
pub const COVER: &str = "••••••";

/// Words in a key that make its value a secret.
const WORDS: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "token",
    "bearer",
    "credential",
    "api_key",
    "apikey",
    "private_key",
    "routing_key",
];

/// Covers secrets in a line and moves the marked range along. Where the marked value is known to be
/// a secret, everything from it to the end of the line is covered: it may go on.
pub fn line(text: &str, marked: Range<usize>, marked_is_secret: bool) -> (String, Range<usize>) {
    let mut covers = credentials_in_urls(text);
    covers.extend(values_of_secret_keys(text));
    if marked_is_secret {
        covers.push(marked.start..text.len());
    }
    covers.sort_by_key(|cover| (cover.start, std::cmp::Reverse(cover.end)));
    let mut out = String::with_capacity(text.len());
    let mut range = marked.clone();
    let mut done = 0;
    for cover in covers {
        if cover.end <= done {
            continue;
        }
        let start = cover.start.max(done);
        out.push_str(text.get(done..start).unwrap_or_default());
        let covered = out.len()..out.len() + COVER.len();
        out.push_str(COVER);
        done = cover.end;
        if marked.start >= start && marked.start < done {
            range = covered;
        } else if marked.start >= done {
            let shift = |at: usize| (at + out.len()).saturating_sub(done);
            range = shift(marked.start)..shift(marked.end);
        } else if marked.end >= done {
            range.end = (marked.end + out.len()).saturating_sub(done);
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    range.end = range.end.clamp(range.start, out.len().max(range.start));
    (out, range)
}

/// `user:password@` in `http://user:password@host/`.
fn credentials_in_urls(text: &str) -> Vec<Range<usize>> {
    text.match_indices("://")
        .filter_map(|(at, separator)| {
            let start = at + separator.len();
            let host = text.get(start..)?.split(['/', ' ', '"', '\'', ',', '}']).next()?;
            Some(start..start + host.rfind('@')?)
        })
        .collect()
}

/// `hunter2` in `admin_password: hunter2` and in `{API_TOKEN: "hunter2"}`.
fn values_of_secret_keys(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (colon, _) in text.match_indices(':') {
        let before = text.get(..colon).unwrap_or_default().trim_end_matches(['"', '\'']);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let key = before.rsplit(|c| !word(c)).next().unwrap_or_default().to_lowercase();
        let key = key.replace('-', "_");
        let secret = WORDS.iter().any(|word| key.contains(word))
            && !key.ends_with("_file")
            && !key.ends_with("_path");
        let after = text.get(colon + 1..).unwrap_or_default();
        if !secret || !after.starts_with([' ', '"', '\'']) {
            continue;
        }
        let value = after.trim_start();
        let start = colon + 1 + after.len() - value.len();
        let length = match value.chars().next() {
            // A map, a list, an alias or a block says where the value is; it is not the value.
            None | Some('{' | '[' | '*' | '&' | '|' | '>' | '#') => continue,
            Some(quote @ ('"' | '\'')) => {
                value.get(1..).and_then(|v| v.find(quote)).map_or(value.len(), |end| end + 2)
            }
            Some(_) => value.find([',', '}', ']']).unwrap_or(value.len()),
        };
        found.push(start..start + length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_beside_the_marked_value_are_covered() {
        for (text, shown) in [
            (
                "  grafana: {admin_password: hunter2, prot: 1}",
                "  grafana: {admin_password: ••••••, prot: 1}",
            ),
            ("API_TOKEN: 'hunter2' # x", "API_TOKEN: •••••• # x"),
            ("url: http://me:hunter2@host/prot", "url: http://••••••@host/prot"),
            ("{\"client-secret\": \"hun,ter2\", prot: 1}", "{\"client-secret\": ••••••, prot: 1}"),
            ("admin_password: {env: NAME, prot: 1}", "admin_password: {env: NAME, prot: 1}"),
            ("password_file: prot", "password_file: prot"),
        ] {
            let marked = text.find("prot").map_or(0..1, |at| at..at + 4);
            let (line, range) = line(text, marked.clone(), false);
            assert_eq!(line, shown);
            if text.contains("prot") {
                assert_eq!(line.get(range), Some("prot"));
            }
        }
    }

    #[test]
    fn a_marked_secret_is_covered_to_the_end_of_the_line() {
        let (line, range) = line("a: b, key: hunter2 hunter3", 11..18, true);
        assert_eq!(line, "a: b, key: ••••••");
        assert_eq!(line.get(range), Some("••••••"));
    }
}
