//! A dialect → recording rules with the same names for every dialect.
//!
//! What holds for each of them: it selects by `dialect`, so that dialects never mix; it keeps
//! `service` and `group` alone, so that its cost does not grow with a service's own labels; it never
//! records NaN, which would poison every average taken over it.

use super::dialect::{Dialect, TimeUnit, Tools};
use crate::render::json::{Json, json};

/// The quantiles that are recorded.
pub(super) const QUANTILES: [(&str, &str); 3] = [("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99")];

const SERVICE: &str = "service, group";
const TOOL: &str = "service, group, tool";

/// The recording rules of a dialect, in an order in which each finds what it builds on.
pub(super) fn rules(name: &str, dialect: &Dialect) -> Vec<Json<'static>> {
    let roles = &dialect.roles;
    let of = |record: &str| format!("{record}{{dialect=\"{name}\"}}");
    let rate = |metric: &str, matchers: &str| {
        format!("sum by (service, group) (rate({}[5m]))", select(name, metric, matchers))
    };
    let mut out = Vec::new();
    let mut add = |record: &str, parts: Vec<String>, on: &str| {
        if !parts.is_empty() {
            let expr = parts.join(&format!(" or on ({on}) "));
            out.push(json!({"record": record.to_owned(), "expr": expr, "labels": {"dialect": name.to_owned()}}));
        }
    };
    add(
        "mcp:requests:rate5m",
        roles.requests.iter().map(|role| rate(&role.counter, &role.matchers)).collect(),
        SERVICE,
    );
    // An error series may not exist before the first error: then there are none, not "no data".
    let mut errors: Vec<_> =
        roles.errors.iter().map(|role| rate(&role.counter, &role.matchers)).collect();
    if !errors.is_empty() {
        errors.push(format!("0 * {}", of("mcp:requests:rate5m")));
    }
    add("mcp:errors:rate5m", errors, SERVICE);
    let counted = || format!("{} / ({} > 0)", of("mcp:errors:rate5m"), of("mcp:requests:rate5m"));
    let mut ratio: Vec<_> = roles.requests.first().map(|_| counted()).into_iter().collect();
    ratio.extend(roles.probes.iter().map(|role| {
        let success = select(name, &role.success, &role.matchers);
        format!("1 - avg by (service, group) (avg_over_time({success}[5m]))")
    }));
    add("mcp:errors:ratio5m", ratio, SERVICE);
    for (label, quantile) in QUANTILES {
        let counted = roles.latency.iter().map(|role| {
            let buckets = select(name, &format!("{}_bucket", role.histogram), &role.matchers);
            let buckets = format!("sum by (service, group, le) (rate({buckets}[5m]))");
            seconds(&format!("histogram_quantile({quantile}, {buckets})"), role.unit)
        });
        let probed = roles.probes.iter().map(|role| {
            let duration = select(name, &role.duration, &role.matchers);
            format!("max by (service, group) (quantile_over_time({quantile}, {duration}[5m]))")
        });
        add(&format!("mcp:latency:{label}_5m"), counted.chain(probed).collect(), SERVICE);
    }
    let gauges = roles.in_flight.iter();
    let gauges = gauges.map(|role| {
        format!("sum by (service, group) ({})", select(name, &role.gauge, &role.matchers))
    });
    add("mcp:in_flight", gauges.collect(), SERVICE);

    let calls = |label: &str, counter: &str, matchers: &str| {
        let rate = format!("rate({}[5m])", select(name, counter, &both(&named(label), matchers)));
        format!("sum by ({TOOL}) ({})", as_tool(&rate, label))
    };
    let all = roles.tools.iter().map(|role| calls(&role.label, &role.counter, &role.matchers));
    add("mcp:tool_calls:rate5m", all.collect(), TOOL);
    // Where a dialect does not tell which calls failed, nothing is said of them.
    let failed = roles.tools.iter().filter_map(|role| failed(role));
    let mut failed: Vec<_> =
        failed.map(|(label, counter, matchers)| calls(label, counter, &matchers)).collect();
    if !failed.is_empty() {
        failed.push(format!("0 * {}", of("mcp:tool_calls:rate5m")));
    }
    add("mcp:tool_errors:rate5m", failed, TOOL);
    let latency = roles.tools.iter().filter_map(|role| {
        let time = role.latency.as_ref()?;
        let matchers = both(&named(&role.label), &time.matchers);
        let buckets = select(name, &format!("{}_bucket", time.histogram), &matchers);
        let rate = format!("rate({buckets}[5m])");
        let buckets = format!("sum by ({TOOL}, le) ({})", as_tool(&rate, &role.label));
        Some(seconds(&format!("histogram_quantile(0.95, {buckets})"), time.unit))
    });
    add("mcp:tool_latency:p95_5m", latency.collect(), TOOL);
    out
}

/// The label, the counter and the matchers of the calls that failed.
fn failed(tools: &Tools) -> Option<(&str, &str, String)> {
    let label = tools.label.as_str();
    if let Some(own) = &tools.errors {
        return Some((label, &own.counter, own.matchers.clone()));
    }
    Some((label, &tools.counter, both(&tools.matchers, tools.failed.as_ref()?)))
}

/// Two kinds of tool metrics may share a histogram and differ in the label alone.
fn named(label: &str) -> String {
    format!("{label}!=\"\"")
}

fn select(dialect: &str, metric: &str, matchers: &str) -> String {
    format!("{metric}{{{}}}", both(&format!("dialect=\"{dialect}\""), matchers))
}

fn both(a: &str, b: &str) -> String {
    [a, b].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

/// Seconds, and nothing at all while nothing was measured: the quantile of no events is NaN, and NaN
/// fails every comparison.
fn seconds(quantile: &str, unit: TimeUnit) -> String {
    match unit {
        TimeUnit::S => format!("{quantile} >= 0"),
        TimeUnit::Ms => format!("{quantile} / 1000 >= 0"),
    }
}

/// The label `tool`, whatever the dialect calls it.
fn as_tool(expr: &str, label: &str) -> String {
    if label == "tool" {
        return expr.to_owned();
    }
    format!("label_replace({expr}, \"tool\", \"$1\", \"{label}\", \"(.+)\")")
}
