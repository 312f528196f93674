//! An objective → recording rules.
//!
//! What holds for all of them: numerator and denominator are recorded apart, so that a busy hour
//! weighs more than a quiet one; nothing is divided by nothing, so that no NaN is ever recorded; a
//! series of errors that is not there yet is a zero; only the shortest window reads raw series, all
//! longer ones read what was recorded; and a series is named by service and objective alone, so that
//! no change of a label ends its history.

use super::{Class, Events, Failed, Slo, days};
use crate::render::json::{Json, json};

/// Seconds between two evaluations of the short windows.
pub const SHORT: u64 = 60;
/// The same for the long ones. Prometheus looks for a sample less than five minutes back: with five
/// minutes to the second there would be gaps while the next one is computed.
pub const LONG: u64 = 240;
/// The window that raw series are read over.
const BASE: u64 = 300;
/// Windows over what the base records, each with how Prometheus writes it.
const CHAINED: [&str; 4] = ["30m", "1h", "2h", "6h"];
/// Windows over what is recorded of it for long ones.
const DAYS: [&str; 2] = ["1d", "3d"];
/// The series that long windows are sums of: the mean of each four minutes, which touch and do not
/// overlap. A range over them costs Prometheus half of what a subquery in steps of an hour does.
pub const COARSE: &str = "slo:total:rate4m";
const COARSE_ERRORS: &str = "slo:errors:rate4m";

/// The group of the rules that all objectives share.
const SHARED: &str = "mcpmon-slo";

/// The rules that all objectives share: the group of each service, for alerts to carry.
pub fn shared_group() -> Json<'static> {
    let known = "topk by (service) (1, 0 * max by (service, group) (up{service!=\"\"}) + 1)";
    // Series of one's own may name services that Prometheus does not scrape.
    let others = "0 * max by (service) (slo:error_budget:remaining) + 1";
    let expr = format!("{known} or on (service) {others}");
    json!({
        "name": SHARED,
        "interval": days(SHORT),
        "rules": [{"record": "slo:service_group", "expr": expr}],
    })
}

/// The groups of an objective's short windows, with its alerts.
pub fn groups(slo: &Slo, alerts: Vec<Json<'static>>) -> Vec<Json<'static>> {
    let mut groups = Vec::new();
    if let Some(slices) = slo.slices {
        groups.push(json!({
            "name": group_name(slo, SLICES_GROUP),
            "interval": days(slices.length),
            "rules": self::slices(slo, slices.length),
        }));
    }
    let mut short = base(slo);
    short.extend(CHAINED.map(|window| {
        ratio(
            slo,
            &format!("slo:error_ratio:rate{window}"),
            "slo:errors:rate5m",
            "slo:total:rate5m",
            window,
        )
    }));
    short.extend(alerts);
    groups.push(json!({
        "name": group_name(slo, ""), "interval": days(SHORT), "rules": short,
    }));
    groups
}

/// The group of its long windows, in a file of its own: the tests of the short ones do without it.
pub fn long_group(slo: &Slo) -> Json<'static> {
    json!({
        "name": group_name(slo, LONG_GROUP), "interval": days(LONG), "rules": long(slo),
    })
}

/// The group of its budget, likewise: no alert reads it, and no other reads as far back.
pub fn budget_group(slo: &Slo) -> Json<'static> {
    json!({
        "name": group_name(slo, BUDGET_GROUP), "interval": days(LONG), "rules": budget(slo),
    })
}

/// The groups that a test evaluates, each after those that it reads. Prometheus evaluates each by itself;
/// promtool does it in any order and none more often than another, so that a mean of four minutes may be
/// taken before there is anything in them.
pub fn order(slo: &Slo) -> Vec<String> {
    let slices = slo.slices.map(|_| group_name(slo, SLICES_GROUP));
    let own = ["", LONG_GROUP, BUDGET_GROUP].map(|part| group_name(slo, part));
    slices.into_iter().chain(own).chain([SHARED.to_owned()]).collect()
}

const SLICES_GROUP: &str = "-slices";
const LONG_GROUP: &str = "-long";
const BUDGET_GROUP: &str = "-budget";

fn group_name(slo: &Slo, part: &str) -> String {
    format!("{SHARED}-{}{part}", slo.id)
}

fn record(slo: &Slo, name: &str, expr: String) -> Json<'static> {
    json!({"record": name.to_owned(), "expr": expr, "labels": {"slo": slo.id.clone()}})
}

fn of(slo: &Slo, name: &str) -> String {
    format!("{name}{{slo=\"{}\"}}", slo.id)
}

/// Bad events per second over a window, given the name under which all events are recorded.
fn failed(slo: &Slo, total: &str, window: u64) -> String {
    let total = of(slo, total);
    match &slo.events.failed {
        Failed::Bad(expr) => {
            format!("{} or on (service) 0 * {total}", Events::over(expr, window))
        }
        Failed::Good(expr) => format!(
            "clamp_min({total} - on (service) ({} or on (service) 0 * {total}), 0)",
            Events::over(expr, window)
        ),
        Failed::Within(expr) => {
            format!("clamp_min({total} - on (service) ({}), 0)", Events::over(expr, window))
        }
    }
}

/// Each slice of time, judged by itself: 1 for a good one, 0 for a bad one, nothing without events.
fn slices(slo: &Slo, length: u64) -> Vec<Json<'static>> {
    let target = slo.slices.map_or(slo.objective, |slices| slices.target);
    let allowed = crate::decimal::Decimal::ONE.minus(target);
    let (total, errors) = ("slo:slice_total:rate", "slo:slice_errors:rate");
    let good = format!("{} / ({} > 0) <= bool {allowed}", of(slo, errors), of(slo, total));
    vec![
        record(slo, total, Events::over(&slo.events.total, length)),
        record(slo, errors, failed(slo, total, length)),
        record(slo, "slo:good", good),
    ]
}

/// Events per second over the shortest window, and their ratio.
fn base(slo: &Slo) -> Vec<Json<'static>> {
    let (total, errors) = ("slo:total:rate5m", "slo:errors:rate5m");
    let mut rules = Vec::new();
    if let Some(state) = &slo.events.state {
        rules.push(record(slo, "slo:good", state.clone()));
    }
    if slo.events.state.is_some() || slo.slices.is_some() {
        let good = of(slo, "slo:good");
        let window = days(BASE);
        // A slice without events is none. It is known about nevertheless.
        let quiet = slo.slices.map_or_else(String::new, |_| {
            format!(" or on (service) 0 * {}", of(slo, "slo:slice_errors:rate"))
        });
        rules.push(record(
            slo,
            total,
            format!("count_over_time({good}[{window}]) / {BASE}{quiet}"),
        ));
        let bad = format!(
            "clamp_min({} - on (service) sum_over_time({good}[{window}]) / {BASE}, 0) or on (service) 0 * {}",
            of(slo, total),
            of(slo, total)
        );
        rules.push(record(slo, errors, bad));
    } else {
        rules.push(record(slo, total, Events::over(&slo.events.total, BASE)));
        rules.push(record(slo, errors, failed(slo, total, BASE)));
    }
    let ratio = format!("{} / ({} > 0)", of(slo, errors), of(slo, total));
    rules.push(record(slo, "slo:error_ratio:rate5m", ratio));
    rules
}

/// Bad events by all events, over a window of what was recorded.
fn ratio(slo: &Slo, name: &str, errors: &str, total: &str, range: &str) -> Json<'static> {
    record(slo, name, share(slo, errors, total, range))
}

fn share(slo: &Slo, errors: &str, total: &str, range: &str) -> String {
    let sum = |series: &str| format!("sum_over_time({}[{range}])", of(slo, series));
    format!("{} / ({} > 0)", sum(errors), sum(total))
}

/// The long windows, and what they are sums of.
fn long(slo: &Slo) -> Vec<Json<'static>> {
    let mut rules = Vec::new();
    for (coarse, series) in [(COARSE, "slo:total:rate5m"), (COARSE_ERRORS, "slo:errors:rate5m")] {
        let expr = format!("avg_over_time({}[{}])", of(slo, series), days(LONG));
        rules.push(record(slo, coarse, expr));
    }
    rules.extend(DAYS.map(|window| {
        ratio(slo, &format!("slo:error_ratio:rate{window}"), COARSE_ERRORS, COARSE, window)
    }));
    rules
}

/// What is promised, and what is left of the budget.
fn budget(slo: &Slo) -> Vec<Json<'static>> {
    let window = slo.window_text();
    // Where nobody ever called, nothing was lost.
    let period = format!(
        "{} or on (service) 0 * {}",
        share(slo, COARSE_ERRORS, COARSE, &window),
        of(slo, COARSE)
    );
    let mut rules = vec![record(slo, "slo:error_ratio:period", period)];
    rules.extend(meta(slo));
    let mut labels = json!({
        "slo": slo.id.clone(),
        "objective": super::percent(slo.objective),
        "window": window,
        "indicator": slo.indicator.as_str(),
    });
    if let Some(owner) = &slo.owner {
        labels.set("owner", owner.clone());
    }
    rules.push(json!({"record": "slo:info", "expr": "vector(1)", "labels": labels}));
    rules
}

/// What the services promise, and what is left of it.
fn meta(slo: &Slo) -> [Json<'static>; 3] {
    let classes = slo.classes();
    let each =
        |of: &dyn Fn(&Class) -> String| classes.iter().map(of).collect::<Vec<_>>().join(" or ");
    let constant = |class: &Class, value| format!("0 * {COARSE}{{{}}} + {value}", class.selector);
    [
        record(slo, "slo:objective:ratio", each(&|class| constant(class, class.objective))),
        record(slo, "slo:error_budget:ratio", each(&|class| constant(class, class.budget()))),
        record(
            slo,
            "slo:error_budget:remaining",
            each(&|class| {
                format!("1 - slo:error_ratio:period{{{}}} / {}", class.selector, class.budget())
            }),
        ),
    ]
}
