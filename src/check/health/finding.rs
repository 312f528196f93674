//! What one look at the stack found.

use crate::check::proof::Mismatch;
use crate::check::report::Verdict;

/// What one look at the stack found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The outcome.
    pub verdict: Verdict,
    /// What was seen, with numbers.
    pub evidence: Vec<String>,
    /// What to do.
    pub advice: Option<String>,
    /// Whether a failure may pass by itself.
    pub again: bool,
}

impl Finding {
    /// All is well.
    pub fn passed(evidence: impl Into<String>) -> Self {
        Self::new(Verdict::Passed, vec![evidence.into()])
    }
    /// There is nothing to ask.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Skipped, vec![reason.into()])
    }
    /// It works, and somebody should look.
    pub fn warning(evidence: Vec<String>) -> Self {
        Self::new(Verdict::Warning, evidence)
    }
    /// It does not work.
    pub fn failed(evidence: Vec<String>) -> Self {
        Self::new(Verdict::Failed, evidence)
    }
    /// What to do about it.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
    fn new(verdict: Verdict, evidence: Vec<String>) -> Self {
        Self { verdict, evidence, advice: None, again: true }
    }
}

impl From<Mismatch> for Finding {
    fn from(mismatch: Mismatch) -> Self {
        Self { again: mismatch.again, ..Self::failed(mismatch.lines) }
    }
}

/// Why a check ends early: as a finding, so that `?` can be used.
impl From<String> for Finding {
    fn from(problem: String) -> Self {
        Self::failed(vec![problem])
            .advise("`mcpmon status` shows what runs, and `mcpmon logs NAME` what it says")
    }
}

/// `1 rule`, `2 rules`.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// At most ten lines, and how many more there are.
pub fn at_most_ten(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(10);
    lines.truncate(10);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
