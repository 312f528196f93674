//! The report for people.

use super::{CheckResult, Report, Verdict};
use crate::output::{Mark, Printer};

impl Report {
    /// Prints the report. When quiet, only what failed is seen.
    pub fn print(&self, printer: &Printer) {
        for check in &self.checks {
            for (mark, line) in lines(check) {
                printer.mark(mark, line);
            }
        }
        let (mark, line) = self.summary();
        printer.mark(mark, line);
    }

    /// The report as plain text.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = self.checks.iter().flat_map(lines).map(plain).collect();
        lines.push(plain(self.summary()));
        lines.join("\n") + "\n"
    }

    fn summary(&self) -> (Mark, String) {
        let [failed, warnings, skipped, passed] =
            [Verdict::Failed, Verdict::Warning, Verdict::Skipped, Verdict::Passed]
                .map(|verdict| self.count(verdict));
        let mut parts = vec![format!("{passed} passed")];
        for (count, what) in [(failed, "failed"), (warnings, "to look at"), (skipped, "skipped")] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let (mark, word) = match self.verdict {
            Verdict::Failed => (Mark::Bad, "is not healthy"),
            Verdict::Warning => (Mark::Note, "is healthy, with something to look at"),
            Verdict::Passed | Verdict::Skipped => (Mark::Good, "is healthy"),
        };
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one run")]
        let seconds = self.duration_ms as f64 / 1000.0;
        (mark, format!("{} {word}: {} ({seconds:.2} s)", self.stack, parts.join(", ")))
    }
}

fn lines(check: &CheckResult) -> Vec<(Mark, String)> {
    let mark = match check.verdict {
        Verdict::Passed => Mark::Good,
        Verdict::Failed => Mark::Bad,
        Verdict::Warning => Mark::Note,
        Verdict::Skipped => Mark::Plain,
    };
    let short = matches!(check.verdict, Verdict::Passed | Verdict::Skipped);
    if short {
        let dash = if check.verdict == Verdict::Skipped { "- " } else { "" };
        return vec![(mark, format!("{dash}{}: {}", check.title, check.evidence.join("; ")))];
    }
    // What belongs to a failure is seen wherever the failure is, also when quiet.
    let mut text = check.title.to_owned();
    for line in check.evidence.iter().flat_map(|evidence| evidence.lines()) {
        text.push_str("\n    ");
        text.push_str(line);
    }
    if let Some(advice) = &check.advice {
        text.push_str("\n  → ");
        text.push_str(advice);
    }
    vec![(mark, text)]
}

fn plain((mark, line): (Mark, String)) -> String {
    match mark {
        Mark::Good => format!("✔ {line}"),
        Mark::Bad => format!("✘ {line}"),
        Mark::Note => format!("! {line}"),
        Mark::Plain => line,
    }
}
