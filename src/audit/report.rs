//! What the audit found, for people and for programs.

use serde::Serialize;

use super::Severity;

/// What the audit found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of this document's shape.
    pub schema_version: u32,
    /// The stack.
    pub stack: String,
    /// Findings that count, by severity.
    pub counts: Counts,
    /// All findings, worst first.
    pub findings: Vec<Finding>,
}

/// Findings by severity; those that are accepted are counted apart.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// What is to be known.
    pub info: usize,
    /// Accepted, of whatever severity.
    pub accepted: usize,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// Its name.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub of: String,
    /// Its place in the manifest, where it stands there.
    pub place: Option<String>,
    /// What was seen.
    pub evidence: String,
    /// What to write instead.
    pub instead: String,
    /// Why it is accepted, if it is.
    pub accepted: Option<Accepted>,
}

/// Why a finding is accepted.
#[derive(Debug, Serialize)]
pub struct Accepted {
    /// Why.
    pub reason: String,
    /// The last day.
    pub until: Option<String>,
}

impl Report {
    pub(super) fn new(stack: String, findings: Vec<Finding>) -> Self {
        let mut counts = Counts::default();
        for finding in &findings {
            let count = match (&finding.accepted, finding.severity) {
                (Some(_), _) => &mut counts.accepted,
                (None, Severity::Error) => &mut counts.error,
                (None, Severity::Warning) => &mut counts.warning,
                (None, Severity::Info) => &mut counts.info,
            };
            *count += 1;
        }
        Self { schema_version: 1, stack, counts, findings }
    }

    /// Whether nothing stands in the way of production; `strict` takes warnings for errors.
    pub fn passes(&self, strict: bool) -> bool {
        self.counts.error == 0 && (!strict || self.counts.warning == 0)
    }

    /// The report as plain text.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for finding in &self.findings {
            let place = finding.place.as_ref().map(|p| format!("  ({p})")).unwrap_or_default();
            let word =
                if finding.accepted.is_some() { "accepted" } else { finding.severity.as_str() };
            lines.push(format!(
                "{word:8} {} {}: {}{place}",
                finding.id, finding.of, finding.evidence
            ));
            match &finding.accepted {
                Some(accepted) => {
                    let until = accepted.until.as_ref().map(|day| format!(" (until {day})"));
                    lines.push(format!(
                        "         because {}{}",
                        accepted.reason,
                        until.unwrap_or_default()
                    ));
                }
                None => lines.push(format!("         instead: {}", finding.instead)),
            }
        }
        let Counts { error, warning, info, accepted } = self.counts;
        lines.push(format!(
            "{}: {error} errors, {warning} warnings, {info} to know, {accepted} accepted",
            self.stack
        ));
        lines.join("\n")
    }
}
