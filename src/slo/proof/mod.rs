//! promtool tests of exactly the rules that an objective renders to.
//!
//! The series are those that the indicator really reads, so the tests also show that its expressions
//! find them. `ALERTS` is asked rather than promtool's own alert test: it needs no annotations
//! repeated, and it can be asked who is told at a moment.

mod cases;
mod series;

use super::{Slo, Source, Subject, rules};
use crate::render::json::{Json, json};
use crate::render::rules::duration;
use series::Play;

/// Seconds between two samples of the raw series.
const STEP: u64 = 60;

/// What the names of an objective's test files end with: about hours, about days, about the budget.
pub const SUFFIXES: [&str; 3] = ["", "-long", "-budget"];

/// A test file: what its name ends with, how often rules are evaluated in it, and its tests.
pub struct File {
    pub suffix: &'static str,
    pub evaluation: u64,
    /// Whether the long windows are looked at, and the budget.
    pub long: bool,
    pub budget: bool,
    pub tests: Vec<Json<'static>>,
}

/// What a test needs to know about an objective.
struct Stage<'a> {
    slo: &'a Slo,
    /// The service that things happen to.
    one: &'a Subject,
    /// Another one that the objective is about, if there is another.
    two: Option<&'a Subject>,
    /// Where their series come from.
    source: &'a Source,
}

/// The test files of an objective: what happens within a day by the minute, what takes longer in
/// steps of four, and what is about the budget by itself, for only there its window need be read. None
/// where the indicator is an expression of one's own, of which nobody knows what it reads.
pub fn files(slo: &Slo) -> Vec<File> {
    let mut short = Vec::new();
    let mut long = Vec::new();
    let mut budget = Vec::new();
    let overridden = |s: &&Subject| slo.others.iter().any(|(_, all)| all.contains(&s.service));
    let usual: Vec<&Subject> = slo.subjects.iter().filter(|s| !overridden(s)).collect();
    if let Some(stage) = stage(slo, &usual) {
        short.extend(cases::properties(&stage));
        budget.extend(cases::lasting(&stage));
        let (quick, slow): (Vec<_>, Vec<_>) =
            slo.tiers.iter().partition(|tier| tier.window.long < 86_400);
        short.extend(quick.into_iter().flat_map(|tier| cases::tier(&stage, tier)));
        long.extend(slow.into_iter().flat_map(|tier| cases::tier(&stage, tier)));
    }
    for (_, services) in &slo.others {
        let own: Vec<&Subject> =
            slo.subjects.iter().filter(|s| services.contains(&s.service)).collect();
        if let Some(stage) = stage(slo, &own) {
            let tiers = slo.tiers.iter().filter(|tier| tier.window.long < 86_400);
            short.extend(tiers.flat_map(|tier| cases::tier(&stage, tier)));
        }
    }
    let [first, days, last] = SUFFIXES;
    let file = |suffix, evaluation, tests| File {
        suffix,
        evaluation,
        long: suffix != first,
        budget: suffix == last,
        tests,
    };
    [
        file(first, rules::SHORT, short),
        file(days, rules::LONG, long),
        file(last, rules::LONG, budget),
    ]
    .into_iter()
    .filter(|file| !file.tests.is_empty())
    .collect()
}

fn stage<'a>(slo: &'a Slo, subjects: &[&'a Subject]) -> Option<Stage<'a>> {
    let one = *subjects.first()?;
    let speaks = |source: &&Source| source.dialect.is_none() || source.dialect == one.dialect;
    let source = slo.events.sources.iter().find(speaks)?;
    let two = subjects.iter().skip(1).find(|two| two.dialect == one.dialect).copied();
    Some(Stage { slo, one, two, source })
}

impl Stage<'_> {
    /// The share from which on a tier alerts, for the service that things happen to.
    fn threshold(&self, tier: &super::Tier) -> f64 {
        let budget = crate::decimal::Decimal::ONE.minus(self.slo.objective_of(&self.one.service));
        tier.threshold(self.slo.window, budget).approximate()
    }

    /// Firing alerts of this objective, by service, optionally of one tier.
    fn alerts(&self, tier: Option<&str>) -> String {
        let tier = tier
            .map_or_else(|| ",burn_tier!=\"\"".to_owned(), |name| format!(",burn_tier=\"{name}\""));
        format!(
            "count by (service) (ALERTS{{slo=\"{}\",alertstate=\"firing\"{tier}}})",
            self.slo.id
        )
    }

    /// A recorded series of the service that things happen to.
    fn recorded(&self, name: &str) -> String {
        format!("{name}{{slo=\"{}\",service=\"{}\"}}", self.slo.id, self.one.service)
    }

    /// A test in which the plays are given.
    fn test(&self, about: &str, plays: &[Play<'_>], asked: Vec<Json<'static>>) -> Json<'static> {
        let mut input: Vec<Json<'static>> = Vec::new();
        for play in plays {
            input.extend(series::input(play, self));
        }
        json!({
            "name": format!("{}: {about}", self.slo.id),
            "interval": duration::format(STEP),
            "input_series": input,
            "promql_expr_test": asked,
        })
    }

    /// Nobody's trouble: a service that the objective is not about, all of whose events are bad. It
    /// must not be seen. An objective that selects nobody is about everybody.
    fn stranger(&self, minutes: u64) -> Vec<Play<'_>> {
        if self.source.dialect.is_none() && self.slo.matchers.is_empty() {
            return Vec::new();
        }
        vec![Play { subject: None, acts: vec![series::act(minutes, 1000.0, 1.0)] }]
    }
}

/// One question of a test and its answer.
fn ask(expr: &str, at_minutes: u64, samples: &[(&str, f64)]) -> Json<'static> {
    let samples: Vec<Json<'static>> = samples
        .iter()
        .map(|&(labels, value)| json!({"labels": labels.to_owned(), "value": value}))
        .collect();
    json!({
        "expr": expr.to_owned(),
        "eval_time": duration::format(at_minutes * 60),
        "exp_samples": samples,
    })
}
