//! The report as `JUnit` XML, as CI systems read test results.

use std::fmt::Write as _;

use super::{CheckResult, Report, Verdict};

impl Report {
    /// The report as `JUnit` XML. A warning is a passed test with output.
    pub fn junit(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let counts = format!(
            "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\"",
            self.checks.len(),
            self.count(Verdict::Failed),
            self.count(Verdict::Skipped),
            seconds(self.duration_ms)
        );
        let suite = escape(&format!("mcpmon.{}", self.stack));
        // Writing into a text cannot fail.
        let _ = writeln!(xml, "<testsuites name=\"mcpmon health-check\" {counts}>");
        let _ = writeln!(xml, "  <testsuite name=\"{suite}\" {counts}>");
        for check in &self.checks {
            let _ = writeln!(
                xml,
                "    <testcase classname=\"{suite}\" name=\"{}\" time=\"{}\">{}</testcase>",
                escape(check.name),
                seconds(check.duration_ms),
                outcome(check)
            );
        }
        xml.push_str("  </testsuite>\n</testsuites>\n");
        xml
    }
}

fn outcome(check: &CheckResult) -> String {
    let first = check.evidence.first().map_or(check.title, String::as_str);
    let advice = check.advice.iter().map(|advice| format!("→ {advice}"));
    let all: Vec<String> = check.evidence.iter().cloned().chain(advice).collect();
    let (first, all) = (escape(first), escape(&all.join("\n")));
    match check.verdict {
        Verdict::Failed => format!("<failure message=\"{first}\">{all}</failure>"),
        Verdict::Skipped => format!("<skipped message=\"{first}\"/>"),
        Verdict::Passed | Verdict::Warning => format!("<system-out>{all}</system-out>"),
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Text for an attribute or an element. XML 1.0 has no way at all to say most control characters.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
