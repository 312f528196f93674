//! One MCP server, asked for a person: what is asked, and what is told of it.
//!
//! * `subject` a URL, a service or a program → what is asked
//! * `text` a probe as lines for people
//! * `document` the same for programs
//! * `watch` again and again, a line each

mod document;
mod subject;
mod text;
mod watch;

pub use subject::{Given, Subject, host_header, neither};
pub use watch::watch;

use jiff::Timestamp;

use crate::exit::Exit;
use crate::mcp::{self, Eras};
use crate::output::Printer;

/// What of a probe is told.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The names of its tools.
    pub tools: bool,
    /// As JSON.
    pub json: bool,
}

/// Asks once, and tells what came of it.
///
/// # Errors
/// When the report cannot be written as JSON.
pub async fn once(subject: &Subject, wanted: Wanted, printer: &Printer) -> anyhow::Result<Exit> {
    let report = mcp::probe(&subject.target, &subject.ask, &Eras::default()).await;
    let now = Timestamp::now();
    if wanted.json {
        printer.data(&document::of(subject, &report, now)?);
    } else {
        printer.line(text::cut(&subject.shown, text::WIDTH));
        for (mark, line) in text::lines(&report, now) {
            printer.mark(mark, line);
        }
        for (mark, line) in text::verdict(&report, subject.hint(&report)) {
            printer.mark(mark, line);
        }
        if let Some(tools) = report.tools.as_ref().filter(|_| wanted.tools) {
            for tool in tools {
                printer.data(&text::tool(tool));
            }
        }
        if let Some(called) = &report.called {
            printer.data(&document::escaped(&serde_json::to_string_pretty(called)?));
        }
    }
    Ok(if report.success { Exit::Done } else { Exit::Failed })
}
