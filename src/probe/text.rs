//! A probe as lines for people, none longer than a terminal is wide.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::mcp::report::{Report, Step, StepName, Tool, Transport, word};
use crate::mcp::{Reason, era::Era};
use crate::output::Mark;

/// Columns of a line.
pub const WIDTH: usize = 80;
/// A certificate that ends sooner is worth a mark.
const SOON_DAYS: i64 = 14;

/// A line and its mark.
pub type Line = (Mark, String);

/// The steps, and what the server said of itself.
pub fn lines(report: &Report, now: Timestamp) -> Vec<Line> {
    let steps = report.steps.iter().filter(|step| was_asked(step, report));
    let mut lines: Vec<Line> = steps.map(|one| step(one, report)).collect();
    let mut say = |name: &str, text: &str| {
        lines.extend(indented(name, text).into_iter().map(|line| (Mark::Plain, line)));
    };
    if let Some(server) = &report.server {
        let name = if server.name.is_empty() { "(nameless)" } else { &server.name };
        say("server", format!("{name} {}", server.version).trim_end());
    }
    if let Some(spoken) = &report.protocol {
        let (version, era) = (&spoken.version, era(spoken.era));
        say("protocol", &format!("{version} ({era}) over {}", transport(spoken.transport)));
    }
    if !report.capabilities.is_empty() {
        say("capabilities", &report.capabilities.join(", "));
    }
    if let Some(tools) = &report.tools {
        say("tools", &tools.len().to_string());
    }
    let metadata = report.challenge.as_ref().and_then(|c| c.resource_metadata.as_ref());
    if let Some(metadata) = metadata {
        say("sign-in", metadata);
    }
    if let Some(expiry) = report.certificate_expiry {
        lines.push(certificate(expiry, now));
    }
    lines
}

/// Whether it works, and if not, why and what to do.
pub fn verdict(report: &Report, hint: Option<String>) -> Vec<Line> {
    let took = time(report.duration);
    let Some(failure) = &report.failure else {
        return vec![(Mark::Good, format!("it works, in {took}"))];
    };
    let message = format!("{}: {}", word(&failure.reason), failure.message);
    let mut lines: Vec<Line> = Vec::new();
    for (at, line) in wrapped(&message, WIDTH - 2).into_iter().enumerate() {
        // The mark is as wide as the indent of what follows.
        lines.push(if at == 0 { (Mark::Bad, line) } else { (Mark::Plain, format!("  {line}")) });
    }
    let advice = Some(failure.advice.clone()).filter(|advice| !advice.is_empty());
    for text in [advice, hint].into_iter().flatten() {
        let text = wrapped(&text, WIDTH - 4);
        lines.extend(text.into_iter().enumerate().map(|(at, line)| {
            (Mark::Plain, format!("  {} {line}", if at == 0 { "→" } else { " " }))
        }));
    }
    lines
}

/// Whether a step got anywhere: a question that had no connection to go over did not.
fn was_asked(step: &Step, report: &Report) -> bool {
    let is_cut_off = report.steps.iter().any(|other| other.name <= StepName::Tls && !other.success);
    let has_answer = step.http_status.is_some() || step.bytes.is_some();
    step.success || step.name <= StepName::Tls || has_answer || !is_cut_off
}

fn step(step: &Step, report: &Report) -> Line {
    let era = report.protocol.as_ref().map(|spoken| spoken.era);
    // A server of the legacy era refuses the question of the modern one, as it should.
    let is_of_another_era = step.name == StepName::Discover && era == Some(Era::Legacy);
    let mark = match (step.success, step.name) {
        (true, _) => Mark::Good,
        (false, _) if is_of_another_era => Mark::Plain,
        // The server did what it was asked before.
        (false, StepName::Close) => Mark::Note,
        (false, _) => Mark::Bad,
    };
    let rest: Vec<String> = [
        step.http_status.map(|status| status.to_string()),
        step.bytes.map(size),
        step.jsonrpc_error.map(|code| format!("error {code}")),
        (is_of_another_era && !step.success).then(|| "not spoken here".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    // The mark takes the place of the indent.
    let indent = if mark == Mark::Plain { "  " } else { "" };
    let text =
        format!("{indent}{:<14}{:>8}  {}", word(&step.name), time(step.duration), rest.join("  "));
    (mark, text.trim_end().to_owned())
}

/// One tool: its name, and what it does as far as there is room.
pub fn tool(tool: &Tool) -> String {
    cut(format!("{:<24}  {}", tool.name, tool.description).trim_end(), WIDTH)
}

fn certificate(expiry: i64, now: Timestamp) -> Line {
    let days = (expiry - now.as_second()).div_euclid(86_400);
    let date = Timestamp::from_second(expiry)
        .map_or_else(|_| "never".to_owned(), |t| t.to_zoned(TimeZone::UTC).date().to_string());
    let (mark, text) = match days {
        ..0 => (Mark::Bad, format!("expired on {date}")),
        0..SOON_DAYS => (Mark::Note, format!("expires on {date}, in {days} days")),
        _ => (Mark::Plain, format!("until {date}, {days} days")),
    };
    let indent = if mark == Mark::Plain { "  " } else { "" };
    (mark, format!("{indent}{:<14}{text}", "certificate"))
}

/// One probe of many in a line.
pub fn summary(report: &Report, at: &str) -> Line {
    let took = time(report.duration);
    if let Some(failure) = &report.failure {
        let why = format!("{}: {}", word(&failure.reason), failure.message);
        return (Mark::Bad, cut(&format!("{at}  {took:>8}  {why}"), WIDTH - 2));
    }
    let spoken = report.protocol.as_ref();
    let spoken = spoken.map(|s| format!("{} {}", s.version, word(&s.transport)));
    let tools = report.tools.as_ref().map(|tools| match tools.len() {
        1 => "1 tool".to_owned(),
        count => format!("{count} tools"),
    });
    let rest: Vec<String> = [spoken, tools].into_iter().flatten().collect();
    (Mark::Good, format!("{at}  {took:>8}  {}", rest.join("  ")).trim_end().to_owned())
}

/// A time to three places.
pub fn time(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 1000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.2} s", millis / 1000.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn size(bytes: u64) -> String {
    match bytes {
        ..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn era(era: Era) -> &'static str {
    match era {
        Era::Modern => "modern",
        Era::Legacy => "legacy",
    }
}

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::StreamableHttp => "Streamable HTTP",
        Transport::Sse => "HTTP+SSE, which is deprecated",
        Transport::Stdio => "standard input and output",
    }
}

/// The reasons and how often each came up, the most frequent first.
pub fn reasons(counts: &std::collections::BTreeMap<Reason, usize>) -> String {
    let mut all: Vec<_> = counts.iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let all: Vec<String> =
        all.into_iter().map(|(reason, count)| format!("{} {count}", word(reason))).collect();
    all.join(", ")
}

/// A value under its name, on as many lines as it takes.
fn indented(name: &str, text: &str) -> Vec<String> {
    let lines = wrapped(text, WIDTH - 16).into_iter().enumerate();
    lines.map(|(at, line)| format!("  {:<14}{line}", if at == 0 { name } else { "" })).collect()
}

/// Breaks a text into lines between words; a word longer than a line is broken within.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut left = width;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let gap = usize::from(left < width);
        if word.len() + gap > left && gap == 1 {
            lines.push(String::new());
            left = width;
        }
        while word.len() > left {
            let rest = word.split_off(left);
            lines.last_mut().into_iter().for_each(|line| line.extend(&word));
            lines.push(String::new());
            (word, left) = (rest, width);
        }
        if let Some(line) = lines.last_mut() {
            if left < width {
                line.push(' ');
                left -= 1;
            }
            left -= word.len();
            line.extend(word);
        }
    }
    lines
}

/// A text's beginning that fits.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{cut, size, time, wrapped};

    #[test]
    fn no_line_is_wider_than_asked_and_none_is_lost() {
        for text in [
            "a word and another one, and then some more of them",
            "https://a.example.org/a/very/long/address/without/a/blank/in/it then more",
            "",
            "x",
        ] {
            let lines = wrapped(text, 20);
            assert!(lines.iter().all(|line| line.chars().count() <= 20), "{lines:?}");
            let letters = |text: &str| text.replace(' ', "");
            assert_eq!(letters(&lines.concat()), letters(text));
        }
    }

    #[test]
    fn numbers_are_short() {
        let of = |micros| time(Duration::from_micros(micros));
        assert_eq!(
            [of(40), of(9_940), of(130_000), of(1_234_000)],
            ["0.0 ms", "9.9 ms", "130 ms", "1.23 s"]
        );
        assert_eq!([size(999), size(1_249), size(3_100_000)], ["999 B", "1.2 kB", "3.1 MB"]);
        assert_eq!([cut("äöü", 3), cut("äöüß", 3)], ["äöü", "äö…"]);
    }
}
