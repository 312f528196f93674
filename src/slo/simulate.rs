//! What an outage would do: pure arithmetic over the same windows as the rules.
//!
//! Traffic is taken as steady, and all as well before. The five-minute rate rises with the outage, the
//! longer windows are sums of it; a tier alerts when both of its windows are above its limit.

use serde::Serialize;

use super::documents::spell;
use super::rules::{LONG, SHORT};
use super::{Slo, Tier};
use crate::decimal::Decimal;

/// Seconds between two looks.
const STEP: u64 = 10;
/// The window of the recorded rate.
const BASE: u64 = 300;

/// An outage to come.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Its seconds.
    pub lasts: u64,
    /// The share of events that is bad meanwhile.
    pub errors: Decimal,
    /// Seconds of data before it; a young stack looks back less far.
    pub history: Option<u64>,
    /// Events per second, where they are known: `min_events` asks for them.
    pub events: Option<f64>,
    /// Seconds between two scrapes.
    pub scrape: u64,
}

/// What it would do to an objective.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The objective.
    pub slo: String,
    /// What is promised.
    pub objective: String,
    /// The share of the budget of the window that it uses up; above 1 the objective is missed.
    pub budget_used: f64,
    /// How many times too fast the budget burns meanwhile.
    pub burn: f64,
    /// What each tier does.
    pub tiers: Vec<Alarm>,
}

/// What a tier would do.
#[derive(Clone, Debug, Serialize)]
pub struct Alarm {
    /// The tier.
    pub tier: &'static str,
    /// Its alert.
    pub alert: String,
    /// How bad it is.
    pub severity: &'static str,
    /// Seconds from the beginning of the outage until its condition holds; nothing when it never does.
    pub from: Option<u64>,
    /// The latest moment at which the alert fires: a scrape and an evaluation later.
    pub at_latest: Option<u64>,
    /// Seconds from the beginning until it has ended.
    pub until: Option<u64>,
    /// Why it never fires, where that is not the outage's size.
    pub silent: Option<String>,
}

/// A whole number as one that can be divided.
#[allow(clippy::cast_precision_loss)] // Seconds of some years.
pub const fn float(value: u64) -> f64 {
    value as f64
}

/// The share of bad events as it is counted: slices of time are good or bad as a whole.
fn counted(slo: &Slo, errors: Decimal) -> f64 {
    match slo.slices {
        Some(slices) if errors > Decimal::ONE.minus(slices.target) => 1.0,
        Some(_) => 0.0,
        None => errors.approximate(),
    }
}

/// What an outage would do to an objective of which a service promises `objective`.
pub fn simulate(slo: &Slo, objective: Decimal, outage: &Outage) -> Outcome {
    let budget = Decimal::ONE.minus(objective);
    let errors = counted(slo, outage.errors);
    let seen = outage.history.map_or(slo.window, |h| (h + outage.lasts).min(slo.window));
    let burn = errors / budget.approximate();
    let used = burn * float(outage.lasts.min(slo.window)) / float(seen.max(1));
    let tiers = slo.tiers.iter().map(|tier| alarm(slo, tier, budget, errors, outage)).collect();
    Outcome {
        slo: slo.id.clone(),
        objective: super::percent(objective),
        budget_used: used,
        burn,
        tiers,
    }
}

fn alarm(slo: &Slo, tier: &Tier, budget: Decimal, errors: f64, outage: &Outage) -> Alarm {
    let mut alarm = Alarm {
        tier: tier.window.name,
        alert: tier.alert(&slo.alert),
        severity: tier.severity.as_str(),
        from: None,
        at_latest: None,
        until: None,
        silent: None,
    };
    if let (Some(least), Some(rate)) = (slo.min_events, outage.events) {
        let events = rate * float(tier.window.long);
        if events < f64::from(least) {
            alarm.silent = Some(format!(
                "{events:.0} events in {} are fewer than {least}",
                super::days(tier.window.long)
            ));
            return alarm;
        }
    }
    let threshold = tier.threshold(slo.window, budget).approximate();
    let span = span(tier, threshold, errors, outage);
    let evaluation = if tier.window.long >= 86_400 { LONG } else { SHORT };
    if let Some((from, until)) = span {
        alarm.from = Some(from);
        alarm.at_latest = Some(from + outage.scrape + evaluation);
        alarm.until = Some(until);
    }
    alarm
}

/// When a complete outage is told about.
pub fn detection(slo: &Slo, tier: &Tier) -> Option<f64> {
    let threshold = tier.threshold(slo.window, slo.budget()).approximate();
    let outage = Outage {
        lasts: tier.window.long,
        errors: Decimal::ONE,
        history: None,
        events: None,
        scrape: 0,
    };
    span(tier, threshold, 1.0, &outage).map(|(from, _)| float(from))
}

/// From when to when a tier's condition holds, in seconds from the beginning of the outage.
fn span(tier: &Tier, threshold: f64, errors: f64, outage: &Outage) -> Option<(u64, u64)> {
    let (long, short) = (tier.window.long, tier.window.short);
    let steps = |seconds: u64| seconds / STEP;
    let end = steps(outage.lasts + long + BASE) + 1;
    let index = |k: u64| usize::try_from(k).unwrap_or(usize::MAX);
    // Bad seconds up to each moment, as they happen; then as the five-minute rate records them.
    let happened = |k: u64| errors * float((k * STEP).min(outage.lasts));
    let rate = |k: u64| (happened(k) - happened(k.saturating_sub(steps(BASE)))) / float(BASE);
    let mut recorded = Vec::with_capacity(index(end) + 1);
    let mut sum = 0.0;
    for k in 0..=end {
        sum += rate(k) * float(STEP);
        recorded.push(sum);
    }
    let at = |k: u64| recorded.get(index(k)).copied().unwrap_or_default();
    let ratio = |k: u64, window: u64| {
        let age = outage.history.map(|history| history + k * STEP);
        if window == BASE {
            return rate(k) / age.map_or(1.0, |age| float(age.min(BASE)) / float(BASE));
        }
        let all = age.map_or(float(window), |age| known(age) - known(age.saturating_sub(window)));
        (at(k) - at(k.saturating_sub(steps(window)))) / all.max(1.0)
    };
    let holds = |k: u64| ratio(k, long) > threshold && ratio(k, short) > threshold;
    let from = (1..=end).find(|k| holds(*k))?;
    let until = (from..=end).find(|k| !holds(*k)).unwrap_or(end);
    Some((from * STEP, until * STEP))
}

/// What the five-minute rates of steady traffic sum up to since its beginning: in the first five minutes a rate
/// knows less than its window.
fn known(age: u64) -> f64 {
    if age < BASE { float(age * age) / float(2 * BASE) } else { float(age) - float(BASE) / 2.0 }
}

impl Outcome {
    /// What it costs, in a line.
    pub fn headline(&self, service: &str) -> String {
        format!(
            "{} of {service} ({}): {:.1} % of the error budget, burning {} times too fast",
            self.slo,
            self.objective,
            self.budget_used * 100.0,
            tidy(self.burn)
        )
    }
}

impl Alarm {
    /// When it fires and ends, in words.
    pub fn when(&self) -> String {
        match (self.from, self.at_latest, self.until, &self.silent) {
            (_, _, _, Some(why)) => format!("silent: {why}"),
            (Some(from), Some(latest), Some(until), _) => format!(
                "fires after {} to {}, ends after {}",
                spell(float(from)),
                spell(float(latest)),
                spell(float(until))
            ),
            _ => "stays quiet".to_owned(),
        }
    }
}

/// A number without noise.
fn tidy(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
