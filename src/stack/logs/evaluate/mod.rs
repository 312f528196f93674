//! A pipeline applied to lines as Promtail applies it, without Promtail. Where its stages have quirks, these are
//! kept: what is shown must be what happens. `tests/stack/pipeline.rs` compares the two.

mod fields;
mod logfmt;
mod time;

use std::collections::BTreeMap;

use anyhow::Context as _;
use indexmap::IndexMap;
use regex::Regex;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Pipeline, Stage};
use crate::re2;
use fields::{Read, text};

/// A pipeline with its expressions compiled.
pub struct Evaluator<'a> {
    stages: Vec<(&'a Stage, Option<Regex>)>,
}

/// What became of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// The lines that it was made of, as they were read.
    pub input: String,
    /// What each stage made of it.
    pub steps: Vec<Step>,
    /// The line that is stored; nothing when the entry is dropped.
    pub line: Option<String>,
    /// The labels that it is stored under.
    pub labels: BTreeMap<String, String>,
    /// When it was written; nothing when that is when it was read.
    pub timestamp: Option<String>,
}

/// What one stage made of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The stage's kind.
    pub stage: &'static str,
    /// What it did, in a few words.
    pub did: String,
    /// Whether anything is different now.
    pub changed: bool,
    /// Whether the entry ends here.
    pub dropped: bool,
    /// The line after it.
    pub line: String,
    /// Fields that it read or changed.
    pub fields: Map<String, Json>,
    /// Labels that it set.
    pub labels: BTreeMap<String, String>,
}

/// An entry on its way.
struct Entry {
    line: String,
    labels: BTreeMap<String, String>,
    extracted: BTreeMap<String, Json>,
    timestamp: Option<jiff::Timestamp>,
}

impl<'a> Evaluator<'a> {
    /// Compiles a pipeline.
    ///
    /// # Errors
    /// An expression that cannot be compiled; those of a resolved manifest can.
    pub fn new(pipeline: &'a Pipeline) -> anyhow::Result<Self> {
        let compile = |stage: &'a Stage| {
            let expression = match stage {
                Stage::Multiline { first_line, .. } => first_line,
                Stage::Regex { expression, .. }
                | Stage::Drop { expression }
                | Stage::Redact { expression, .. } => expression,
                _ => return Ok((stage, None)),
            };
            let regex = re2::compile(expression).map_err(anyhow::Error::msg);
            Ok((stage, Some(regex.with_context(|| expression.clone())?)))
        };
        Ok(Self { stages: pipeline.stages.iter().map(compile).collect::<anyhow::Result<_>>()? })
    }

    /// What becomes of lines that follow each other.
    pub fn run<'l>(
        &self,
        lines: impl Iterator<Item = &'l str>,
        labels: &BTreeMap<String, String>,
    ) -> Vec<Trace> {
        self.entries(lines).into_iter().map(|entry| self.trace(entry, labels)).collect()
    }

    /// Lines as entries, with the number of lines of each.
    fn entries<'l>(&self, lines: impl Iterator<Item = &'l str>) -> Vec<(String, usize)> {
        let multiline = self.stages.iter().find_map(|(stage, regex)| match (stage, regex) {
            (Stage::Multiline { max_lines, .. }, Some(first)) => Some((first, *max_lines as usize)),
            _ => None,
        });
        let Some((first, max_lines)) = multiline else {
            return lines.map(|line| (line.to_owned(), 1)).collect();
        };
        let mut entries = Vec::new();
        let mut block: Option<(String, usize)> = None;
        let flush = |block: &mut (String, usize), entries: &mut Vec<(String, usize)>| {
            if !block.0.is_empty() {
                entries.push(std::mem::take(block));
            }
        };
        for line in lines {
            let starts = first.is_match(line);
            let Some(open) = block.as_mut() else {
                // Before the first line of all is seen, lines stay alone.
                if starts {
                    block = Some((line.to_owned(), 1));
                } else {
                    entries.push((line.to_owned(), 1));
                }
                continue;
            };
            if starts {
                flush(open, &mut entries);
            }
            if !open.0.is_empty() {
                open.0.push('\n');
            }
            open.0.push_str(line);
            open.1 += 1;
            if open.1 == max_lines {
                flush(open, &mut entries);
            }
        }
        if let Some(mut open) = block {
            flush(&mut open, &mut entries);
        }
        entries
    }

    fn trace(&self, (line, lines): (String, usize), labels: &BTreeMap<String, String>) -> Trace {
        let extracted =
            labels.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str()))).collect();
        let mut entry =
            Entry { line: line.clone(), labels: labels.clone(), extracted, timestamp: None };
        let mut steps = Vec::new();
        let mut dropped = false;
        for (stage, regex) in &self.stages {
            let step = entry.step(stage, regex.as_ref(), lines);
            dropped = step.dropped;
            steps.push(step);
            if dropped {
                break;
            }
        }
        Trace {
            input: line,
            steps,
            line: (!dropped).then_some(entry.line),
            labels: entry.labels,
            timestamp: entry.timestamp.map(|moment| moment.to_string()),
        }
    }
}

impl Entry {
    fn step(&mut self, stage: &Stage, regex: Option<&Regex>, lines: usize) -> Step {
        let mut step = match (stage, regex) {
            (Stage::Multiline { .. }, _) => {
                let did = if lines > 1 {
                    format!("{lines} lines are one entry")
                } else {
                    "one line".to_owned()
                };
                Step { changed: lines > 1, ..Step::new("multiline", did) }
            }
            (Stage::Json { fields, .. }, _) => self.read("json", fields::json(&self.line, fields)),
            (Stage::Logfmt { fields }, _) => {
                self.read("logfmt", logfmt::fields(&self.line, fields))
            }
            (Stage::Regex { .. }, Some(regex)) => {
                self.read("regex", fields::regex(&self.line, regex))
            }
            (Stage::Timestamp { field, format, .. }, _) => self.timestamp(field, format),
            (Stage::Labels { labels }, _) => self.label(labels),
            (Stage::Drop { expression }, Some(regex)) => {
                let dropped = regex.is_match(&self.line);
                let did = if dropped {
                    format!("`{expression}` matches")
                } else {
                    format!("`{expression}` does not match")
                };
                Step { changed: dropped, dropped, ..Step::new("drop", did) }
            }
            (Stage::Redact { name, hints, .. }, Some(_)) if !hinted(hints, &self.line) => {
                Step::new("redact", format!("{name}: nothing"))
            }
            (Stage::Redact { name, replacement, fields, .. }, Some(regex)) => {
                self.redact(name, regex, replacement, fields)
            }
            // Stages with an expression were compiled with it.
            (Stage::Regex { .. } | Stage::Drop { .. } | Stage::Redact { .. }, None) => {
                Step::new("none", String::new())
            }
        };
        step.line.clone_from(&self.line);
        step
    }

    /// Takes what a parser found.
    fn read(&mut self, stage: &'static str, Read { fields, problem }: Read) -> Step {
        for (name, value) in &fields {
            self.extracted.insert(name.clone(), value.clone());
        }
        let did = problem.unwrap_or_else(|| {
            match fields.values().filter(|value| !value.is_null()).count() {
                0 => "none of the fields is there".to_owned(),
                1 => "1 field".to_owned(),
                n => format!("{n} fields"),
            }
        });
        Step {
            changed: fields.values().any(|value| !value.is_null()),
            fields,
            ..Step::new(stage, did)
        }
    }

    fn timestamp(&mut self, field: &str, format: &str) -> Step {
        let value = self.extracted.get(field).and_then(text);
        let moment = value.as_ref().and_then(|value| time::parse(value, format));
        let did = match (&value, moment) {
            (_, Some(moment)) => format!("written at {moment}"),
            (Some(value), None) => {
                format!("`{value}` is not written as {format}: the time of reading stays")
            }
            (None, None) => "there is no such field: the time of reading stays".to_owned(),
        };
        self.timestamp = moment.or(self.timestamp);
        Step { changed: moment.is_some(), ..Step::new("timestamp", did) }
    }

    fn label(&mut self, labels: &IndexMap<String, String>) -> Step {
        let mut set = BTreeMap::new();
        for (label, field) in labels {
            if let Some(value) = self.extracted.get(field).and_then(text) {
                set.insert(label.clone(), value);
            }
        }
        let changed = set.iter().any(|(label, value)| self.labels.get(label) != Some(value));
        self.labels.extend(set.clone());
        // Loki takes an empty label for none.
        self.labels.retain(|_, value| !value.is_empty());
        let did = if set.is_empty() {
            "none of the fields is there".to_owned()
        } else {
            "set".to_owned()
        };
        Step { changed, labels: set, ..Step::new("labels", did) }
    }

    fn redact(&mut self, name: &str, regex: &Regex, replacement: &str, fields: &[String]) -> Step {
        let mut times = 0;
        let mut changed = Map::new();
        if fields.is_empty() {
            let (line, found) = cover(&self.line, regex, replacement);
            self.line = line;
            times = found;
        }
        for field in fields {
            let Some(value) = self.extracted.get(field).and_then(text) else { continue };
            let (covered, found) = cover(&value, regex, replacement);
            if found > 0 {
                times += found;
                changed.insert(field.clone(), Json::from(covered.as_str()));
                self.extracted.insert(field.clone(), Json::from(covered));
            }
        }
        let did = match times {
            0 => format!("{name}: nothing"),
            1 => format!("{name}: once"),
            n => format!("{name}: {n} times"),
        };
        Step { changed: times > 0, fields: changed, ..Step::new("redact", did) }
    }
}

impl Step {
    fn new(stage: &'static str, did: String) -> Self {
        Self {
            stage,
            did,
            changed: false,
            dropped: false,
            line: String::new(),
            fields: Map::new(),
            labels: BTreeMap::new(),
        }
    }
}

/// Whether a line may match at all.
fn hinted(hints: &[String], line: &str) -> bool {
    hints.is_empty() || hints.iter().any(|hint| line.contains(hint))
}

/// Puts the replacement in the place of what each group matches, outer groups before inner ones; says how often.
fn cover(text: &str, regex: &Regex, replacement: &str) -> (String, usize) {
    let (mut out, mut done, mut times) = (String::new(), 0, 0);
    for found in regex.captures_iter(text) {
        for group in found.iter().skip(1).flatten() {
            if group.start() >= done {
                out.push_str(text.get(done..group.start()).unwrap_or_default());
                out.push_str(replacement);
                done = group.end();
                times += 1;
            }
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    (out, times)
}
