//! Runbooks: from their parts to pages.

use std::fmt::Write as _;

use super::alert::{Settled, plain};
use super::pack::Look;
use super::{Compiled, duration};

/// The page of one alert, without its title. What it says it says of the first of its levels.
pub(super) fn page(alert: &Settled<'_>, levels: &[Settled<'_>]) -> anyhow::Result<String> {
    let source = &alert.source.runbook;
    let render = |text: &str| alert.texts.render(text);
    let mut out = String::new();
    for level in levels {
        let _ = write!(out, "**{}** · {}", level.severity.as_str(), level.source.category);
        if let Some(threshold) = level.threshold.filter(|_| levels.len() > 1) {
            let _ = write!(out, " · from {threshold}");
        }
        if level.hold > 0 {
            let _ = write!(out, " · after {}", duration::format(level.hold));
        }
        out.push_str("\n\n");
    }
    let _ = writeln!(out, "{}.", plain(&render(&alert.source.summary)?));
    for (title, text) in [("What it means", &source.means), ("Impact", &source.impact)] {
        let _ = write!(out, "\n### {title}\n{}\n", render(text)?);
    }
    out.push_str("\n### How to look\n");
    for look in &source.look {
        match look {
            Look::Run(command) => fenced(&mut out, "sh", &render(command)?),
            Look::Promql(query) => fenced(&mut out, "promql", &render(query)?),
            Look::Logql(query) => fenced(&mut out, "logql", &render(query)?),
            Look::Read(text) => {
                let _ = writeln!(out, "{}", render(text)?);
            }
        }
    }
    out.push_str("\n### What to do\n");
    for (number, step) in source.act.iter().enumerate() {
        let _ = writeln!(out, "{}. {}", number + 1, render(step)?);
    }
    let _ = write!(out, "\n### When to change it\n{}\n", render(&source.tune)?);
    out.push_str("\n### The rule\n");
    for level in levels {
        fenced(&mut out, "promql", &level.texts.render(&alert.source.expr)?);
    }
    Ok(out)
}

fn fenced(out: &mut String, language: &str, text: &str) {
    let _ = writeln!(out, "```{language}\n{text}\n```");
}

/// All runbooks as one document with a table of contents; an alert's anchor is its name in lower
/// case. Whom to ask stands at the top.
pub fn runbooks_markdown(compiled: &Compiled, people: &str) -> String {
    let pages: usize = compiled.runbooks.iter().map(|book| book.markdown.len()).sum();
    // With room for the table.
    let mut out = String::with_capacity(2 * pages);
    out.push_str(
        "# Runbooks\n\nOne section for each alert in effect. Words in capitals stand for what the alert names: \
         `SERVICE`, `TOOL`, `COMPONENT`, `INSTANCE`.\n",
    );
    out.push_str(people);
    let mut pack = "";
    for book in &compiled.runbooks {
        if book.pack != pack {
            pack = &book.pack;
            let _ =
                write!(out, "\n**{pack}**\n\n| alert | severity | what it says |\n|---|---|---|\n");
        }
        let severities: Vec<_> = book.severities.iter().map(|s| s.as_str()).collect();
        let (alert, severity) = (&book.alert, severities.join(", "));
        let anchor = alert.to_lowercase();
        let _ = writeln!(out, "| [{alert}](#{anchor}) | {severity} | {} |", book.summary);
    }
    for book in &compiled.runbooks {
        let _ = write!(out, "\n## {}\n{}", book.alert, book.markdown);
    }
    out
}
