//! Versions as image tags write them: `v3.13.5`, `3.7.8`, `v1.19.3-debian-2.2`, `18`.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A version, in the order in which they came out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// As it was written.
    text: String,
    /// The numbers before anything else.
    numbers: Vec<u64>,
    /// What follows them: `-rc.1`, `-debian-2.2`.
    rest: Vec<Piece>,
    /// Whether it came out before the version that its numbers say.
    early: bool,
}

/// A run of digits or of letters; what stands between them does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Text(String),
    Number(u64),
}

/// How what follows the numbers begins in a version that is not out yet.
const EARLY: [&str; 5] = ["rc", "alpha", "beta", "pre", "dev"];

impl Version {
    /// Reads a tag; nothing where it names no version, such as `latest`.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.strip_prefix('v').unwrap_or(text);
        let end = plain.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(plain.len());
        let (head, rest) = plain.split_at(end);
        // `3.5.rc1` has its last dot in what follows.
        let head = head.strip_suffix('.').unwrap_or(head);
        let numbers: Option<Vec<u64>> = head.split('.').map(|number| number.parse().ok()).collect();
        let rest = pieces(rest);
        let early =
            matches!(rest.first(), Some(Piece::Text(word)) if EARLY.contains(&word.as_str()));
        Some(Self { text: text.to_owned(), numbers: numbers?, rest, early })
    }

    /// The version of an image: what stands after the last colon of `prom/prometheus:v3.13.5`.
    pub fn of_image(reference: &str) -> Option<Self> {
        Self::parse(split_image(reference).1?)
    }
}

/// An image's name, and its tag where it has one: a registry may have a port.
pub fn split_image(reference: &str) -> (&str, Option<&str>) {
    let (named, digest) = reference.split_once('@').map_or((reference, false), |(n, _)| (n, true));
    match named.rsplit_once(':') {
        // An identifier is no name.
        Some(("sha256", _)) => (reference, None),
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag).filter(|_| !digest)),
        _ => (named, None),
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let same = |c: char| {
            if digit { c.is_ascii_digit() } else { c.is_ascii_alphabetic() }
        };
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end.max(first.len_utf8()));
        rest = after;
        if end > 0 {
            let word = || Piece::Text(piece.to_ascii_lowercase());
            found.push(piece.parse().map_or_else(|_| word(), Piece::Number));
        }
    }
    found
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        let number = |version: &Self, at: usize| version.numbers.get(at).copied().unwrap_or(0);
        (0..longest)
            .map(|at| number(self, at).cmp(&number(other, at)))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| {
                other.early.cmp(&self.early).then_with(|| self.rest.cmp(&other.rest))
            })
    }
}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Version {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no version: write it like `v3.13.5`"))
    }
}
impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_ordered_as_they_came_out() {
        let ordered = [
            "v0.27.0",
            "1",
            "v1.19.3",
            "v1.19.3-debian-2.2",
            "v1.19.3-debian-2.10",
            "v1.19.4-rc.1",
            "1.19.4",
            "v2.55",
            "v2.55.1",
            "v3.0.0-beta.2",
            "v3.0.0-rc.1",
            "v3.0.0",
            "3.5.1",
            "3.11.0",
            "v3.13.5",
            "8.19.8",
            "13.2.1",
        ];
        let versions: Vec<Version> = ordered.iter().map(|t| Version::parse(t).unwrap()).collect();
        for pair in versions.windows(2) {
            assert!(pair[0] < pair[1], "{} is not before {}", pair[0], pair[1]);
        }
        assert_eq!(Version::parse("v3.0"), Version::parse("3.0.0"));
        assert_ne!(Version::parse("3.0.0-distroless"), Version::parse("3.0.0"));
    }

    #[test]
    fn what_names_no_version_is_none() {
        for tag in ["latest", "main", "v", "", "edge-debian", "sha-1a2b", "3..5", "vv1"] {
            assert_eq!(Version::parse(tag), None, "{tag}");
        }
    }

    #[test]
    fn an_image_is_taken_apart() {
        let shown = |reference| Version::of_image(reference).map(|v| v.to_string());
        assert_eq!(shown("prom/prometheus:v3.13.5").as_deref(), Some("v3.13.5"));
        assert_eq!(shown("mirror.example.org:5000/prom/prometheus"), None);
        assert_eq!(shown("mirror.example.org:5000/a:1.2.3").as_deref(), Some("1.2.3"));
        // A tag beside a digest may have moved on since.
        assert_eq!(shown("a/b:1.2.3@sha256:00"), None);
        assert_eq!(shown("sha256:0123"), None);
        assert_eq!(split_image("localhost:5000/a/b:1"), ("localhost:5000/a/b", Some("1")));
    }
}
