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

/// How often rules are evaluated in a test. Every moment of a test is a multiple of it, and it is no
/// longer than the shortest `for`, so that a removed or tripled `for` is seen.
pub(super) const EVALUATION: u64 = 15;

/// How long a test that expects nothing watches beyond `for`.
const QUIET: u64 = 1800;

/// One promtool test for each case of an alert.
pub(super) fn tests(alert: &Settled<'_>) -> anyhow::Result<Vec<Json>> {
    alert
        .source
        .test
        .iter()
        .map(|case| test(alert, case).with_context(|| format!("the test `{}`", case.about)))
        .collect()
}

fn test(alert: &Settled<'_>, case: &Case) -> anyhow::Result<Json> {
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
    let mut asked = Asked { expr: alerts.clone(), checks: Vec::new() };
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
            let due = round_up(from + alert.hold);
            if let Some(before) = due.checked_sub(EVALUATION) {
                asked.quiet(before);
            }
            asked.fires(due + EVALUATION, &expected);
            if let Some(end) = moment(&case.resolves)? {
                ensure!(end > due, "it resolves at {end} s, before it fires at {due} s");
                let end = round_up(end + alert.keep);
                asked.fires(end - EVALUATION, &expected);
                asked.quiet(end + EVALUATION);
            }
        }
    }
    let mut test = Map::new();
    test.insert("name".to_owned(), format!("{}: {}", alert.title(), case.about).into());
    test.insert("interval".to_owned(), duration::format(interval).into());
    test.insert("input_series".to_owned(), series.into());
    test.insert("promql_expr_test".to_owned(), asked.checks.into());
    Ok(test.into())
}

/// One expression and the moments at which it is asked.
struct Asked {
    expr: String,
    checks: Vec<Json>,
}

impl Asked {
    fn quiet(&mut self, at: u64) {
        self.fires(at, &Json::Array(Vec::new()));
    }
    fn fires(&mut self, at: u64, expected: &Json) {
        let at = duration::format(at);
        self.checks.push(json!({"expr": self.expr, "eval_time": at, "exp_samples": expected}));
    }
}

fn round_up(seconds: u64) -> u64 {
    seconds.div_ceil(EVALUATION) * EVALUATION
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
