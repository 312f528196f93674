//! Objectives: the manifest's `slos:` resolved, and what follows from them.
//!
//! ```text
//! stack::slos ─→ Slo ─┬ rules.rs, alerts.rs → rules/slo-<id>.yml   what Prometheus evaluates
//!                     ├ proof/              → tests/slo-<id>*.yml  promtool tests of exactly these rules
//!                     ├ documents/          → SLOS.md, runbooks, the review of a month
//!                     ├ simulate.rs         what an outage would do: who is told, and when
//!                     ├ status.rs           what the running Prometheus says
//!                     └ openslo.rs          OpenSLO v1, out and in
//! ```
//! All of it is pure but for `status`, which reads answers that others asked for. No rule names a
//! service unless the manifest gives that service an objective of its own, so their number is the
//! same for one service and for ten thousand.

mod alerts;
mod compile;
mod documents;
mod events;
pub mod openslo;
mod proof;
mod rules;
mod sample;
pub mod simulate;
pub mod status;
mod tiers;

pub use compile::{compile, records};
pub use documents::{Review, Reviewed, Told, html, markdown, slos_markdown, spell};
pub(crate) use events::dialect;
pub use events::{Events, Failed, Feed, Part, Source, custom, freshness, gauge};
pub use tiers::{Share, Tier, WINDOWS, Window};

use std::collections::BTreeMap;

use crate::decimal::Decimal;
use crate::manifest::{Indicator, Severity};
use crate::render::rules::duration;

/// One objective, resolved.
#[derive(Clone, Debug)]
pub struct Slo {
    /// Its name: the label `slo` on everything about it.
    pub id: String,
    /// The promise, in one line.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The day on which it is looked at again.
    pub review: Option<String>,
    /// What its alerts' names begin with.
    pub alert: String,
    /// The share that must be good.
    pub objective: Decimal,
    /// Seconds over which it must hold.
    pub window: u64,
    /// What is counted, as the manifest says it.
    pub indicator: Indicator,
    /// What is counted, in PromQL.
    pub events: Events,
    /// Slices of time, where those are counted.
    pub slices: Option<Slices>,
    /// With fewer events than this in its long window a tier is silent.
    pub min_events: Option<u32>,
    /// The tiers that are on, the fastest first.
    pub tiers: Vec<Tier>,
    /// Other objectives, each with the services that have it.
    pub others: Vec<(Decimal, Vec<String>)>,
    /// What picks its series, as PromQL: `group="core"`; empty for all.
    pub matchers: String,
    /// The services that it is about, for documents, tests and questions.
    pub subjects: Vec<Subject>,
}

/// A service that an objective is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Its name.
    pub service: String,
    /// Its group.
    pub group: String,
    /// Its dialect, where it speaks one.
    pub dialect: Option<String>,
    /// Labels that the objective selects by.
    pub labels: Vec<(String, String)>,
}

/// Slices of time, each good or bad as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slices {
    /// Seconds of one.
    pub length: u64,
    /// The share of its events that must be good.
    pub target: Decimal,
}

/// Services with the same objective.
#[derive(Clone, Debug)]
pub struct Class {
    /// The share that must be good.
    pub objective: Decimal,
    /// What picks its series among those of the objective, as PromQL.
    pub selector: String,
    /// The services that the manifest names for it; none for the rest.
    pub services: Vec<String>,
}

impl Class {
    /// The share that may be bad.
    pub fn budget(&self) -> Decimal {
        Decimal::ONE.minus(self.objective)
    }
}

impl Slo {
    /// The objective and what single services have instead.
    pub fn classes(&self) -> Vec<Class> {
        let id = &self.id;
        let named: Vec<&str> =
            self.others.iter().flat_map(|(_, services)| services).map(String::as_str).collect();
        let selector = match named.as_slice() {
            [] => format!("slo=\"{id}\""),
            [one] => format!("slo=\"{id}\",service!=\"{one}\""),
            many => format!("slo=\"{id}\",service!~\"{}\"", many.join("|")),
        };
        let mut classes = vec![Class { objective: self.objective, selector, services: Vec::new() }];
        for (objective, services) in &self.others {
            let selector = match services.as_slice() {
                [one] => format!("slo=\"{id}\",service=\"{one}\""),
                many => format!("slo=\"{id}\",service=~\"{}\"", many.join("|")),
            };
            classes.push(Class { objective: *objective, selector, services: services.clone() });
        }
        classes
    }

    /// The class of a service.
    pub fn objective_of(&self, service: &str) -> Decimal {
        let own = self.others.iter().find(|(_, services)| services.iter().any(|s| s == service));
        own.map_or(self.objective, |(objective, _)| *objective)
    }

    /// The window as Prometheus writes it.
    pub fn window_text(&self) -> String {
        days(self.window)
    }

    /// The share that may be bad, for services without an objective of their own.
    pub fn budget(&self) -> Decimal {
        Decimal::ONE.minus(self.objective)
    }

    /// Where the tests of its rules are, as far as there are any.
    pub fn test_files(&self) -> Vec<String> {
        proof::SUFFIXES.iter().map(|suffix| self.test_file(suffix)).collect()
    }

    fn test_file(&self, suffix: &str) -> String {
        format!("tests/slo-{}{suffix}.test.yml", self.id)
    }

    /// The labels of an alert: of a tier, or of the one that says that nothing is known.
    pub fn labels(
        &self,
        tier: Option<&Tier>,
        subject: Option<&Subject>,
    ) -> BTreeMap<String, String> {
        let (name, severity) = tier.map_or_else(
            || (self.no_data(), Severity::Warning),
            |tier| (tier.alert(&self.alert), tier.severity),
        );
        let mut labels = BTreeMap::new();
        let mut put = |label: &str, value: &str| labels.insert(label.to_owned(), value.to_owned());
        put("alertname", &name);
        put("severity", severity.as_str());
        put("category", "slo");
        put("slo", &self.id);
        if let Some(owner) = &self.owner {
            put("owner", owner);
        }
        if let Some(tier) = tier {
            put("burn_tier", tier.window.name);
        }
        if let Some(subject) = subject {
            put("service", &subject.service);
            put("group", &subject.group);
        }
        labels
    }

    /// The alert that says that nothing is known.
    pub fn no_data(&self) -> String {
        format!("{}NoData", self.alert)
    }
}

/// A share as people write it: `99.9%`.
pub fn percent(share: Decimal) -> String {
    format!("{}%", share.times(Decimal::whole(100)))
}

/// A window in days where it has no part of one: `30d`, not `4w2d`.
pub fn days(seconds: u64) -> String {
    const DAY: u64 = 86_400;
    if seconds > 0 && seconds.is_multiple_of(DAY) {
        format!("{}d", seconds / DAY)
    } else {
        duration::format(seconds)
    }
}
