//! The report for people.

use std::fmt::Write as _;

use super::cause::Field;
use super::report::{File, Report, Step};
use crate::plan::Action;

/// Lines of one file's difference that are shown.
const LINES: usize = 60;

impl Report {
    /// The report as text; `whole` shows every line of every difference.
    pub fn text(&self, whole: bool) -> String {
        let mut text = String::new();
        let changing = self.steps.iter().filter(|step| step.action != Action::None.as_str());
        for step in changing {
            text.push_str(&self.step(step, whole));
        }
        if self.network {
            let _ = writeln!(text, "create the network {}", self.stack);
        }
        for image in &self.pull {
            let _ = writeln!(text, "pull {image}");
        }
        for step in &self.upgrades {
            let said = if step.breaks.is_empty() { Vec::new() } else { step.lines() };
            for line in said {
                let _ = writeln!(text, "{line}");
            }
            if let Some(refused) = &step.refused {
                let _ = writeln!(text, "cannot be applied: {refused}");
            }
        }
        for name in &self.taken_names {
            let _ = writeln!(text, "cannot be applied: the name is taken: {name}");
        }
        if !self.drift.is_empty() {
            text.push_str("changed past the manifest:\n");
            for drift in &self.drift {
                let what = drift.what.strip_prefix(&format!("{}: ", drift.name));
                let what = what.unwrap_or(&drift.what);
                let _ = writeln!(text, "  {}: {what} (`{}` mends it)", drift.name, drift.mend);
            }
        }
        text
    }

    /// One line that says what the whole comes to.
    pub fn summary(&self) -> String {
        let since = self.generation.map(|n| format!(" (generation {n} runs)")).unwrap_or_default();
        if !self.pending {
            return format!("{}: nothing to change{since}", self.stack);
        }
        let mut words: Vec<String> =
            self.counts().iter().map(|(action, count)| format!("{count} to {action}")).collect();
        let left = self.steps.iter().filter(|s| s.action == Action::None.as_str()).count();
        words.push(format!("{left} unchanged"));
        if !self.drift.is_empty() {
            words.push(format!("{} changed past the manifest", self.drift.len()));
        }
        format!("{}: {}{since}", self.stack, words.join(", "))
    }

    fn step(&self, step: &Step, whole: bool) -> String {
        let mut text = format!("{} {}: {}\n", step.action, step.name, step.reason);
        for field in &step.because {
            let _ = writeln!(text, "  because of {}", said(field));
        }
        if step.because.is_empty() && step.action != "start" && !self.fields.is_empty() {
            text.push_str("  no single field of the manifest leads to this\n");
        }
        for setting in &step.container {
            let _ = writeln!(
                text,
                "  {}: {} → {}",
                setting.path,
                setting.before.as_deref().unwrap_or("nothing"),
                setting.after.as_deref().unwrap_or("nothing")
            );
        }
        for file in &step.files {
            text.push_str(&difference(file, whole));
        }
        text
    }
}

fn said(field: &Field) -> String {
    let place = field.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{}{place}: {} → {}", field.path, or(&field.before), or(&field.after))
}

fn difference(file: &File, whole: bool) -> String {
    if file.secret {
        return format!("  {} {} (a secret: not shown)\n", file.path, file.change);
    }
    // The first two lines name the file, which stands above.
    let lines: Vec<&str> = file.diff.lines().skip(2).collect();
    if lines.is_empty() {
        return format!("  {} {}: its owner or mode differs\n", file.path, file.change);
    }
    let mut text = format!("  {} {}\n", file.path, file.change);
    let shown = if whole { lines.len() } else { LINES };
    for line in lines.iter().take(shown) {
        let _ = writeln!(text, "    {line}");
    }
    if lines.len() > shown {
        let _ = writeln!(text, "    … {} more lines; --full shows them", lines.len() - shown);
    }
    text
}
