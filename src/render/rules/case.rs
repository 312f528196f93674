//! The tests of an alert → promtool unit tests.
//!
//! The built-in series `ALERTS` is asked instead of promtool's own alert test: it needs no repetition
//! of labels and annotations, and it can be asked about a stretch of time.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::alert::Settled;
use super::duration;
use super::pack::Case;

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
    pub tests: Vec<Json>,
}

/// The tests of an alert.
pub(super) fn tests(alert: &Settled<'_>) -> anyhow::Result<Tests> {
    let (longest, tests) = evaluated_every(EVALUATION, alert)?;
    if longest <= LONG {
        return Ok(Tests { evaluation: EVALUATION, tests });
    }
    let (_, tests) = evaluated_every(LONG_EVALUATION, alert)?;
    Ok(Tests { evaluation: LONG_EVALUATION, tests })
}

/// The tests of an alert, and how many seconds the longest of them lasts.
fn evaluated_every(evaluation: u64, alert: &Settled<'_>) -> anyhow::Result<(u64, Vec<Json>)> {
    let mut longest = 0;
    let mut tests = Vec::new();
    for case in &alert.source.test {
        let (end, test) =
            test(alert, case, evaluation).with_context(|| format!("the test `{}`", case.about))?;
        longest = longest.max(end);
        tests.push(test);
    }
    Ok((longest, tests))
}

/// One test, and the second at which it ends.
fn test(alert: &Settled<'_>, case: &Case, evaluation: u64) -> anyhow::Result<(u64, Json)> {
    let interval = duration::seconds(case.interval.as_deref().unwrap_or("1m"))?;
    let render = |text: &str| alert.texts.render_case(text, interval);
    let moment = |text: &Option<String>| {
        text.as_deref().map(|text| duration::seconds(&render(text)?)).transpose()
    };
    let mut series = Vec::new();
    for (name, values) in &case.series {
        series.push(json!({"series": render(name)?, "values": render(values)?}));
    }
    let alerts = format!(
        "ALERTS{{alertname=\"{}\",alertstate=\"firing\",severity=\"{}\"}}",
        alert.name,
        alert.severity.as_str()
    );
    let mut asked = Asked { expr: alerts.clone(), checks: Vec::new(), end: 0 };
    match moment(&case.from)? {
        None => {
            let until = moment(&case.until)?.unwrap_or(alert.hold + QUIET);
            asked.expr = format!("count_over_time({alerts}[{}s])", until + 1);
            asked.quiet(until);
        }
        Some(from) => {
            let expected = samples(&case.fires)?;
            if let Some(keys) = case.fires.first() {
                let keys: Vec<&str> = keys.keys().map(String::as_str).collect();
                asked.expr = format!("count by ({}) ({alerts})", keys.join(", "));
            }
            let due = (from + alert.hold).next_multiple_of(evaluation);
            if let Some(before) = due.checked_sub(evaluation) {
                asked.quiet(before);
            }
            asked.fires(due + evaluation, &expected);
            if let Some(end) = moment(&case.resolves)? {
                ensure!(end > due, "it resolves at {end} s, before it fires at {due} s");
                let end = (end + alert.keep).next_multiple_of(evaluation);
                asked.fires(end - evaluation, &expected);
                asked.quiet(end + evaluation);
            }
        }
    }
    let mut test = Map::new();
    test.insert("name".to_owned(), format!("{}: {}", alert.title(), case.about).into());
    test.insert("interval".to_owned(), duration::format(interval).into());
    test.insert("input_series".to_owned(), series.into());
    test.insert("promql_expr_test".to_owned(), asked.checks.into());
    Ok((asked.end, test.into()))
}

/// One expression and the moments at which it is asked.
struct Asked {
    expr: String,
    checks: Vec<Json>,
    /// The last of these moments.
    end: u64,
}

impl Asked {
    fn quiet(&mut self, at: u64) {
        self.fires(at, &Json::Array(Vec::new()));
    }
    fn fires(&mut self, at: u64, expected: &Json) {
        self.end = self.end.max(at);
        let at = duration::format(at);
        self.checks.push(json!({"expr": self.expr, "eval_time": at, "exp_samples": expected}));
    }
}

fn samples(fires: &[IndexMap<String, String>]) -> anyhow::Result<Json> {
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
