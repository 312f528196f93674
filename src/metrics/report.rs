//! What was found about an endpoint, for people and programs.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::exposition::Problem;
use super::lint::{self, Finding, Weight};
use super::speech::{self, Role, Speech};
use super::{Exposition, draft};
use crate::output::{Mark, Printer};
use crate::render::rules::Dialect;

/// Lines that are no metrics are shown up to here.
const SHOWN: usize = 10;

/// What is known beforehand.
pub struct Known<'a> {
    /// Every dialect there is.
    pub dialects: &'a IndexMap<String, Dialect>,
    /// Alerts about latency, with their thresholds in seconds.
    pub thresholds: &'a [(String, f64)],
    /// The service, and the dialect that the manifest gives it.
    pub service: Option<(&'a str, Option<&'a str>)>,
    /// The address as it stands, or would stand, in a manifest.
    pub url: &'a str,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    schema_version: u32,
    source: String,
    format: &'static str,
    series: usize,
    metrics: usize,
    /// The dialect that the manifest names, else the one it speaks, else the nearest one.
    speech: Option<Speech>,
    named: bool,
    problems: Vec<Problem>,
    lint: Vec<Finding>,
    advice: Vec<String>,
    ok: bool,
}

impl Report {
    /// Examines an endpoint.
    pub fn new(source: &str, served: &Exposition, known: &Known<'_>) -> Self {
        // What the manifest says is what the rules will read.
        let claimed = known
            .service
            .and_then(|(_, dialect)| dialect)
            .and_then(|name| Some(speech::against(name, known.dialects.get(name)?, served)));
        let is_named = claimed.is_some();
        let best = speech::hear(known.dialects, served).into_iter().next();
        let better = best.clone().filter(|best| best.detected);
        // Where not even one role is played, the nearest dialect is only a guess.
        let near = |best: &Speech| best.detected || best.roles.iter().any(|role| role.present);
        let heard = claimed.or(best.filter(near));
        let latency = heard.as_ref().and_then(|heard| {
            let role = heard.roles.iter().find(|role| role.role == "latency" && role.present)?;
            role.metric.clone()
        });
        let names: BTreeSet<&str> =
            served.samples.iter().map(|sample| served.family(&sample.name).0).collect();
        let whole = heard.as_ref().is_some_and(|heard| heard.detected && heard.is_whole());
        Self {
            schema_version: 1,
            source: source.to_owned(),
            format: if served.open_metrics { "OpenMetrics" } else { "Prometheus text" },
            series: served.samples.len(),
            metrics: names.len(),
            problems: served.problems.clone(),
            lint: lint::lint(served, known.thresholds, latency.as_deref()),
            advice: advice(heard.as_ref(), better.as_ref(), known),
            ok: whole && served.problems.is_empty(),
            speech: heard,
            named: is_named,
        }
    }

    /// Whether every required role is played and every line is a metric.
    pub fn is_ok(&self) -> bool {
        self.ok
    }

    /// For people.
    pub fn print(&self, printer: &Printer) {
        let size = format!("{} series of {} metrics", self.series, self.metrics);
        printer.line(format!("{}: {size}, {}", self.source, self.format));
        for problem in self.problems.iter().take(SHOWN) {
            printer.mark(Mark::Bad, format!("line {}: {}", problem.line, problem.message));
        }
        if let Some(more) = self.problems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            printer.mark(Mark::Bad, format!("and {more} lines more that are no metrics"));
        }
        match &self.speech {
            None => printer.mark(Mark::Bad, "it speaks no dialect that is known"),
            Some(speech) if speech.detected => {
                let (played, all) = (speech.played(), speech.roles.len());
                let share = format!("{played} of {all} roles");
                printer.mark(Mark::Good, format!("dialect {}: {share}", speech.dialect));
            }
            Some(speech) if self.named => {
                let text =
                    format!("it does not speak {}, which the manifest names", speech.dialect);
                printer.mark(Mark::Bad, text);
            }
            Some(speech) => {
                let text = format!("no dialect that is known; the nearest is {}", speech.dialect);
                printer.mark(Mark::Bad, text);
            }
        }
        for role in self.speech.iter().flat_map(|speech| &speech.roles) {
            let (mark, text) = line(role);
            printer.mark(mark, format!("{:<12} {text}", role.role));
        }
        for finding in &self.lint {
            let mark = if finding.weight == Weight::Warning { Mark::Note } else { Mark::Plain };
            let indent = if mark == Mark::Plain { "  " } else { "" };
            printer.mark(mark, format!("{indent}{}: {}", finding.metric, finding.message));
        }
        for advice in &self.advice {
            printer.line(format!("\n{advice}"));
        }
    }

    /// A dialect file to start from.
    pub fn draft(served: &Exposition) -> Result<String, String> {
        draft::draft(served)
    }
}

fn line(role: &Role) -> (Mark, String) {
    let notes =
        if role.notes.is_empty() { String::new() } else { format!(": {}", role.notes.join("; ")) };
    if let (Some(metric), true) = (&role.metric, role.present) {
        let mark = if role.notes.is_empty() { Mark::Good } else { Mark::Note };
        return (mark, format!("{metric}{notes}"));
    }
    let mark = if role.required { Mark::Bad } else { Mark::Note };
    let optional = if role.required { "" } else { " (not required)" };
    (mark, format!("missing{optional}: expected {}{notes}", role.expected.join(" or ")))
}

fn advice(heard: Option<&Speech>, better: Option<&Speech>, known: &Known<'_>) -> Vec<String> {
    let mut advice = Vec::new();
    let written = known.service.and_then(|(name, dialect)| Some((name, dialect?)));
    match (heard, better, written) {
        (_, Some(better), Some((name, dialect))) if better.dialect != dialect => advice.push(format!(
            "It speaks {}, not {dialect}: write\n  services: {{{name}: {{dialect: {}}}}}",
            better.dialect, better.dialect
        )),
        (Some(heard), ..) if heard.detected && written.is_none() => {
            let name = known.service.map_or("NAME", |(name, _)| name);
            advice.push(format!(
                "In the manifest:\n  services:\n    {name}:\n      metrics: {}\n      dialect: {}",
                known.url, heard.dialect
            ));
        }
        (Some(heard), ..) if heard.detected => {}
        _ => advice.push(
            "Names of its own need a dialect file of their own (docs/dialects.md): `mcpmon metrics check --draft` writes one to start from"
                .to_owned(),
        ),
    }
    advice
}
