//! The tests of an alert → promtool unit tests.
//!
//! The built-in series `ALERTS` is asked instead of promtool's own alert test: it needs no repetition
//! of labels and annotations, and it can be asked about a stretch of time.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use indexmap::IndexMap;

use super::alert::Settled;
use super::duration;
use super::pack::Case;
use crate::render::json::{Json, json};

/// How often rules are evaluated in a test, in seconds. Every moment of a test is a multiple of it, and it is
/// no longer than the shortest `for`, so that a removed or tripled `for` is seen.
pub(super) const EVALUATION: u64 = 15;

/// The same for an alert whose tests last longer than [`LONG`]: their many evaluations would take most of
/// the time of all tests, and a minute is fine enough for what shows itself in hours.
pub(super) const LONG_EVALUATION: u64 = 60;

/// Two hours, in seconds.
const LONG: u64 = 7200;

/// How long a test that expects nothing watches beyond `for`.
const QUIET: u64 = 1800;

/// What checks one alert.
pub(super) struct Tests {
    /// How often rules are evaluated, in seconds.
    pub evaluation: u64,
    /// One promtool test for each case of the alert.
    pub tests: Vec<Json<'static>>,
}

/// The tests of an alert.
pub(super) fn tests(alert: &Settled<'_>) -> anyhow::Result<Tests> {
    let about = |case: &Case| format!("the test `{}`", case.about);
    let cases = alert.source.test.iter();
    let cases: anyhow::Result<Vec<(&Case, Moments)>> = cases
        .map(|case| Ok((case, Moments::new(alert, case).with_context(|| about(case))?)))
        .collect();
    let cases = cases?;
    let last = cases.iter().map(|(_, moments)| moments.last(alert)).max();
    let evaluation = if last.unwrap_or_default() > LONG { LONG_EVALUATION } else { EVALUATION };
    let tests: anyhow::Result<Vec<Json<'static>>> = cases
        .iter()
        .map(|(case, moments)| test(alert, case, moments, evaluation).with_context(|| about(case)))
        .collect();
    Ok(Tests { evaluation, tests: tests? })
}

/// When what happens in a test, in seconds.
struct Moments {
    /// Between two samples of its series.
    interval: u64,
    what: What,
}

enum What {
    /// Nothing fires until then.
    Quiet(u64),
    /// From the first moment on the alert is due; at the second its condition ends, if it does.
    Fires(u64, Option<u64>),
}

impl Moments {
    fn new(alert: &Settled<'_>, case: &Case) -> anyhow::Result<Self> {
        let interval = duration::seconds(case.interval.as_deref().unwrap_or("1m"))?;
        let moment = |text: &Option<String>| {
            let text = text.as_deref().map(|text| alert.texts.render_case(text, interval));
            text.map(|text| duration::seconds(&text?)).transpose()
        };
        let what = match moment(&case.from)? {
            None => What::Quiet(moment(&case.until)?.unwrap_or(alert.hold + QUIET)),
            Some(from) => What::Fires(from + alert.hold, moment(&case.resolves)?),
        };
        Ok(Self { interval, what })
    }

    /// The last one at which something is asked, with the finer evaluation.
    fn last(&self, alert: &Settled<'_>) -> u64 {
        let last = match self.what {
            What::Quiet(until) => return until,
            What::Fires(due, end) => end.map_or(due, |end| end + alert.keep),
        };
        last.next_multiple_of(EVALUATION) + EVALUATION
    }
}

fn test(
    alert: &Settled<'_>,
    case: &Case,
    moments: &Moments,
    evaluation: u64,
) -> anyhow::Result<Json<'static>> {
    let render = |text: &str| alert.texts.render_case(text, moments.interval);
    let mut series = Vec::new();
    for (name, values) in &case.series {
        let (name, values) = (render(name)?, render(values)?);
        series.push(json!({"series": name, "values": values}));
    }
    let alerts = format!(
        "ALERTS{{alertname=\"{}\",alertstate=\"firing\",severity=\"{}\"}}",
        alert.name,
        alert.severity.as_str()
    );
    let mut asked = Asked { expr: alerts.clone(), checks: Vec::new() };
    match moments.what {
        What::Quiet(until) => {
            asked.expr = format!("count_over_time({alerts}[{}s])", until + 1);
            asked.quiet(until);
        }
        What::Fires(due, end) => {
            let expected = samples(&case.fires)?;
            if let Some(keys) = case.fires.first() {
                let keys: Vec<&str> = keys.keys().map(String::as_str).collect();
                asked.expr = format!("count by ({}) ({alerts})", keys.join(", "));
            }
            let due = due.next_multiple_of(evaluation);
            if let Some(before) = due.checked_sub(evaluation) {
                asked.quiet(before);
            }
            asked.fires(due + evaluation, &expected);
            if let Some(end) = end {
                ensure!(end > due, "it resolves at {end} s, before it fires at {due} s");
                let end = (end + alert.keep).next_multiple_of(evaluation);
                asked.fires(end - evaluation, &expected);
                asked.quiet(end + evaluation);
            }
        }
    }
    Ok(json!({
        "name": format!("{}: {}", alert.title(), case.about),
        "interval": duration::format(moments.interval),
        "input_series": series,
        "promql_expr_test": asked.checks,
    }))
}

/// One expression and the moments at which it is asked.
struct Asked {
    expr: String,
    checks: Vec<Json<'static>>,
}

impl Asked {
    fn quiet(&mut self, at: u64) {
        self.fires(at, &json!([]));
    }
    fn fires(&mut self, at: u64, expected: &Json<'static>) {
        self.checks.push(json!({
            "expr": self.expr.clone(),
            "eval_time": duration::format(at),
            "exp_samples": expected.clone(),
        }));
    }
}

fn samples(fires: &[IndexMap<String, String>]) -> anyhow::Result<Json<'static>> {
    let keys = fires.first().map(|f| f.keys().collect::<Vec<_>>());
    let mut samples = Vec::new();
    for labels in fires {
        ensure!(
            keys.as_ref() == Some(&labels.keys().collect()),
            "every entry of `fires` must name the same labels in the same order"
        );
        samples.push(json!({"labels": selector(labels), "value": 1}));
    }
    Ok(samples.into())
}

/// `{a="b",c="d"}`.
pub(super) fn selector(labels: &IndexMap<String, String>) -> String {
    let mut text = String::from("{");
    for (label, value) in labels {
        if text.len() > 1 {
            text.push(',');
        }
        // Rust's escapes of text are PromQL's for everything that a label of a test holds.
        let _ = write!(text, "{label}={value:?}");
    }
    text + "}"
}
