//! Which dialect an endpoint speaks, and which of its roles are played.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::Exposition;
use crate::render::rules::{Dialect, Need, Shape, Source};

/// Names that different vocabularies have for one label.
const SYNONYMS: [&[&str]; 4] = [
    &["handler", "path", "route", "endpoint", "http_route", "uri", "url_path"],
    &["status", "status_code", "code", "http_response_status_code", "http_status", "result"],
    &["tool", "tool_name", "gen_ai_tool_name"],
    &["method", "http_method", "http_request_method"],
];
/// How alike two names must be for one to be taken for the other.
const ALIKE: f64 = 0.84;

/// A dialect held against an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speech {
    /// The dialect's name.
    pub dialect: String,
    /// Whether one of the metrics by which it is recognised is there.
    pub detected: bool,
    /// Whether that one bears a label that nobody else's has.
    #[serde(skip)]
    pub marked: bool,
    /// Its roles.
    pub roles: Vec<Role>,
}

/// One role of a dialect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Role {
    /// Its name in the dialect's file.
    pub role: &'static str,
    /// Whether alerts and dashboards are blind without it.
    pub required: bool,
    /// Whether it is played.
    pub present: bool,
    /// What plays it.
    pub metric: Option<String>,
    /// What is expected where nothing plays it.
    pub expected: Vec<String>,
    /// What was noticed.
    pub notes: Vec<String>,
}

impl Speech {
    /// Whether every required role is played.
    pub fn is_whole(&self) -> bool {
        self.roles.iter().all(|role| role.present || !role.required)
    }

    /// How many of its roles are played.
    pub fn played(&self) -> usize {
        self.roles.iter().filter(|role| role.present).count()
    }
}

/// Holds every dialect against an endpoint; the best comes first.
pub fn hear(dialects: &IndexMap<String, Dialect>, served: &Exposition) -> Vec<Speech> {
    let mut all: Vec<Speech> =
        dialects.iter().map(|(name, dialect)| against(name, dialect, served)).collect();
    // Two dialects may share the metric that gives them away: the one that says more wins, then the one of
    // which less is missing, then the one that is recognised by a mark of its own.
    all.sort_by_key(|speech| {
        let missing = speech.roles.len() - speech.played();
        std::cmp::Reverse((
            speech.detected,
            speech.played(),
            std::cmp::Reverse(missing),
            speech.marked,
        ))
    });
    all
}

/// Holds one dialect against an endpoint.
pub fn against(name: &str, dialect: &Dialect, served: &Exposition) -> Speech {
    let known = |name: &str| served.named(name).next().is_some() || served.declares(name);
    let mut marks = dialect.detect.iter().filter_map(|text| marked(text));
    let marked = marks.any(|(name, label, value)| {
        served.named(name).any(|sample| sample.label(label) == Some(value))
    });
    Speech {
        dialect: name.to_owned(),
        detected: marked || dialect.detect.iter().any(|name| known(name)),
        marked,
        roles: dialect.needs().iter().map(|need| role(need, served)).collect(),
    }
}

/// The parts of `name{label="value"}`.
fn marked(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('{')?;
    let (label, value) = rest.strip_suffix("\"}")?.split_once("=\"")?;
    Some((name, label, value))
}

fn role(need: &Need, served: &Exposition) -> Role {
    let tried: Vec<Found> = need.sources.iter().map(|source| find(source, served)).collect();
    let best = tried.iter().find(|found| found.plays).or_else(|| {
        // Nearest to playing: the metric is there, only its labels are not.
        tried.iter().find(|found| found.exists)
    });
    let present = best.is_some_and(|found| found.plays);
    let mut notes = best.map(|found| found.notes.clone()).unwrap_or_default();
    if best.is_none() {
        let renamed = need.sources.iter().find_map(|source| similar(source, served));
        notes.extend(renamed.map(|name| format!("is it `{name}` here?")));
    }
    let mut expected: Vec<String> = need.sources.iter().map(written).collect();
    expected.dedup();
    Role {
        role: need.role,
        required: need.required,
        present,
        metric: best.map(|found| found.metric.clone()),
        expected: if present { Vec::new() } else { expected },
        notes,
    }
}

/// A source as a reader knows it: `requests_total{status}`.
fn written(source: &Source) -> String {
    match source.labels.as_slice() {
        [] => source.metric.clone(),
        labels => format!("{}{{{}}}", source.metric, labels.join(",")),
    }
}

struct Found {
    metric: String,
    exists: bool,
    plays: bool,
    notes: Vec<String>,
}

fn find(source: &Source, served: &Exposition) -> Found {
    let series = series_of(source);
    let labels: BTreeSet<&str> = served
        .named(&series)
        .flat_map(|sample| sample.labels.iter())
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, _)| label.as_str())
        .collect();
    let has_series = served.named(&series).next().is_some();
    let exists = has_series || served.declares(&source.metric);
    let mut found =
        Found { metric: source.metric.clone(), exists, plays: exists, notes: Vec::new() };
    if !has_series {
        if exists {
            found
                .notes
                .push("has no series yet: its labels show with the first request".to_owned());
        }
        return found;
    }
    for label in source.labels.iter().filter(|label| !labels.contains(label.as_str())) {
        found.plays = false;
        found.notes.push(match synonym(&[label], &labels) {
            Some(other) => format!("the label `{label}` is called `{other}` here"),
            None => format!("it has no label `{label}`"),
        });
    }
    let excluding: Vec<&str> = source.excluding.iter().map(String::as_str).collect();
    let left_out = excluding.is_empty() || excluding.iter().any(|label| labels.contains(label));
    if !left_out && let Some(other) = synonym(&excluding, &labels) {
        found.notes.push(format!(
            "the label `{}` is called `{other}` here: scrapes and health checks count as traffic",
            excluding.join("` or `")
        ));
    }
    found
}

/// The name of the series by which a source is seen.
fn series_of(source: &Source) -> String {
    match source.shape {
        Shape::Counter | Shape::Gauge => source.metric.clone(),
        Shape::Seconds | Shape::Milliseconds => format!("{}_bucket", source.metric),
    }
}

fn synonym<'a>(wanted: &[&str], labels: &BTreeSet<&'a str>) -> Option<&'a str> {
    let group = SYNONYMS.iter().find(|group| wanted.iter().any(|label| group.contains(label)))?;
    labels.iter().copied().find(|label| group.contains(label))
}

/// A metric of the same kind with nearly the same name.
fn similar<'a>(source: &Source, served: &'a Exposition) -> Option<&'a str> {
    let kind = match source.shape {
        Shape::Counter => "counter",
        Shape::Gauge => "gauge",
        Shape::Seconds | Shape::Milliseconds => "histogram",
    };
    let alike = |name: &str| {
        if name.ends_with(&format!("_{}", source.metric)) {
            return 1.0;
        }
        strsim::jaro_winkler(name, &source.metric)
    };
    served
        .families
        .iter()
        .filter(|(_, family)| family.kind == kind)
        .map(|(name, _)| (name.as_str(), alike(name)))
        .filter(|(_, alike)| *alike >= ALIKE)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(name, _)| name)
}
