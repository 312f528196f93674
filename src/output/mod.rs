//! Everything that a user sees goes through one [`Printer`]: people read standard error, programs
//! read standard output.

pub mod pull;

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Sources, draw};

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Shape of the data on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document with a `schema_version`.
    Json,
    /// `JUnit` XML, as CI systems read test results.
    Junit,
}

/// How a line is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// Worth a look.
    Note,
    /// Nothing in particular.
    Plain,
}

/// The one place that writes.
#[derive(Clone)]
pub struct Printer {
    color: bool,
    quiet: bool,
    bars: Option<Arc<MultiProgress>>,
}

impl Printer {
    /// A printer for this process.
    pub fn new(color: Color, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        let bars = (terminal && !quiet)
            .then(|| Arc::new(MultiProgress::with_draw_target(ProgressDrawTarget::stderr())));
        Self { color, quiet, bars }
    }

    /// A line for people.
    pub fn line(&self, text: impl AsRef<str>) {
        self.mark(Mark::Plain, text);
    }

    /// A marked line for people. Only bad news is printed when quiet.
    pub fn mark(&self, mark: Mark, text: impl AsRef<str>) {
        if self.quiet && mark != Mark::Bad {
            return;
        }
        let text = text.as_ref();
        let text = match mark {
            Mark::Good => format!("{} {text}", self.paint("32", "✔")),
            Mark::Bad => format!("{} {text}", self.paint("31", "✘")),
            Mark::Note => format!("{} {text}", self.paint("33", "!")),
            Mark::Plain => text.to_owned(),
        };
        self.write(&text);
    }

    /// An error, as the last thing a command says.
    pub fn error(&self, text: &str) {
        self.write(&format!("{} {text}", self.paint("1;31", "error:")));
    }

    /// Problems with what the user wrote.
    pub fn diagnostics(&self, found: &[Diagnostic], sources: &Sources) {
        if !found.is_empty() {
            self.write(draw(found, sources, self.color).trim_end());
        }
    }

    /// Data for programs.
    pub fn data(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that has seen enough, such as `head`, is no error.
        let _ = out.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = out.write_all(b"\n");
        }
        let _ = out.flush();
    }

    /// A JSON document for programs.
    pub fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.data(&serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Something that takes a while: a spinner on a terminal, nothing without one until it ends.
    pub fn step(&self, text: impl Into<String>) -> Step {
        let text = text.into();
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(style("{spinner} {msg}"));
            bar.set_message(text.clone());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Step { printer: self.clone(), bar }
    }

    /// A bar over bytes, on a terminal only.
    pub fn bytes(&self, text: impl Into<String>) -> Option<ProgressBar> {
        self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(0));
            bar.set_style(style("  {msg:24!} {bar:20} {bytes}/{total_bytes}"));
            bar.set_message(text.into());
            bar
        })
    }

    /// Text in color, where color is on.
    pub fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn write(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| eprint_line(text)),
            None => eprint_line(text),
        }
    }
}

fn eprint_line(text: &str) {
    // When nobody can read the message there is nobody to tell about that.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Something that takes a while.
pub struct Step {
    printer: Printer,
    bar: Option<ProgressBar>,
}

impl Step {
    /// Changes what the spinner says.
    pub fn say(&self, text: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.into());
        }
    }
    /// Ends it with a line.
    pub fn end(self, mark: Mark, text: impl AsRef<str>) {
        let printer = self.printer.clone();
        drop(self);
        printer.mark(mark, text);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
