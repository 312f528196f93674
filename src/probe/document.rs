//! A probe as a document for programs.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::Subject;
use crate::mcp::Report;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    /// When the probe ended.
    time: String,
    target: Target<'a>,
    #[serde(flatten)]
    report: &'a Report,
}

#[derive(Serialize)]
struct Target<'a> {
    /// The service's name in the manifest.
    service: Option<&'a str>,
    /// The URL that was asked.
    url: Option<String>,
    /// The program that was started.
    command: Option<&'a str>,
}

fn document<'a>(subject: &'a Subject, report: &'a Report, now: Timestamp) -> Document<'a> {
    let target = Target {
        service: subject.service.as_deref(),
        url: subject.url_asked().map(ToString::to_string),
        command: subject.program_asked(),
    };
    Document { schema_version: 1, time: format!("{now:.3}"), target, report }
}

/// The document, for one probe.
pub fn of(subject: &Subject, report: &Report, now: Timestamp) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&document(subject, report, now)).map(|text| escaped(&text))
}

/// The document in one line, for one probe of many.
pub fn line(subject: &Subject, report: &Report, now: Timestamp) -> serde_json::Result<String> {
    serde_json::to_string(&document(subject, report, now)).map(|text| escaped(&text))
}

/// JSON in which no character moves the cursor or hides others: a server wrote part of it, and a
/// terminal may show it. It reads as the same values.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let hides = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        // JSON's own form has only spaces and newlines between values.
        if (c.is_control() && c != '\n') || hides {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_character_of_a_servers_text_reaches_the_terminal_unseen() {
        let value = serde_json::json!({"text": "a\u{1b}[2J\u{9b}31m\u{7f}\u{202e}b\nc ü 東"});
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap_or_default());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}') && text.contains("ü 東"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok(), Some(value));
    }
}
