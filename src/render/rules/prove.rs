//! The test data of a dialect → promtool unit tests of its recording rules.
//!
//! Every series is given three times: for two services, which must not touch each other, and for a
//! service of another dialect, which must not appear at all.

use indexmap::IndexMap;

use super::case::selector;
use super::dialect::{Dialect, Quantiles};
use super::record::QUANTILES;
use crate::render::json::{Json, json};

/// How often rules are evaluated in a test, in seconds: as often as there are samples.
pub(super) const EVALUATION: u64 = 60;

/// When everything has run for longer than the window of 5 minutes.
const AT: &str = "10m";

type Series = IndexMap<String, String>;

/// One test for each metric of each role, and one for a service that nobody calls.
pub(super) fn tests(name: &str, dialect: &Dialect) -> Vec<Json<'static>> {
    let roles = &dialect.roles;
    let mut all = Series::new();
    let mut out = Vec::new();
    let mut add = |about: &str, series: &Series, checks: Vec<Json<'static>>| {
        all.extend(series.clone());
        out.push(test(name, about, series, checks));
    };
    let one = |record: &str, value: f64| check(name, record, &[(None, value)]);
    for role in &roles.requests {
        let checks = vec![
            one("mcp:requests:rate5m", role.test.value),
            one("mcp:errors:rate5m", 0.0),
            one("mcp:errors:ratio5m", 0.0),
        ];
        add(&format!("requests by {}, no error ever", role.counter), &role.test.series, checks);
    }
    for role in &roles.errors {
        let value = role.test.value;
        let checks =
            vec![one("mcp:errors:rate5m", value.rate), one("mcp:errors:ratio5m", value.share)];
        add(&format!("errors by {}", role.counter), &role.test.series, checks);
    }
    for role in &roles.latency {
        add(
            &format!("latency by {}", role.histogram),
            &role.test.series,
            quantiles(name, role.test.value),
        );
    }
    if let [preferred, _, ..] = roles.latency.as_slice() {
        let both = roles.latency.iter().flat_map(|role| role.test.series.clone()).collect();
        let about = format!("latency by {} where there are several", preferred.histogram);
        add(&about, &both, quantiles(name, preferred.test.value));
    }
    for role in &roles.in_flight {
        let checks = vec![one("mcp:in_flight", role.test.value)];
        add(&format!("in flight by {}", role.gauge), &role.test.series, checks);
    }
    for role in &roles.tools {
        let values = |pick: fn(&super::dialect::ToolValue) -> Option<f64>| -> Vec<_> {
            let values = role.test.value.iter();
            values.filter_map(|(tool, value)| Some((Some(tool.as_str()), pick(value)?))).collect()
        };
        let checks = vec![
            check(name, "mcp:tool_calls:rate5m", &values(|v| Some(v.calls))),
            check(name, "mcp:tool_errors:rate5m", &values(|v| v.errors)),
            check(name, "mcp:tool_latency:p95_5m", &values(|v| v.p95)),
        ];
        add(&format!("tools by {}", role.counter), &role.test.series, checks);
    }
    for role in &roles.probes {
        let value = role.test.value;
        let mut checks = vec![one("mcp:errors:ratio5m", value.failed)];
        checks.extend(quantiles(name, value.latency));
        // What a probe cannot know is absent, not zero.
        checks.extend(UNKNOWN_TO_PROBES.map(|record| check(name, record, &[])));
        add(&format!("answers by {}", role.success), &role.test.series, checks);
    }
    if roles.probes.is_empty() {
        out.push(idle(name, dialect, &all));
    }
    out
}

/// What a service would have to count itself.
const UNKNOWN_TO_PROBES: [&str; 6] = [
    "mcp:requests:rate5m",
    "mcp:errors:rate5m",
    "mcp:in_flight",
    "mcp:tool_calls:rate5m",
    "mcp:tool_errors:rate5m",
    "mcp:tool_latency:p95_5m",
];

/// Counters that exist and stand still: no traffic is a zero, and nothing is NaN.
fn idle(name: &str, dialect: &Dialect, all: &Series) -> Json<'static> {
    let series: Series = all.keys().map(|key| (key.clone(), "7x20".to_owned())).collect();
    let mut checks = vec![
        check(name, "mcp:requests:rate5m", &[(None, 0.0)]),
        check(name, "mcp:errors:ratio5m", &[]),
    ];
    for rule in super::record::rules(name, dialect) {
        let record = rule.text("record").to_owned();
        // Only NaN differs from itself.
        checks.push(
            json!({"expr": format!("{record} != {record}"), "eval_time": AT, "exp_samples": []}),
        );
    }
    test(name, "nobody calls", &series, checks)
}

fn quantiles(name: &str, value: Quantiles) -> Vec<Json<'static>> {
    let values = [value.p50, value.p95, value.p99];
    let check =
        |((label, _), value)| check(name, &format!("mcp:latency:{label}_5m"), &[(None, value)]);
    QUANTILES.into_iter().zip(values).map(check).collect()
}

fn test(name: &str, about: &str, series: &Series, checks: Vec<Json<'static>>) -> Json<'static> {
    let foreign = format!("not-{name}");
    let copies = [("demo", "core", name), ("other", "edge", name), ("foreign", "core", &foreign)];
    let mut input: Vec<Json<'static>> = copies
        .into_iter()
        .flat_map(|(service, group, dialect)| {
            let labels = format!("service=\"{service}\",group=\"{group}\",dialect=\"{dialect}\"");
            series.iter().map(move |(key, values)| {
                let series = labelled(key, &labels);
                json!({"series": series, "values": values.clone()})
            })
        })
        .collect();
    // What the rules of that other dialect record.
    let recorded = format!("{{service=\"foreign\",group=\"core\",dialect=\"{foreign}\"}}");
    for record in ["mcp:requests:rate5m", "mcp:errors:rate5m", "mcp:tool_calls:rate5m"] {
        input.push(json!({"series": format!("{record}{recorded}"), "values": "2x20"}));
    }
    json!({
        "name": format!("{name}: {about}"),
        "interval": "1m",
        "input_series": input,
        "promql_expr_test": checks,
    })
}

/// `name{a="b"}` with more labels.
fn labelled(key: &str, labels: &str) -> String {
    match key.split_once('{') {
        Some((metric, rest)) => format!("{metric}{{{labels},{rest}"),
        None => format!("{key}{{{labels}}}"),
    }
}

/// A record has this value, or these by tool, for both services and for nothing else.
fn check(name: &str, record: &str, values: &[(Option<&str>, f64)]) -> Json<'static> {
    let mut samples = Vec::new();
    for (service, group) in [("demo", "core"), ("other", "edge")] {
        for (tool, value) in values {
            let labels = [
                ("service", Some(service)),
                ("group", Some(group)),
                ("dialect", Some(name)),
                ("tool", *tool),
            ];
            let labels = labels
                .into_iter()
                .filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned())))
                .collect();
            let labels = format!("{record}{}", selector(&labels));
            samples.push(json!({"labels": labels, "value": (*value)}));
        }
    }
    let expr = format!("{record}{{dialect=\"{name}\"}}");
    json!({"expr": expr, "eval_time": AT, "exp_samples": samples})
}
