//! What the checks found: for people, for programs and for CI systems.

mod junit;
mod text;

use serde::Serialize;

/// The outcome of one check, or of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is nothing to ask.
    Skipped,
    /// All is well.
    Passed,
    /// It works, and somebody should look.
    Warning,
    /// It does not work.
    Failed,
}

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    /// Its name, as `--only` takes it.
    pub name: &'static str,
    /// What it asks.
    pub title: &'static str,
    /// The outcome.
    pub verdict: Verdict,
    /// What was seen, with numbers.
    pub evidence: Vec<String>,
    /// What to do.
    pub advice: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether a failure may pass by itself.
    #[serde(skip)]
    pub again: bool,
}

/// What all checks found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this document's shape.
    pub schema_version: u32,
    /// The stack.
    pub stack: String,
    /// The worst outcome.
    pub verdict: Verdict,
    /// How long all of it took.
    pub duration_ms: u64,
    /// The checks, in the order in which causes come before what follows from them.
    pub checks: Vec<CheckResult>,
}

impl Report {
    /// A report over finished checks.
    pub fn new(stack: &str, checks: Vec<CheckResult>, duration_ms: u64) -> Self {
        let worst = checks.iter().map(|check| check.verdict).max();
        // A report in which every check is skipped proves nothing and denies nothing.
        let verdict = worst.unwrap_or(Verdict::Passed).max(Verdict::Passed);
        Self { schema_version: 1, stack: stack.to_owned(), verdict, duration_ms, checks }
    }

    /// How many checks came out so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    /// Whether nothing failed.
    pub fn is_healthy(&self) -> bool {
        self.verdict != Verdict::Failed
    }
}
