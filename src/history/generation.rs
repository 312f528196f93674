//! One generation.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Shape of the documents in the state volume.
pub const SCHEMA_VERSION: u32 = 2;

/// A change to a stack, and what became of it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// Shape of this document.
    pub schema_version: u32,
    /// Its number, counted from 1.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where there is something to say about the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it began, RFC 3339.
    pub began: String,
    /// When it ended; nothing while it is under way or after a crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The command: `mcpmon up`.
    pub command: String,
    /// Who made it.
    pub by: Author,
    /// Why, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation that it brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
    /// The mcpmon that made it.
    pub mcpmon: String,
    /// SHA-256 over the rendered files.
    pub bundle: String,
    /// Component or service → image.
    pub images: BTreeMap<String, ImageUsed>,
    /// Component or service → what was to be done, and why; those that stay as they are are left out.
    pub actions: BTreeMap<String, Done>,
}

/// What became of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is being made, or whoever made it died.
    Applying,
    /// It took effect, and that was proven.
    Proven,
    /// It failed, and what ran before was brought back.
    Undone,
    /// It failed, and what it left runs.
    Failed,
    /// Whoever made it died in the midst of it.
    Interrupted,
}

impl Outcome {
    /// The word that users read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applying => "applying",
            Self::Proven => "proven",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who made a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// User name.
    pub user: String,
    /// Host name.
    pub host: String,
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &str, other: &str| {
            if text.is_empty() { other.to_owned() } else { text.to_owned() }
        };
        write!(f, "{}@{}", or(&self.user, "someone"), or(&self.host, "somewhere"))
    }
}

/// The image that a container was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUsed {
    /// As the manifest names it.
    pub reference: String,
    /// The engine's identifier.
    pub id: String,
    /// `repository@sha256:…`; none for an image that never met a registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<String>,
}

/// What was to be done about one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// `reload`, `recreate` …
    pub action: String,
    /// Why.
    pub reason: String,
}

impl Generation {
    /// What was to be done, in a few words: `reload prometheus, recreate loki`.
    pub fn summary(&self) -> String {
        let mut by_action: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, done) in &self.actions {
            by_action.entry(&done.action).or_default().push(name);
        }
        let words = by_action.iter().map(|(action, names)| match names.as_slice() {
            [first, second, third, rest @ ..] if !rest.is_empty() => {
                format!("{action} {first}, {second}, {third} and {} more", rest.len())
            }
            names => format!("{action} {}", names.join(", ")),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}
