//! Prometheus' text format and OpenMetrics, read strictly: what Prometheus would refuse is a problem here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What an endpoint served.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition {
    /// Whether it is OpenMetrics.
    pub open_metrics: bool,
    /// What is said about metrics, by name.
    pub families: BTreeMap<String, Family>,
    /// The series, in their order.
    pub samples: Vec<Sample>,
    /// What is no metric, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// What is said about one metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// `counter`, `gauge`, `histogram` …; empty where nothing is said.
    pub kind: String,
    /// The unit, where OpenMetrics names one.
    pub unit: String,
}

/// One series with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name, with `_bucket`, `_sum`, `_count` or `_total`.
    pub name: String,
    /// The labels in their order.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

/// A line that is no metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

const KINDS: [&str; 9] = [
    "counter",
    "gauge",
    "histogram",
    "summary",
    "untyped",
    "unknown",
    "info",
    "stateset",
    "gaugehistogram",
];
/// What a series' name has beyond its metric's.
const SUFFIXES: [&str; 5] = ["_bucket", "_sum", "_count", "_total", "_created"];

impl Sample {
    /// The value of a label; an empty one is none.
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

impl Exposition {
    /// Reads a text.
    pub fn read(text: &str) -> Self {
        let mut read = Self { open_metrics: has_end(text), ..Self::default() };
        let mut seen = BTreeSet::new();
        for (index, line) in text.lines().enumerate() {
            if let Err(message) = read.line(line, &mut seen) {
                read.problems.push(Problem { line: index + 1, message });
            }
        }
        read
    }

    /// What is said about the metric of a series.
    pub fn family<'a>(&'a self, sample: &'a str) -> (&'a str, Option<&'a Family>) {
        if let Some(family) = self.families.get(sample) {
            return (sample, Some(family));
        }
        let stripped = SUFFIXES.iter().filter_map(|suffix| sample.strip_suffix(suffix));
        let mut known = stripped.filter_map(|name| Some((name, self.families.get(name)?)));
        known.next().map_or((sample, None), |(name, family)| (name, Some(family)))
    }

    /// The series of this very name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name)
    }

    /// Whether a metric is spoken of, with series or without.
    pub fn declares(&self, name: &str) -> bool {
        let counter = name.strip_suffix("_total").unwrap_or(name);
        self.families.contains_key(name) || self.families.contains_key(counter)
    }

    fn line(&mut self, line: &str, seen: &mut BTreeSet<String>) -> Result<(), String> {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() {
            return Ok(());
        }
        if let Some(comment) = line.strip_prefix('#') {
            return self.comment(comment);
        }
        let (sample, identity) = sample(line)?;
        if !seen.insert(identity) {
            return Err(format!("the series `{}` stands here a second time", sample.name));
        }
        self.samples.push(sample);
        Ok(())
    }

    fn comment(&mut self, comment: &str) -> Result<(), String> {
        let mut words = comment.trim_start().splitn(3, ' ');
        let keyword = words.next().unwrap_or_default();
        if !matches!(keyword, "TYPE" | "UNIT") {
            return Ok(());
        }
        let name = words.next().unwrap_or_default().trim_matches('"').to_owned();
        let value = words.next().unwrap_or_default().trim();
        let family = self.families.entry(name.clone()).or_default();
        if keyword == "UNIT" {
            value.clone_into(&mut family.unit);
            return Ok(());
        }
        if !KINDS.contains(&value) {
            return Err(format!("`{value}` is no type of metric"));
        }
        if !family.kind.is_empty() {
            return Err(format!("the type of `{name}` is said a second time"));
        }
        value.clone_into(&mut family.kind);
        Ok(())
    }
}

/// OpenMetrics ends with a line that says so; the text format has no such line.
fn has_end(text: &str) -> bool {
    text.trim_end().lines().next_back() == Some("# EOF")
}

/// A series, and a text that is the same for the same series.
fn sample(line: &str) -> Result<(Sample, String), String> {
    let mut cursor = Cursor { rest: line };
    let mut name = cursor.word().to_owned();
    let mut labels = Vec::new();
    if cursor.take('{') {
        while !cursor.take('}') {
            let quoted = cursor.rest.trim_start().starts_with('"');
            let key = if quoted { cursor.quoted()? } else { cursor.word().to_owned() };
            if cursor.take('=') {
                if !quoted && !is_label(&key) {
                    return Err(format!("`{key}` is no name of a label"));
                }
                labels.push((key, cursor.quoted()?));
            } else if quoted && name.is_empty() {
                name = key;
            } else {
                return Err(format!("`{key}` is no label: write `name=\"value\"`"));
            }
            if !cursor.take(',') && !cursor.rest.trim_start().starts_with('}') {
                return Err("a `,` or `}` is missing between labels".to_owned());
            }
        }
    }
    if name.is_empty() {
        let start: String = line.chars().take(20).collect();
        return Err(format!("`{start}` is no metric"));
    }
    // What follows is a timestamp, and an exemplar after `#`.
    let text = cursor.rest.split('#').next().unwrap_or_default();
    let value = text.split_whitespace().next().unwrap_or_default();
    let value = number(value).ok_or_else(|| format!("`{value}` is no value of `{name}`"))?;
    let mut sorted = labels.clone();
    sorted.sort_unstable();
    if let Some((first, _)) = sorted.windows(2).find_map(|pair| match pair {
        [a, b] if a.0 == b.0 => Some(a),
        _ => None,
    }) {
        return Err(format!("`{name}` has the label `{first}` twice"));
    }
    let identity = format!("{name}{sorted:?}");
    Ok((Sample { name, labels, value }, identity))
}

fn number(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

fn is_label(name: &str) -> bool {
    !name.is_empty() && !name.contains(':')
}

struct Cursor<'t> {
    rest: &'t str,
}

impl<'t> Cursor<'t> {
    /// A name in the characters that need no quotes.
    fn word(&mut self) -> &'t str {
        let text = self.rest.trim_start();
        let inside = |(at, c): &(usize, char)| {
            c.is_ascii_alphabetic() || *c == '_' || *c == ':' || (*at > 0 && c.is_ascii_digit())
        };
        let end = text.char_indices().take_while(inside).count();
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        word
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.trim_start().strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        if !self.take('"') {
            return Err("a value in quotes is missing".to_owned());
        }
        let mut text = String::new();
        let mut characters = self.rest.chars();
        loop {
            match characters.next() {
                None => return Err("a quote is not closed".to_owned()),
                Some('"') => break,
                Some('\\') => match characters.next() {
                    Some('n') => text.push('\n'),
                    Some(c @ ('\\' | '"')) => text.push(c),
                    _ => return Err(r#"only \\, \" and \n may follow a backslash"#.to_owned()),
                },
                Some(c) => text.push(c),
            }
        }
        self.rest = characters.as_str();
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: &str) -> String {
        let read = Exposition::read(line);
        assert_eq!(read.problems.len(), 1, "{line}: {read:?}");
        read.problems[0].message.clone()
    }

    #[test]
    fn the_text_format_is_read() {
        let read = Exposition::read(concat!(
            "# HELP a_total Things: {\"}\n# TYPE a_total counter\n# a comment\n\n",
            "a_total{x=\"1,}\\\"\\n\\\\\", y = \"\",} 1.5e3 1700000000\n",
            "b 7\nc{} +Inf\r\nd NaN\n",
        ));
        assert_eq!(read.problems, []);
        assert!(!read.open_metrics);
        assert_eq!(read.samples.len(), 4);
        let first = &read.samples[0];
        assert_eq!((first.name.as_str(), first.label("x")), ("a_total", Some("1,}\"\n\\")));
        assert_eq!(first.label("y"), None);
        assert!((first.value - 1500.0).abs() < f64::EPSILON);
        assert_eq!(read.family("a_total").1.unwrap().kind, "counter");
        assert_eq!(read.family("b").1, None);
    }

    #[test]
    fn open_metrics_is_read() {
        let read = Exposition::read(concat!(
            "# TYPE a counter\n# UNIT a seconds\na_total 1 # {trace_id=\"x\"} 0.5 1700\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\n{\"quoted.name\",\"a.b\"=\"c\"} 1\n# EOF\n",
        ));
        assert_eq!(read.problems, []);
        assert!(read.open_metrics);
        assert_eq!(read.family("a_total").0, "a");
        assert_eq!(read.family("a_total").1.unwrap().unit, "seconds");
        assert_eq!(read.family("h_bucket").1.unwrap().kind, "histogram");
        assert_eq!(read.samples[2].name, "quoted.name");
        assert_eq!(read.samples[2].label("a.b"), Some("c"));
        assert!(read.declares("a_total") && !read.declares("b_total"));
    }

    #[test]
    fn what_prometheus_would_refuse_is_named() {
        for (line, message) in [
            ("<html>", "`<html>` is no metric"),
            ("a", "`` is no value of `a`"),
            ("a one", "`one` is no value of `a`"),
            ("a{b=1} 1", "a value in quotes is missing"),
            ("a{b=\"1} 1", "a quote is not closed"),
            ("a{b=\"1\" c=\"2\"} 1", "a `,` or `}` is missing between labels"),
            ("a{b} 1", "`b` is no label: write `name=\"value\"`"),
            ("a{b=\"\\d\"} 1", r#"only \\, \" and \n may follow a backslash"#),
            ("a{b=\"1\",b=\"2\"} 1", "`a` has the label `b` twice"),
            (
                "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2",
                "the series `a` stands here a second time",
            ),
            ("# TYPE a number", "`number` is no type of metric"),
            ("# TYPE a counter\n# TYPE a gauge", "the type of `a` is said a second time"),
        ] {
            assert_eq!(problem(line), message, "{line}");
        }
    }
}
