//! A problem with what the user wrote: where it stands, what is wrong, what to write instead.

use annotate_snippets::{AnnotationKind, Level, Message, Renderer, Snippet};

use crate::redact;
use crate::yaml::{self, Span};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done until it is mended.
    Error,
    /// Worth a look; the command goes on.
    Warning,
}

/// One problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where, if it stands at a place.
    pub span: Option<Span>,
    /// What to write or run instead.
    pub help: Option<String>,
    /// What stands at the place is a secret: the place is named, the line is not shown.
    pub secret: bool,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: span.into(),
            help: None,
            secret: false,
        }
    }
    /// A warning at a place.
    pub fn warning(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }
    /// An error that stands at no place of a file.
    pub fn general(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: None,
            help: None,
            secret: false,
        }
    }
    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<yaml::Problem> for Diagnostic {
    fn from(problem: yaml::Problem) -> Self {
        Self { help: problem.help, ..Self::error(problem.span, problem.message) }
    }
}

impl From<yaml::Error> for Diagnostic {
    fn from(error: yaml::Error) -> Self {
        Self {
            severity: Severity::Error,
            message: error.message,
            span: error.span,
            help: error.help,
            secret: error.secret,
        }
    }
}

/// One text that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name a user knows it by: a path, or `profile quickstart`.
    pub name: String,
    /// Its content.
    pub text: String,
    /// The byte that each line starts at.
    lines: Vec<u32>,
}

/// The texts that spans point into.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and gives its index.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        let text = text.into();
        let ends =
            text.match_indices('\n').map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX));
        let lines = std::iter::once(0).chain(ends).collect();
        self.0.push(Source { name: name.into(), text, lines });
        u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX)
    }
    /// The text with that index.
    pub fn get(&self, index: u32) -> Option<&Source> {
        self.0.get(index as usize)
    }
    /// All texts in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }
    /// `file:line:column` of a span's start.
    pub fn place(&self, span: Span) -> String {
        self.get(span.source).map_or_else(String::new, |source| {
            let line = source.lines.partition_point(|start| *start <= span.start).max(1);
            let start = source.lines.get(line - 1).copied().unwrap_or(0);
            let before = source.text.get(start as usize..span.start as usize).unwrap_or("");
            format!("{}:{line}:{}", source.name, before.chars().count() + 1)
        })
    }
}

/// Draws problems the way compilers do: message, place, the line, a caret, the advice.
pub fn draw(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let drawn: Vec<String> = diagnostics.iter().map(|d| draw_one(d, sources, &renderer)).collect();
    drawn.join("\n\n") + if drawn.is_empty() { "" } else { "\n" }
}

fn draw_one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message);
    let place = diagnostic.span.and_then(|span| Some((span, sources.get(span.source)?)));
    let Some((span, source)) = place else {
        // Without a line to show, a frame around nothing would only puzzle.
        let title = renderer.render(&[title.elements([] as [Message<'_>; 0])]);
        let help = diagnostic.help.as_ref().map(|help| format!("\n  = help: {help}"));
        return title + &help.unwrap_or_default();
    };
    let (range, first_line, line) = window(&source.text, span);
    let (line, range) = redact::line(line, range, diagnostic.secret);
    let snippet = Snippet::source(line)
        .line_start(first_line)
        .path(&source.name)
        .annotation(AnnotationKind::Primary.span(range));
    let mut group = title.element(snippet);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The lines that a span touches, at most the first one of it, so that drawing a problem in a
/// file of many thousand lines costs nothing.
fn window(text: &str, span: Span) -> (std::ops::Range<usize>, usize, &str) {
    let start = floor_char(text, (span.start as usize).min(text.len()));
    let line_start = text.get(..start).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let line_end = text.get(start..).and_then(|t| t.find('\n')).map_or(text.len(), |i| start + i);
    let end = floor_char(text, (span.end as usize).clamp(start, line_end));
    // An empty span still gets one caret.
    let end = if end == start { (start + 1).min(line_end.max(start)) } else { end };
    let line = text.get(..line_start).map_or(1, |t| t.matches('\n').count() + 1);
    (
        start - line_start..floor_char(text, end) - line_start,
        line,
        text.get(line_start..line_end).unwrap_or(""),
    )
}

fn floor_char(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// "did you mean …?" when a known name is close, else the list of known names.
pub fn suggest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match closest(found, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "nothing can be named here".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The known name that a misspelt one most likely stands for.
pub fn closest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // 0.8 takes `lokii` for `loki` and leaves `redis` alone beside `retries`.
    known
        .into_iter()
        .map(|name| {
            let (a, b) = (found.to_lowercase(), name.to_lowercase());
            // Two swapped letters of a short word are a slip as well.
            let slip = b.len() > 2 && strsim::osa_distance(&a, &b) == 1;
            (strsim::jaro_winkler(&a, &b).max(if slip { 0.85 } else { 0.0 }), name)
        })
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Demo {
        name: String,
        #[serde(default)]
        port: u16,
        #[serde(default)]
        map: indexmap::IndexMap<String, Demo>,
    }

    fn problem(text: &str) -> String {
        let mut sources = Sources::default();
        let id = sources.add("demo.yaml", text);
        let found = match yaml::parse(id, text) {
            Err(problem) => Diagnostic::from(problem),
            Ok(node) => match yaml::from_node::<Demo>(&node) {
                Err(error) => error.into(),
                Ok(demo) => return format!("{demo:?}"),
            },
        };
        draw(&[found], &sources, false)
    }

    #[test]
    fn a_misspelt_key_is_shown_with_its_line_and_the_key_that_was_meant() {
        assert_eq!(
            problem("name: a\nmap:\n  x:\n    name: 3.10\n    prot: 80\n"),
            "error: unknown key `prot`\n --> demo.yaml:5:5\n  |\n5 |     prot: 80\n  |     ^^^^\n  |\n  = help: did you mean `port`?\n"
        );
    }

    #[test]
    fn the_first_line_says_what_is_wrong_in_the_authors_words() {
        for (text, line) in [
            ("name: [a\n", "error: a bracket is not closed"),
            ("name: a\nname: b\n", "error: the key `name` stands here a second time"),
            (
                "name: a\nport: 70000\n",
                "error: expected a whole number from 0 to 65535, found the number 70000",
            ),
            ("port: 1\n", "error: `name` is missing"),
            ("- 1\n", "error: expected a map, found a list"),
            ("name: a\nport: *c\n", "error: there is no anchor of this name above"),
        ] {
            assert_eq!(problem(text).lines().next(), Some(line), "{text}");
        }
    }

    #[test]
    fn numbers_keep_the_text_that_was_written() {
        assert!(problem("name: 3.10\n").contains("name: \"3.10\""));
        assert!(problem("name: 0755\n").contains("name: \"0755\""), "{}", problem("name: 0755\n"));
    }
}
