//! What the documents and scripts say is so: links lead somewhere, commands exist, code fits.

// In a test, a missing value is a failure; clippy sees tests only in functions marked as such.
#![allow(clippy::expect_used)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;
use mcpmon::cli::Cli;

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file")
}

/// How a path is shown.
fn shown(path: &Path) -> String {
    path.strip_prefix(top()).unwrap_or(path).display().to_string()
}

/// Every Markdown file of the project.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(top(), &mut found);
    found.sort();
    found
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() {
            // Golden files are what is rendered, not what is written for people here.
            let skipped = ["target", "node_modules", "golden"].contains(&name);
            if !skipped && (!name.starts_with('.') || name == ".ci") {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

/// README.md and everything under docs/: what users read.
fn user_documents() -> Vec<PathBuf> {
    let docs = top().join("docs");
    documents()
        .into_iter()
        .filter(|p| p.starts_with(&docs) || *p == top().join("README.md"))
        .collect()
}

/// A line of a document.
struct Line<'a> {
    number: usize,
    text: &'a str,
    is_code: bool,
}

/// The lines of a document, and which of them are in a block of code, fenced or indented.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut fenced = false;
    let mut after_blank = true;
    let mut indented = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fence = line.trim_start().starts_with("```");
        if fence {
            fenced = !fenced;
        }
        indented = line.starts_with("    ") && (after_blank || indented);
        lines.push(Line { number: index + 1, text: line, is_code: (fenced && !fence) || indented });
        after_blank = line.trim().is_empty();
    }
    lines
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut broken = Vec::new();
    let mut count = 0;
    for path in documents() {
        let text = read(&path);
        for line in lines(&text).iter().filter(|line| !line.is_code) {
            for target in line.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = target.split('#').next().unwrap_or_default();
                if file.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                count += 1;
                if !path.parent().expect("a folder").join(file).exists() {
                    broken.push(format!("{}:{}: {target}", shown(&path), line.number));
                }
            }
        }
    }
    assert!(count > 5, "only {count} links were found");
    assert!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
}

/// Commands of mcpmon in a line: in a block of code those that begin it or follow a shell operator,
/// in prose those between backticks.
fn commands(line: &Line<'_>) -> Vec<String> {
    let candidates: Vec<&str> = if line.is_code {
        let code = line.text.split(" #").next().unwrap_or_default();
        code.split("&&").collect()
    } else {
        line.text.split('`').skip(1).step_by(2).collect()
    };
    let is_command = |text: &&str| text.starts_with("mcpmon ") && !text.contains("─");
    candidates
        .into_iter()
        .map(|c| c.trim().trim_start_matches("$ "))
        .filter(is_command)
        .map(str::to_owned)
        .collect()
}

/// What is wrong with a command, if anything is.
fn complaint(command: &str) -> Option<String> {
    let words = command
        .split_whitespace()
        .take_while(|word| !["|", ">", "<", ";", "2>"].contains(word))
        .filter(|word| *word != "…")
        // `[N]` is one that may be left out.
        .map(|word| word.trim_matches(['[', ']']));
    match Cli::try_parse_from(words) {
        Ok(_) => None,
        Err(error) => match error.kind() {
            // The last one: named in prose without all that it needs.
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::MissingRequiredArgument => None,
            _ => Some(error.to_string().lines().next().unwrap_or_default().to_owned()),
        },
    }
}

#[test]
fn every_command_in_the_documents_is_one_that_mcpmon_knows() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in user_documents() {
        let text = read(&path);
        for line in lines(&text) {
            for command in commands(&line) {
                count += 1;
                if let Some(complaint) = complaint(&command) {
                    wrong.push(format!(
                        "{}:{}: {command}\n    {complaint}",
                        shown(&path),
                        line.number
                    ));
                }
            }
        }
    }
    assert!(count > 30, "only {count} commands were found");
    assert!(wrong.is_empty(), "mcpmon does not know these:\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_command_would_be_found() {
    assert!(complaint("mcpmon up --pul always").is_some());
    assert!(complaint("mcpmon start").is_some());
    assert!(complaint("mcpmon up --pull always").is_none());
    let code = Line { number: 1, text: "$ mcpmon down && mcpmon up  # again", is_code: true };
    assert_eq!(commands(&code), ["mcpmon down", "mcpmon up"]);
    let prose = Line { number: 1, text: "Run `mcpmon up`, then `ls`.", is_code: false };
    assert_eq!(commands(&prose), ["mcpmon up"]);
}

#[test]
fn no_line_of_code_in_the_readme_needs_to_be_scrolled() {
    let text = read(&top().join("README.md"));
    let wide = |line: &&Line<'_>| line.is_code && line.text.chars().count() > 100;
    let found: Vec<String> = lines(&text)
        .iter()
        .filter(wide)
        .map(|line| format!("README.md:{}: {}", line.number, line.text))
        .collect();
    assert!(found.is_empty(), "wider than 100 columns:\n{}", found.join("\n"));
}

#[test]
fn every_exit_code_is_in_the_readme() {
    let text = read(&top().join("README.md"));
    let codes =
        mcpmon::exit::HELP.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    for code in codes {
        assert!(text.contains(&format!("| {code} |")), "exit code {code} is not in README.md");
    }
}

#[test]
fn scripts_run_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    let scripts = std::fs::read_dir(top().join("scripts")).expect("the scripts");
    let mut paths: Vec<PathBuf> = scripts.map(|entry| entry.expect("an entry").path()).collect();
    paths.push(top().join(".ci/run"));
    for path in &paths {
        let mode = path.metadata().expect("a file").permissions().mode();
        let text = read(path);
        let mut first = text.lines();
        if mode & 0o111 != 0o111 {
            wrong.push(format!("{} cannot be executed by everyone", shown(path)));
        }
        if !["#!/usr/bin/env bash", "#!/bin/sh"].contains(&first.next().unwrap_or_default()) {
            wrong.push(format!("{} begins with neither bash nor sh", shown(path)));
        }
        if !first.next().is_some_and(|line| line.starts_with("# ") && line.len() > 20) {
            wrong.push(format!("{} does not say in its second line what it is for", shown(path)));
        }
    }
    assert!(paths.len() > 5, "where are the scripts?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
