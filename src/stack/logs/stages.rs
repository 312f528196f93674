//! What the manifest says about lines → the stages of a pipeline.

use indexmap::IndexMap;

use super::Stage;
use super::redact::{self, Said, Shipped};
use crate::diagnostic::Diagnostic;
use crate::manifest::{Document, LabelFields, Parse, ServiceLogs, Switch};
use crate::re2;
use crate::yaml::{Segment, Span};

/// Fields with a value per request: as labels they would make a stream of every line.
const MANY_VALUES: [&str; 8] =
    ["trace_id", "span_id", "request_id", "session_id", "user_id", "id", "message", "timestamp"];

/// Labels that the collector sets.
const SET: [&str; 5] = ["container", "filename", "service_group", "stack", "stream"];

/// What a level of the manifest says, and where.
pub struct Level<'a> {
    /// What it says.
    pub logs: &'a ServiceLogs,
    /// Where it stands: `logs`, or `services.NAME.logs`.
    pub place: Vec<Segment>,
}

/// How fields are read.
struct Read {
    /// The stage that reads them.
    stage: Option<Stage>,
    /// Label → name of the field.
    labels: IndexMap<String, String>,
    /// Name of the field with the time.
    time: Option<String>,
}

/// Makes the stages of a pipeline.
pub struct Maker<'a> {
    /// The manifest.
    pub document: &'a Document,
    /// The patterns that ship with mcpmon.
    pub shipped: &'a [Shipped],
    /// What holds for all lines.
    pub general: Level<'a>,
}

impl Maker<'_> {
    /// The stages for the lines of a service, or for all lines.
    pub fn stages(&self, service: Option<&Level<'_>>, found: &mut Vec<Diagnostic>) -> Vec<Stage> {
        let said = |level: &Level<'_>| level.logs.clone();
        let own = service.map(said).unwrap_or_default();
        let general = self.general.logs;
        let here = service.unwrap_or(&self.general);
        let mut stages = Vec::new();
        let multiline = own.multiline.as_ref().or(general.multiline.as_ref());
        if let Some(multiline) = multiline.and_then(Switch::on) {
            stages.push(Stage::Multiline {
                first_line: multiline.first_line.to_string(),
                max_lines: multiline.max_lines,
                // Go knows no days.
                max_wait: format!("{}ms", multiline.max_wait.millis()),
            });
        }
        self.labels_make_sense(here, found);
        let plain = Parse::default();
        let parse = own.parse.as_ref().or(general.parse.as_ref()).unwrap_or(&plain);
        let mut labels = IndexMap::from([("level".to_owned(), "level".to_owned())]);
        let wanted = own.labels.as_ref().or(general.labels.as_ref());
        for (label, field) in wanted.map(|l| &l.fields).into_iter().flatten() {
            labels.insert(label.to_string(), field.to_string());
        }
        let timestamp = own.timestamp.as_ref().or(general.timestamp.as_ref()).and_then(Switch::on);
        let time = timestamp.map(|t| t.field.to_string());

        let read = self.read(here, parse, labels, wanted, time, found);
        let (labels, time_name) = (read.labels, read.time);
        stages.extend(read.stage);
        if let (Some(field), Some(timestamp)) = (time_name, timestamp) {
            let (format, layout) = (timestamp.format.to_string(), timestamp.format.layout());
            stages.push(Stage::Timestamp { field, format, layout });
        }
        let fields: Vec<String> = labels.values().cloned().collect();
        let labels = (!labels.is_empty()).then_some(Stage::Labels { labels });
        stages.extend(labels.clone());
        for pattern in own.drop.as_ref().or(general.drop.as_ref()).into_iter().flatten() {
            stages.push(Stage::Drop { expression: pattern.to_string() });
        }
        let general = Said { redact: general.redact.as_ref(), place: self.general.place.clone() };
        let own = service
            .map(|level| Said { redact: level.logs.redact.as_ref(), place: level.place.clone() });
        let redact =
            redact::stages(self.document, self.shipped, &general, own.as_ref(), &fields, found);
        if !redact.is_empty() {
            stages.extend(redact);
            // A label holds no secret either.
            stages.extend(labels);
        }
        stages
    }

    /// How fields are read, and by which names they are known then.
    fn read(
        &self,
        here: &Level<'_>,
        parse: &Parse,
        labels: IndexMap<String, String>,
        wanted: Option<&LabelFields>,
        time: Option<String>,
        found: &mut Vec<Diagnostic>,
    ) -> Read {
        // What is asked for beside the way of reading must be there; what holds for all lines is taken where it is.
        let asked_here = |what: &str| match what {
            "timestamp" => here.logs.timestamp.is_some(),
            _ => here.logs.labels.is_some(),
        };
        let missing = |field: &str, what: &str, found: &mut Vec<Diagnostic>| {
            if asked_here(what) && here.logs.parse.is_some() {
                found.push(self.no_such_field(here, parse, field, what));
            }
        };
        let mut read = Read { stage: None, labels, time: None };
        match parse {
            Parse::None => {
                if time.is_some() {
                    missing("", "timestamp", found);
                }
                if wanted.is_some_and(|l| !l.fields.is_empty()) {
                    missing("", "labels", found);
                }
                read.labels.clear();
            }
            Parse::Regex(pattern) => {
                let groups = re2::group_names(&pattern.regex());
                if groups.is_empty() && here.logs.parse.is_some() {
                    let span = self.at(here, &["parse", "regex"]);
                    found.push(
                        Diagnostic::error(
                            span,
                            "the regular expression has no named group, so nothing is read",
                        )
                        .help("name what is looked for: `(?P<level>\\w+)`"),
                    );
                }
                read.labels.retain(|label, field| {
                    let there = groups.contains(field);
                    if !there
                        && wanted.is_some_and(|l| l.fields.keys().any(|l| l.to_string() == *label))
                    {
                        missing(field, "labels", found);
                    }
                    there
                });
                read.time = time.filter(|field| {
                    let there = groups.contains(field);
                    if !there {
                        missing(field, "timestamp", found);
                    }
                    there
                });
                read.stage = Some(Stage::Regex { expression: pattern.to_string(), fields: groups });
            }
            Parse::Json | Parse::Logfmt => {
                // A field that is a label already is known by the label's name.
                let mut fields = read.labels.clone();
                let same = |label: &String| (label.clone(), label.clone());
                read.labels = read.labels.keys().map(same).collect();
                read.time = time.map(|field| {
                    let known =
                        fields.iter().find(|(_, f)| **f == field).map(|(name, _)| name.clone());
                    known.unwrap_or_else(|| {
                        fields.insert("timestamp".to_owned(), field);
                        "timestamp".to_owned()
                    })
                });
                read.stage = Some(if *parse == Parse::Json {
                    let jmespath = fields.iter().map(|(n, f)| (n.clone(), jmespath(f))).collect();
                    Stage::Json { fields, jmespath }
                } else {
                    Stage::Logfmt { fields }
                });
            }
        }
        read
    }

    fn at(&self, level: &Level<'_>, path: &[&str]) -> Option<Span> {
        let mut place = level.place.clone();
        place.extend(path.iter().map(|key| Segment::from(*key)));
        self.document.locate(&place)
    }

    fn no_such_field(
        &self,
        level: &Level<'_>,
        parse: &Parse,
        field: &str,
        what: &str,
    ) -> Diagnostic {
        let span = self.at(level, &[what]);
        match parse {
            Parse::None => Diagnostic::error(
                span,
                format!("`{what}` needs fields, and `parse: none` reads none"),
            )
            .help("say how a line is read: `json`, `logfmt` or `{regex: …}`"),
            _ => Diagnostic::error(span, format!("the regular expression has no group `{field}`"))
                .help(format!("name one so: `(?P<{field}>…)`")),
        }
    }

    /// Labels have few values, and none that another meaning has.
    fn labels_make_sense(&self, level: &Level<'_>, found: &mut Vec<Diagnostic>) {
        let Some(LabelFields { fields, listed }) = &level.logs.labels else { return };
        // `level` is one unless another field takes its place.
        let taken = fields.keys().any(|label| label.to_string() == "level");
        let mut seen: Vec<&str> = if taken { Vec::new() } else { vec!["level"] };
        for (index, (label, field)) in fields.iter().enumerate() {
            let label = label.to_string();
            let mut place = level.place.clone();
            place.push("labels".into());
            place.push(if *listed { index.into() } else { (&label).into() });
            let span = if *listed {
                self.document.locate(&place)
            } else {
                self.document.locate_key(&place)
            };
            if MANY_VALUES.contains(&label.as_str()) || MANY_VALUES.contains(&field.as_str()) {
                found.push(
                    Diagnostic::error(
                        span,
                        format!("`{label}` has a value per line, so each line would be a stream of its own"),
                    )
                    .help(format!("leave it in the line and search for it with `| json | {label}=\"…\"`")),
                );
            } else if SET.contains(&label.as_str()) {
                found.push(
                    Diagnostic::error(span, format!("the label `{label}` is set by the collector"))
                        .help("choose another name: `labels: {my_name: field}`"),
                );
            } else if seen.contains(&field.as_str()) {
                found.push(
                    Diagnostic::error(span, format!("the field `{field}` is a label already"))
                        .help("one label per field is enough; remove one of them"),
                );
            }
            seen.push(field.as_str());
        }
    }
}

/// A field as an expression of `JMESPath`: parts with other signs than letters, digits and `_` are quoted.
fn jmespath(field: &str) -> String {
    let part = |part: &str| {
        let plain = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain { part.to_owned() } else { format!("\"{part}\"") }
    };
    field.split('.').map(part).collect::<Vec<_>>().join(".")
}
