//! The manifest's objectives → what is counted, for whom, and when someone is told; with everything
//! that could make one of them lie refused.

mod bounds;
mod events;
mod select;
mod tiers;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::catalog::Catalog;
use crate::decimal::Decimal;
use crate::diagnostic::{Diagnostic, Severity};
use crate::manifest::{Document, Duration, Name, Percent, Slo as Written};
use crate::render::rules::{self, Dialect};
use crate::slo::{Slo, Subject};
use crate::yaml::{Segment, Span};

/// The shortest and the longest window of an objective.
const WINDOW: (Duration, Duration) =
    (Duration::from_secs(7 * 86_400), Duration::from_secs(90 * 86_400));
/// How long Prometheus keeps samples where nothing is said.
const RETENTION: Duration = Duration::from_secs(15 * 86_400);
/// Time between two scrapes where nothing is said.
const INTERVAL: Duration = Duration::from_secs(15);

/// Resolves every objective.
pub fn resolve(document: &Document, catalog: &Catalog, found: &mut Vec<Diagnostic>) -> Vec<Slo> {
    if document.manifest.slos.is_empty() {
        return Vec::new();
    }
    let dialects = match rules::dialects(&catalog.assets) {
        Ok(dialects) => dialects,
        Err(error) => {
            found.push(Diagnostic::general(format!("{error:#}")));
            return Vec::new();
        }
    };
    let fleet = fleet(document);
    let all = &document.manifest.slos;
    all.iter()
        .filter_map(|(name, written)| {
            One { document, dialects: &dialects, fleet: &fleet, name, written }.resolve(found)
        })
        .collect()
}

/// A service as far as objectives can select it.
struct Member<'a> {
    name: &'a Name,
    group: String,
    dialect: Option<String>,
    labels: BTreeMap<String, String>,
    measured: bool,
    probed: bool,
    interval: Duration,
}

fn fleet<'a>(document: &'a Document) -> Vec<Member<'a>> {
    let manifest = &document.manifest;
    let default = manifest.defaults.scrape.interval.unwrap_or(INTERVAL);
    let member = |(name, service): (&'a Name, &crate::manifest::Service)| {
        let demo = service.run.as_ref().and_then(|run| run.demo.as_ref());
        let labels = manifest.defaults.labels.iter().chain(&service.labels);
        Member {
            name,
            group: service.group.to_string(),
            dialect: service
                .dialect
                .clone()
                .or_else(|| demo.map(|demo| demo.dialect.as_str().to_owned()))
                .or_else(|| manifest.defaults.dialect.clone()),
            labels: labels.map(|(label, value)| (label.to_string(), value.clone())).collect(),
            measured: service.metrics.is_some() || demo.is_some(),
            probed: service.mcp.is_some(),
            interval: service.scrape.interval.unwrap_or(default),
        }
    };
    manifest.services.iter().map(member).collect()
}

/// One objective while it is looked at.
struct One<'a> {
    document: &'a Document,
    dialects: &'a IndexMap<String, Dialect>,
    fleet: &'a [Member<'a>],
    name: &'a Name,
    written: &'a Written,
}
impl One<'_> {
    fn at(&self, path: &[&str]) -> Option<Span> {
        self.document.locate(&self.path(path))
    }

    fn key(&self, path: &[&str]) -> Option<Span> {
        self.document.locate_key(&self.path(path))
    }

    fn path(&self, path: &[&str]) -> Vec<Segment> {
        let head = [Segment::from("slos"), self.name.as_str().into()];
        head.into_iter().chain(path.iter().map(|part| Segment::from(*part))).collect()
    }

    fn resolve(&self, found: &mut Vec<Diagnostic>) -> Option<Slo> {
        let before = found.len();
        self.objective(self.written.objective, &["objective"], found);
        if found.len() > before {
            return None;
        }
        self.window(found);
        let selected = self.selected(found);
        if selected.is_empty() {
            return None;
        }
        let slices = self.slices(&selected, found);
        let matchers = select::matchers(&self.written.select);
        let (events, counted) = self.events(&selected, &matchers, found)?;
        let window = self.written.window.millis() / 1000;
        let tiers = self.tiers(window, found);
        let others = self.others(&counted, found);
        if found.iter().skip(before).any(|d| d.severity == Severity::Error) {
            return None;
        }
        let written = self.written;
        let subject = |member: &&Member<'_>| Subject {
            service: member.name.to_string(),
            group: member.group.clone(),
            dialect: member.dialect.clone(),
            labels: written
                .select
                .labels
                .iter()
                .map(|(label, value)| (label.to_string(), value.clone()))
                .collect(),
        };
        Some(Slo {
            id: self.name.to_string(),
            description: written.description.clone(),
            owner: written.owner.as_ref().map(ToString::to_string),
            review: written.review.map(|day| day.to_string()),
            alert: written.alert.to_string(),
            objective: written.objective.share(),
            window,
            indicator: written.indicator.clone(),
            events,
            slices,
            min_events: written.min_events,
            tiers,
            others,
            matchers,
            subjects: counted.iter().map(subject).collect(),
        })
    }

    /// An objective leaves something to lose, and is one.
    fn objective(&self, objective: Percent, path: &[&str], found: &mut Vec<Diagnostic>) {
        let share = objective.share();
        if share == Decimal::ONE {
            found.push(
                Diagnostic::error(self.at(path), "an objective of 100 % leaves no error budget: the first bad event breaks it, and nothing can be planned or tried any more")
                    .help("write what users would still call good, such as `99.9%`"),
            );
        } else if share < Decimal::whole(1).over(2) {
            found.push(
                Diagnostic::error(
                    self.at(path),
                    format!("an objective of {objective} is met while most goes wrong"),
                )
                .help("write it in percent: `99.9%`, not `0.999`"),
            );
        }
    }

    fn window(&self, found: &mut Vec<Diagnostic>) {
        let window = self.written.window;
        let whole = window.millis().is_multiple_of(86_400_000);
        if window < WINDOW.0 || window > WINDOW.1 || !whole {
            found.push(
                Diagnostic::error(
                    self.at(&["window"]),
                    format!("the window {window} is not 7d to 90d in whole days"),
                )
                .help("write `30d`; weeks such as `28d` hold as many Sundays each"),
            );
            return;
        }
        let part = self.document.manifest.components.get("prometheus");
        let retention = part.and_then(|node| node.get("retention"));
        let kept = retention
            .and_then(|node| crate::yaml::from_node::<Duration>(node).ok())
            .unwrap_or(RETENTION);
        if kept < window {
            let help = format!(
                "write `components: {{prometheus: {{retention: {}d}}}}` or more, or a `window` of at most {kept}",
                window.millis() / 86_400_000 + 5
            );
            found.push(
                Diagnostic::error(
                    self.at(&["window"]),
                    format!("Prometheus keeps samples for {kept}; an objective over {window} would forget what it lost"),
                )
                .help(help),
            );
        }
    }
}
