//! What will hurt later, although Prometheus takes it: names, units, buckets, labels with too many values.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Exposition;
use super::exposition::Sample;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Something will not work.
    Warning,
    /// Worth knowing.
    Note,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// The metric.
    pub metric: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Labels that name one person, client or request.
const IDENTIFIERS: [&str; 18] = [
    "client_id",
    "user_id",
    "user",
    "username",
    "session_id",
    "session",
    "request_id",
    "trace_id",
    "span_id",
    "email",
    "ip",
    "client_ip",
    "remote_addr",
    "url",
    "query",
    "uuid",
    "id",
    "token",
];
/// More values of one label than a team can tell apart.
const MANY_VALUES: usize = 100;
/// More series than one service should cost.
const MANY_SERIES: usize = 10_000;
/// Fewer bounds make quantiles guesswork.
const FEW_BUCKETS: usize = 5;
/// A bucket is wide where its bounds are further apart than this.
const WIDE: f64 = 5.0;
/// Units that the conventions know, and what else a name may end with.
const UNITS: [&str; 9] = [
    "_seconds", "_bytes", "_ratio", "_percent", "_celsius", "_volts", "_joules", "_meters", "_info",
];
const OTHER_UNITS: [(&str, &str); 8] = [
    ("_ms", "_seconds"),
    ("_milliseconds", "_seconds"),
    ("_us", "_seconds"),
    ("_minutes", "_seconds"),
    ("_kb", "_bytes"),
    ("_mb", "_bytes"),
    ("_kilobytes", "_bytes"),
    ("_megabytes", "_bytes"),
];
const TIMES: [&str; 3] = ["duration", "latency", "elapsed"];
/// As gauges these are numbers of things more often than bytes.
const SIZES: [&str; 2] = ["size", "transferred"];

/// Everything worth saying, the worst first. `thresholds` are the latencies in seconds that alerts ask about, each
/// with the alert's name.
pub fn lint(
    served: &Exposition,
    thresholds: &[(String, f64)],
    latency: Option<&str>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if served.samples.len() > MANY_SERIES {
        let message = format!(
            "{} series: beyond {MANY_SERIES} one service costs more than it tells",
            served.samples.len()
        );
        found.push(Finding { weight: Weight::Warning, metric: "all".to_owned(), message });
    }
    let mut by_family: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
    for sample in &served.samples {
        by_family.entry(served.family(&sample.name).0).or_default().push(sample);
    }
    for (name, samples) in &by_family {
        let mut add = |weight, message: String| {
            found.push(Finding { weight, metric: (*name).to_owned(), message });
        };
        let kind = served.families.get(*name).map_or("", |family| family.kind.as_str());
        names(name, kind, samples, &mut add);
        labels(samples, &mut add);
        if kind == "histogram" {
            let thresholds = if latency == Some(name) { thresholds } else { &[] };
            buckets(samples, thresholds, &mut add);
        }
    }
    found.sort();
    found
}

fn names(name: &str, kind: &str, samples: &[&Sample], add: &mut impl FnMut(Weight, String)) {
    if kind.is_empty() {
        add(Weight::Note, "has no type: write `# TYPE` before its series".to_owned());
    }
    let totals = samples.iter().all(|s| s.name.ends_with("_total") || s.name.ends_with("_created"));
    if kind == "counter" && !totals {
        add(Weight::Warning, "a counter's name ends in `_total`".to_owned());
    }
    let base = name.strip_suffix("_total").unwrap_or(name);
    let has = |words: &[&str]| words.iter().any(|word| base.contains(word));
    if let Some((unit, instead)) = OTHER_UNITS.iter().find(|(unit, _)| base.ends_with(unit)) {
        add(Weight::Note, format!("counts in `{unit}`; queries are simpler in `{instead}`"));
    } else if (has(&TIMES) || matches!(kind, "histogram" | "summary") && has(&SIZES))
        && kind != "counter"
        && !UNITS.iter().any(|unit| base.ends_with(unit))
    {
        add(Weight::Warning, "its name says no unit: end it in `_seconds` or `_bytes`".to_owned());
    }
}

fn labels(samples: &[&Sample], add: &mut impl FnMut(Weight, String)) {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (label, value) in samples.iter().flat_map(|sample| &sample.labels) {
        values.entry(label).or_default().insert(value);
    }
    for (label, values) in values {
        if matches!(label, "le" | "quantile") {
            continue;
        }
        let raw = values.iter().find(|value| is_identifier(value));
        if IDENTIFIERS.contains(&label) {
            add(
                Weight::Warning,
                format!(
                    "the label `{label}` makes a series of everyone it names, for ever, and may be personal data: drop it"
                ),
            );
        } else if let Some(raw) = raw {
            let shown: String = raw.chars().take(40).collect();
            add(
                Weight::Warning,
                format!(
                    "the label `{label}` holds identifiers (`{shown}`), each a series for ever: use the route's pattern, or drop it"
                ),
            );
        } else if values.len() > MANY_VALUES {
            add(
                Weight::Warning,
                format!("the label `{label}` has {} values, each a series for ever", values.len()),
            );
        }
    }
}

/// Whether a part of a value is a number, UUID, hash or address of its own.
fn is_identifier(value: &str) -> bool {
    if value.contains('@') && value.contains('.') {
        return true;
    }
    value.split('/').any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let hex = part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let number = !part.is_empty() && digits == part.len();
        (number && (value.contains('/') || part.len() >= 6))
            || (hex && digits > 0 && part.len() >= 16)
    })
}

fn buckets(
    samples: &[&Sample],
    thresholds: &[(String, f64)],
    add: &mut impl FnMut(Weight, String),
) {
    let bounds: BTreeSet<&str> = samples
        .iter()
        .filter(|sample| sample.name.ends_with("_bucket"))
        .filter_map(|sample| sample.label("le"))
        .collect();
    if bounds.is_empty() {
        // A native histogram has no buckets in a text.
        return;
    }
    if !bounds.contains("+Inf") {
        add(Weight::Warning, "has no bucket `+Inf`: no quantile can be computed".to_owned());
    }
    if let Some(integer) = bounds.iter().find(|le| le.bytes().all(|b| b.is_ascii_digit())) {
        add(
            Weight::Note,
            format!(
                "`le=\"{integer}\"` is stored as `le=\"{integer}.0\"` since Prometheus 3: write it so in queries"
            ),
        );
    }
    let mut finite: Vec<f64> =
        bounds.iter().filter_map(|le| le.parse().ok()).filter(|le: &f64| le.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let Some(largest) = finite.last().copied() else { return };
    if finite.len() < FEW_BUCKETS {
        add(Weight::Note, format!("has {} buckets: its quantiles are guesswork", finite.len() + 1));
    }
    for (alert, threshold) in thresholds {
        let above = finite.partition_point(|bound| bound <= threshold);
        let below = above.checked_sub(1).and_then(|at| finite.get(at));
        if largest <= *threshold {
            add(
                Weight::Warning,
                format!(
                    "its largest bucket ends at {largest} s, so {alert} (above {threshold} s) can never fire"
                ),
            );
        } else if let (Some(below), Some(above)) = (below, finite.get(above))
            && *below > 0.0
            && above / below > WIDE
        {
            add(
                Weight::Note,
                format!(
                    "{alert} asks about {threshold} s, and the bucket around that reaches from {below} to {above} s: add a bound at {threshold}"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let thresholds = [("HighLatency".to_owned(), 1.0)];
        let served = Exposition::read(text);
        assert_eq!(served.problems, []);
        let found = lint(&served, &thresholds, Some("t_seconds"));
        found.into_iter().map(|f| format!("{}: {}", f.metric, f.message)).collect()
    }

    #[test]
    fn identifiers_are_told_from_words() {
        for value in [
            "/users/1234",
            "8f14e45f-ceea-467f-a0e6-1b0a6c1f2b3c",
            "/o/4bf92f3577b34da6a3ce929d0e0e4736/x",
            "ada@example.org",
            "90210123",
        ] {
            assert!(is_identifier(value), "{value}");
        }
        for value in
            ["/mcp", "/v1/users/{id}", "2xx", "503", "POST", "1.2.3", "-32603", "", "deadbeef"]
        {
            assert!(!is_identifier(value), "{value}");
        }
    }

    #[test]
    fn names_without_total_or_unit_are_found() {
        assert_eq!(
            findings(
                "# TYPE calls counter\ncalls 1\n# TYPE call_duration gauge\ncall_duration 1\n# TYPE wait_ms gauge\nwait_ms 1\nplain 1\n"
            ),
            [
                "call_duration: its name says no unit: end it in `_seconds` or `_bytes`",
                "calls: a counter's name ends in `_total`",
                "plain: has no type: write `# TYPE` before its series",
                "wait_ms: counts in `_ms`; queries are simpler in `_seconds`",
            ]
        );
        assert!(findings("# TYPE calls counter\ncalls_total 1\n# EOF\n").is_empty());
    }

    #[test]
    fn labels_with_a_value_per_caller_are_found() {
        let found =
            findings("# TYPE a_total counter\na_total{client_id=\"7\",path=\"/users/42\"} 1\n");
        assert!(found[0].contains("`client_id` makes a series of everyone"), "{found:?}");
        assert!(found[1].contains("`path` holds identifiers (`/users/42`)"), "{found:?}");
        let many: Vec<String> = (0..101).map(|n| format!("a_total{{kind=\"k{n}\"}} 1\n")).collect();
        let many = many.concat();
        let found = findings(&format!("# TYPE a_total counter\n{many}"));
        assert_eq!(found, ["a_total: the label `kind` has 101 values, each a series for ever"]);
    }

    #[test]
    fn buckets_that_no_alert_can_use_are_found() {
        let histogram = |bounds: &[&str]| {
            let lines = bounds.iter().map(|le| format!("t_seconds_bucket{{le=\"{le}\"}} 1\n"));
            findings(&format!("# TYPE t_seconds histogram\n{}", lines.collect::<String>()))
        };
        assert!(histogram(&["0.1", "0.5", "1.0", "2.5", "5.0", "+Inf"]).is_empty());
        let found = histogram(&["0.1", "0.5", "1.0", "+Inf"]);
        assert!(
            found[0].contains("ends at 1 s, so HighLatency (above 1 s) can never fire"),
            "{found:?}"
        );
        assert!(found[1].contains("has 4 buckets"), "{found:?}");
        let found = histogram(&["0.1", "0.2", "0.3", "0.4", "5", "+Inf"]);
        assert!(found.iter().any(|f| f.contains("reaches from 0.4 to 5 s")), "{found:?}");
        assert!(
            found.iter().any(|f| f.contains("`le=\"5\"` is stored as `le=\"5.0\"`")),
            "{found:?}"
        );
        let found = histogram(&["0.1", "0.2", "0.3", "0.4", "5.0"]);
        assert!(found.iter().any(|f| f.contains("no bucket `+Inf`")), "{found:?}");
    }
}
