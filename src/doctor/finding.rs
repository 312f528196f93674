//! One thing that the doctor has to say.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All is well.
    Fine,
    /// It works, and will not for ever.
    Warning,
    /// It does not work.
    Problem,
}

/// Something that can be mended without asking: nothing that anybody needs is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// Remove a container that nobody uses, by its identifier.
    RemoveContainer(String),
}

/// One thing that the doctor has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name.
    pub id: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it is.
    pub what: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The command, or the line of the manifest, that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// What `--fix` does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

impl Finding {
    /// All is well.
    pub fn fine(id: &'static str, what: impl Into<String>) -> Self {
        Self::new(id, Level::Fine, what, Vec::new())
    }
    /// It works, and will not for ever.
    pub fn warning(id: &'static str, what: impl Into<String>, evidence: Vec<String>) -> Self {
        Self::new(id, Level::Warning, what, evidence)
    }
    /// It does not work.
    pub fn problem(id: &'static str, what: impl Into<String>, evidence: Vec<String>) -> Self {
        Self::new(id, Level::Problem, what, evidence)
    }
    fn new(id: &'static str, level: Level, what: impl Into<String>, evidence: Vec<String>) -> Self {
        Self { id, level, what: what.into(), evidence, why: None, mend: None, fix: None }
    }
    /// Why it matters.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }
    /// What mends it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
    /// What `--fix` does about it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The finding as people read it.
    pub fn text(&self) -> String {
        let mut text = self.what.clone();
        for line in self.evidence.iter().flat_map(|evidence| evidence.lines()) {
            text.push_str("\n    ");
            text.push_str(line);
        }
        for (before, line) in [("why: ", &self.why), ("→ ", &self.mend)] {
            if let Some(line) = line {
                text.push_str("\n  ");
                text.push_str(before);
                text.push_str(line);
            }
        }
        text
    }
}
