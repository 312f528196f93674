//! What the running Prometheus says about objectives: its answers → what is left, how fast it goes,
//! and when it is gone.

use std::collections::BTreeMap;

use serde::Serialize;

use super::documents::spell;
use super::simulate::float;
use super::{Slo, percent};

/// The questions, each for one number by objective and service.
pub const QUESTIONS: [(&str, &str); 5] = [
    ("remaining", "slo:error_budget:remaining"),
    ("ratio", "slo:error_ratio:period"),
    ("hour", "slo:error_ratio:rate1h"),
    ("now", "slo:error_ratio:rate5m"),
    ("blind", "slo:total:rate5m unless on (slo, service) slo:errors:rate5m"),
];

/// The question for the curve.
pub const CURVE: &str = "slo:error_budget:remaining";

/// Answers by question, then objective and service.
pub type Answers = BTreeMap<&'static str, BTreeMap<(String, String), f64>>;

/// How one service stands.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The objective.
    pub slo: String,
    /// The service; empty where the series name none.
    pub service: String,
    /// What is promised.
    pub objective: String,
    /// What was kept so far, as a share.
    pub kept: Option<f64>,
    /// The share of the error budget that is left; below 0 the objective is missed.
    pub remaining: Option<f64>,
    /// How many times too fast it burned in the last hour.
    pub burn: Option<f64>,
    /// The same for the last five minutes.
    pub burn_now: Option<f64>,
    /// Seconds until the budget is gone at the rate of the last hour.
    pub exhausted_in: Option<f64>,
    /// How it stands.
    pub state: State,
    /// The budget over the window, oldest first.
    pub curve: Vec<f64>,
    /// What else is to be said.
    pub note: Option<String>,
}

/// How an objective stands, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The budget is gone.
    Missed,
    /// Nothing is known.
    NoData,
    /// It would be gone before the window is.
    Burning,
    /// All is well.
    Kept,
}

impl State {
    /// As people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::NoData => "no data",
            Self::Burning => "burning",
            Self::Kept => "kept",
        }
    }
}

/// Every service of the objectives, the worst first. A service that the manifest counts and Prometheus
/// knows nothing about is one of them.
pub fn standings(
    slos: &[&Slo],
    answers: &Answers,
    curves: &BTreeMap<(String, String), Vec<f64>>,
) -> Vec<Standing> {
    let mut out = Vec::new();
    for slo in slos {
        let mut services: Vec<String> = answers
            .values()
            .flat_map(BTreeMap::keys)
            .filter(|(id, _)| *id == slo.id)
            .map(|(_, service)| service.clone())
            .collect();
        let answered = !services.is_empty();
        // Series of one's own may name other services than the manifest, or none.
        if !answered || slo.events.expected.is_some() {
            services.extend(slo.subjects.iter().map(|subject| subject.service.clone()));
        }
        services.sort();
        services.dedup();
        out.extend(services.into_iter().map(|service| standing(slo, service, answers, curves)));
    }
    out.sort_by(|a, b| {
        let left = |s: &Standing| s.remaining.unwrap_or(f64::NEG_INFINITY);
        a.state.cmp(&b.state).then_with(|| left(a).total_cmp(&left(b)))
    });
    out
}

fn standing(
    slo: &Slo,
    service: String,
    answers: &Answers,
    curves: &BTreeMap<(String, String), Vec<f64>>,
) -> Standing {
    let key = (slo.id.clone(), service.clone());
    let get = |what: &str| {
        answers.get(what).and_then(|all| all.get(&key)).copied().filter(|v| v.is_finite())
    };
    let objective = slo.objective_of(&service);
    let budget = crate::decimal::Decimal::ONE.minus(objective).approximate();
    let remaining = get("remaining");
    let burn = get("hour").map(|ratio| ratio / budget);
    let burn_now = get("now").map(|ratio| ratio / budget);
    let exhausted_in = match (remaining, burn) {
        (Some(left), Some(burn)) if left > 0.0 && burn > 0.0 => {
            Some(left * float(slo.window) / burn)
        }
        (Some(left), _) if left <= 0.0 => Some(0.0),
        _ => None,
    };
    let blind = get("blind").is_some();
    let state = match remaining {
        None => State::NoData,
        Some(_) if blind => State::NoData,
        Some(left) if left <= 0.0 => State::Missed,
        Some(_) if burn.is_some_and(|burn| burn > 1.0) => State::Burning,
        Some(_) => State::Kept,
    };
    let note = if blind {
        Some(
            "events are counted, bad ones cannot be: no bucket of its histogram ends at the threshold",
        )
    } else if remaining.is_none() && burn_now.is_some() {
        Some("events are counted; its budget is recorded for the first time within eight minutes")
    } else {
        None
    };
    let note = note.map(str::to_owned);
    Standing {
        slo: slo.id.clone(),
        service,
        objective: percent(objective),
        kept: get("ratio").map(|ratio| 1.0 - ratio),
        remaining,
        burn,
        burn_now,
        exhausted_in,
        state,
        curve: curves.get(&key).cloned().unwrap_or_default(),
        note,
    }
}

impl Standing {
    /// The columns of a table.
    pub fn row(&self) -> [String; 8] {
        let share = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{:.1} %", value * 100.0))
        };
        let times = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}×"))
        };
        let gone = match self.exhausted_in {
            Some(0.0) => "gone".to_owned(),
            Some(seconds) if self.burn.is_some_and(|burn| burn > 1.0) => spell(seconds),
            // Slower than the window slides, the budget grows back.
            _ => "–".to_owned(),
        };
        [
            self.slo.clone(),
            self.service.clone(),
            self.objective.clone(),
            share(self.remaining),
            times(self.burn),
            gone,
            self.state.as_str().to_owned(),
            spark(&self.curve),
        ]
    }
}

/// The headings of the table.
pub const HEADS: [&str; 8] =
    ["OBJECTIVE", "SERVICE", "PROMISED", "BUDGET LEFT", "BURN 1H", "GONE IN", "STATE", "WINDOW"];

/// A curve of at most twenty characters between 0 and a whole budget; what is below 0 is at the bottom.
pub fn spark(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const WIDTH: usize = 20;
    let size = values.len().div_ceil(WIDTH).max(1);
    values
        .chunks(size)
        .filter_map(|chunk| chunk.iter().copied().filter(|v| v.is_finite()).reduce(f64::min))
        .map(|value| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7.
            let level = (value.clamp(0.0, 1.0) * 7.0).round() as usize;
            BARS.get(level).copied().unwrap_or('█')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spark;

    #[test]
    fn a_curve_has_its_lowest_points() {
        assert_eq!(spark(&[1.0, 0.5, 0.0, -3.0]), "█▅▁▁");
        let mut values = vec![1.0; 100];
        values[52] = 0.0;
        let drawn = spark(&values);
        assert_eq!(drawn.chars().count(), 20);
        assert_eq!(drawn.chars().position(|c| c == '▁'), Some(10));
        assert_eq!(spark(&[f64::NAN]), "");
    }
}
