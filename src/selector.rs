//! Which series: `name{label="value",other=~"a|b"}`, as PromQL writes it.

use std::fmt;

use crate::re2;

/// A metric's name and what its labels must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The metric's name.
    pub metric: String,
    /// What its labels must be.
    pub matchers: Vec<Matcher>,
}

/// What one label must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// The label.
    pub label: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what; escapes are resolved.
    pub value: String,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Like,
    /// `!~`
    Unlike,
}

impl Operator {
    /// As PromQL writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Like => "=~",
            Self::Unlike => "!~",
        }
    }
    /// Whether it asks for what the label is not.
    pub const fn is_negative(self) -> bool {
        matches!(self, Self::NotEqual | Self::Unlike)
    }
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (metric, rest) = text.split_at(text.find('{').unwrap_or(text.len()));
        let metric = metric.trim_end();
        if !is_metric(metric) {
            return Err(format!("`{metric}` is no metric name"));
        }
        let matchers = match rest.strip_prefix('{').map(|rest| rest.trim_end().strip_suffix('}')) {
            None => Vec::new(),
            Some(None) => return Err("the brace is not closed".to_owned()),
            Some(Some(inside)) => matchers(inside)?,
        };
        Ok(Self { metric: metric.to_owned(), matchers })
    }

    /// The matchers as they stand between the braces.
    pub fn inside(&self) -> String {
        self.matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.matchers.is_empty() {
            return f.write_str(&self.metric);
        }
        write!(f, "{}{{{}}}", self.metric, self.inside())
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.label, self.operator.as_str(), quoted(&self.value))
    }
}

/// Text as PromQL quotes it.
pub fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// Reads what stands between the braces.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn matchers(text: &str) -> Result<Vec<Matcher>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let at = rest.find(['=', '!']).ok_or_else(|| format!("`{rest}` is no matcher"))?;
        let (label, tail) = rest.split_at(at);
        let label = label.trim();
        if !is_label(label) {
            return Err(format!("`{label}` is no label name"));
        }
        let operators = [Operator::Like, Operator::Unlike, Operator::NotEqual, Operator::Equal];
        let found = operators.iter().find_map(|o| Some((*o, tail.strip_prefix(o.as_str())?)));
        let (operator, tail) = found.ok_or_else(|| format!("`{rest}` is no matcher"))?;
        let (value, tail) = value(tail.trim_start())
            .ok_or_else(|| format!("the value of `{label}` is not between double quotes"))?;
        if matches!(operator, Operator::Like | Operator::Unlike) {
            re2::compile(&value)
                .map_err(|problem| format!("`{value}` is not a regular expression: {problem}"))?;
        }
        out.push(Matcher { label: label.to_owned(), operator, value });
        let tail = tail.trim_start();
        rest = match tail.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if tail.is_empty() => tail,
            None => return Err(format!("a comma is missing before `{tail}`")),
        };
    }
    Ok(out)
}

/// The text between double quotes, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match (escaped, c) {
            (true, 'n') => out.push('\n'),
            (true, 't') => out.push('\t'),
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (false, '"') => return Some((out, inside.get(at + 1..).unwrap_or_default())),
            (_, c) => out.push(c),
        }
        escaped = false;
    }
    None
}

fn is_metric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn is_label(text: &str) -> bool {
    is_metric(text) && !text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_and_written_alike() {
        for text in [
            "up",
            "a:b_total{code=~\"5..\",route!~\"/metrics|/health.*\"}",
            "x{a=\"quote \\\" slash \\\\ line \\n\",b!=\"\"}",
        ] {
            assert_eq!(Selector::parse(text).unwrap().to_string(), text);
        }
        let spaced = Selector::parse(" up { a = \"b\" , } ").unwrap();
        assert_eq!(spaced.to_string(), "up{a=\"b\"}");
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for (text, problem) in [
            ("", "`` is no metric name"),
            ("rate(x[5m])", "`rate(x[5m])` is no metric name"),
            ("x{a=b}", "the value of `a` is not between double quotes"),
            ("x{a=\"b\"", "the brace is not closed"),
            ("x{a=\"b\" c=\"d\"}", "a comma is missing before `c=\"d\"`"),
            ("x{1a=\"b\"}", "`1a` is no label name"),
            ("x{a}", "`a` is no matcher"),
        ] {
            assert_eq!(Selector::parse(text).unwrap_err(), problem);
        }
        assert!(Selector::parse("x{a=~\"(\"}").unwrap_err().contains("not a regular expression"));
    }
}
