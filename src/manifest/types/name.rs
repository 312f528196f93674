//! Names: of stacks, services and labels.

use std::fmt;

use super::{checked_text, shorten};
use crate::yaml::HELP;

/// A name that is used in container names, labels and URLs: a DNS label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Longest name: a DNS label holds 63 characters.
    const MAX: usize = 63;

    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it, and a name that would do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ok = text.len() <= Self::MAX
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if ok {
            return Ok(Self(text.to_owned()));
        }
        let proposal = Self::from_any(text);
        Err(format!(
            "`{}` is not a name{HELP}use lower-case letters, digits and `-`, starting with a letter, at most {} characters: `{proposal}`",
            shorten(text),
            Self::MAX
        ))
    }

    /// The nearest valid name.
    pub fn from_any(text: &str) -> Self {
        let dashed = text
            .to_lowercase()
            .replace(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit(), "-");
        let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
        let mut name = words.join("-");
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            name = format!("mcp-{name}");
        }
        name.truncate(Self::MAX);
        Self(name.trim_end_matches('-').to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    Name,
    "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
    "Lower-case letters, digits and `-`, starting with a letter."
);

/// A Prometheus label name. Names that start with `__` belong to Prometheus.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(String);

impl LabelName {
    /// Checks a label name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let ok = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(word)
            && !text.starts_with("__");
        if !ok {
            return Err(format!(
                "`{}` is not a label name{HELP}use letters, digits and `_`, not starting with a digit or `__`",
                shorten(text)
            ));
        }
        if matches!(text, "service" | "group" | "dialect" | "job" | "instance" | "component") {
            return Err(format!("the label `{text}` is set by mcpmon{HELP}choose another name"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
checked_text!(
    LabelName,
    "^(?!__|(service|group|dialect|job|instance|component)$)[a-zA-Z_][a-zA-Z0-9_]*$",
    "A Prometheus label name."
);
