//! `docs/requirements.md` names every requirement and every defect of the source documents, and what it
//! says of them is there: files, headings, tests, commands and words.

#![allow(clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

/// Requirements and defects of each document.
const DOCUMENTS: [(&str, usize, usize); 5] =
    [("TS", 30, 12), ("OR", 45, 25), ("EL", 39, 39), ("TH", 55, 20), ("CS", 36, 23)];

/// How a row was verified.
const VERDICTS: [&str; 5] = [
    "lab",        // run on the real programs
    "static",     // checked without them
    "unverified", // rendered, but the program could not be had
    "later",      // not built yet
    "none",       // nothing to build
];

struct Row {
    id: String,
    place: String,
    verdict: String,
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(top().join("docs/requirements.md")).expect("the document");
    let is_row = |line: &&str| {
        DOCUMENTS.iter().any(|(prefix, ..)| line.starts_with(&format!("| {prefix}-")))
    };
    text.lines()
        .filter(is_row)
        .map(|line| {
            let cells: Vec<&str> =
                line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells.len(), 4, "four cells: {line}");
            Row {
                id: cells[0].to_owned(),
                place: cells[2].to_owned(),
                verdict: cells[3].to_owned(),
            }
        })
        .collect()
}

/// The texts between backquotes.
fn spans(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn no_requirement_and_no_defect_is_missing() {
    let mut expected = Vec::new();
    for (prefix, requirements, defects) in DOCUMENTS {
        expected.extend((1..=requirements).map(|n| format!("{prefix}-{n:02}")));
        expected.extend((1..=defects).map(|n| format!("{prefix}-D{n}")));
    }
    expected.sort();
    let mut found: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn every_row_says_how_it_was_verified() {
    let mut wrong = Vec::new();
    for row in rows() {
        let verdict = row.verdict.split([' ', ':']).next().unwrap_or_default();
        if !VERDICTS.contains(&verdict) {
            wrong.push(format!("{}: `{verdict}` is none of {VERDICTS:?}", row.id));
        }
        let shown = matches!(verdict, "lab" | "static" | "unverified");
        if shown && spans(&row.place).is_empty() {
            wrong.push(format!("{}: names no file, test or command", row.id));
        }
        if matches!(verdict, "later" | "none") && row.place.is_empty() {
            wrong.push(format!("{}: gives no reason", row.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everything_that_is_named_is_there() {
    let words = Words::gather();
    let wrong: Vec<String> = rows()
        .iter()
        .flat_map(|row| {
            spans(&row.place)
                .into_iter()
                .filter_map(|span| Some(format!("{}: {}", row.id, missing(span, &words)?)))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Why what a span names is not there.
fn missing(span: &str, words: &Words) -> Option<String> {
    if let Some(command) = span.strip_prefix("mcpmon ") {
        return unknown_command(command);
    }
    if let Some((file, test)) = span.split_once("::") {
        let there = source(&top().join(file)).contains(&format!("fn {test}("));
        return (!there).then(|| format!("there is no test `{test}` in {file}"));
    }
    if let Some((file, heading)) = span.split_once(".md#") {
        let text = fs::read_to_string(top().join(format!("{file}.md"))).unwrap_or_default();
        let there = text.lines().filter(|l| l.starts_with('#')).any(|line| slug(line) == heading);
        return (!there).then(|| format!("there is no heading `{heading}` in {file}.md"));
    }
    if span.contains('/') && !span.contains([' ', '{', '$']) && !span.starts_with('/') {
        return (!top().join(span).exists()).then(|| format!("there is no {span}"));
    }
    (!words.contain(span)).then(|| format!("`{span}` stands nowhere in what ships"))
}

/// The text of a test program, which is a file or a folder of files.
fn source(path: &Path) -> String {
    if path.is_dir() {
        let texts = files(path).into_iter().filter_map(|file| fs::read_to_string(file).ok());
        return texts.collect::<Vec<_>>().join("\n");
    }
    fs::read_to_string(path).unwrap_or_default()
}

fn unknown_command(words: &str) -> Option<String> {
    let mut command = mcpmon::cli::Cli::command();
    command.build();
    for word in words.split_whitespace() {
        if let Some(long) = word.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or(long);
            let known = command.get_arguments().any(|a| a.get_long() == Some(name));
            if !known {
                return Some(format!("`mcpmon {words}`: there is no option --{name}"));
            }
        } else if let Some(next) = command.find_subcommand(word) {
            command = next.clone();
        } else if command.get_subcommands().next().is_some()
            && command.get_positionals().next().is_none()
        {
            return Some(format!("`mcpmon {words}`: there is no command `{word}`"));
        } else {
            // What follows is an argument.
            break;
        }
    }
    None
}

/// A heading's anchor, as the pages that show Markdown make it.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Everything that ships, to look words up in.
struct Words(BTreeMap<PathBuf, String>);

impl Words {
    fn gather() -> Self {
        let folders = ["templates", "profiles", "examples", "docs", "src", "scripts", "tests/lab"];
        let mut texts = BTreeMap::new();
        for file in folders.iter().flat_map(|folder| files(&top().join(folder))) {
            if file.ends_with("docs/requirements.md") {
                continue;
            }
            if let Ok(text) = fs::read_to_string(&file) {
                texts.insert(file, text);
            }
        }
        Self(texts)
    }

    fn contain(&self, word: &str) -> bool {
        self.0.values().any(|text| text.contains(word))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
