//! A metric name with its series.
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Label, Sample};

/// All series of one metric name.
pub struct Family<S> {
    name: &'static str,
    help: &'static str,
    empty: S,
    /// By rendered labels, so that the output is sorted and always the same.
    series: Mutex<BTreeMap<String, S>>,
}

impl<S: Sample> Family<S> {
    /// A family without series; each begins as `empty`.
    pub fn new(name: &'static str, help: &'static str, empty: S) -> Self {
        Self { name, help, empty, series: Mutex::default() }
    }

    /// Makes the series exist, so that its first increase is seen as one.
    pub fn touch(&self, labels: &[Label<'_>]) {
        self.with(labels, |_| ());
    }

    /// Changes the series of these labels.
    pub fn with(&self, labels: &[Label<'_>], change: impl FnOnce(&mut S)) {
        let mut series = self.series();
        change(series.entry(render(labels)).or_insert_with(|| self.empty.clone()));
    }

    /// Appends the family in the text format.
    pub fn write(&self, out: &mut String) {
        let (name, kind) = (self.name, S::TYPE);
        let help = self.help.replace('\\', r"\\").replace('\n', r"\n");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, sample) in self.series().iter() {
            sample.write(name, labels, out);
        }
    }

    fn series(&self) -> MutexGuard<'_, BTreeMap<String, S>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Labels in the text format, sorted, without braces.
fn render(labels: &[Label<'_>]) -> String {
    let mut labels: Vec<_> = labels.iter().filter(|(_, value)| !value.is_empty()).collect();
    labels.sort_unstable();
    let mut text = String::new();
    for (name, value) in labels {
        if !text.is_empty() {
            text.push(',');
        }
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        let _ = write!(text, "{name}=\"{value}\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Counter, Gauge, Histogram, Summary};
    use super::*;

    fn text<S: Sample>(family: &Family<S>) -> String {
        let mut out = String::new();
        family.write(&mut out);
        out
    }

    #[test]
    fn counters_are_sorted_and_escaped() {
        let family = Family::new("calls_total", "Calls\nof \\ tools.", Counter::default());
        family.touch(&[("tool", "b"), ("status", "ok"), ("none", "")]);
        family.with(&[("status", "ok"), ("tool", "a \"\\\n")], |calls| {
            calls.set(2.5);
        });
        assert_eq!(
            text(&family),
            r#"# HELP calls_total Calls\nof \\ tools.
# TYPE calls_total counter
calls_total{status="ok",tool="a \"\\\n"} 2.5
calls_total{status="ok",tool="b"} 0
"#
        );
    }

    #[test]
    fn gauges_go_up_and_down() {
        let family = Family::new("active", "Active.", Gauge::default());
        family.with(&[], |active| active.add(3.0));
        family.with(&[], |active| active.add(-1.0));
        assert_eq!(text(&family), "# HELP active Active.\n# TYPE active gauge\nactive 2\n");
        family.with(&[], |active| active.set(f64::INFINITY));
        assert!(text(&family).ends_with("active +Inf\n"));
    }

    #[test]
    fn histograms_are_cumulative() {
        let family = Family::new("seconds", "Time.", Histogram::new(&[0.1, 0.5, 1.0]));
        for seconds in [0.05, 0.1, 0.25, 7.0] {
            family.with(&[("route", "/mcp")], |histogram| histogram.observe(seconds));
        }
        assert_eq!(
            text(&family),
            r#"# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{route="/mcp",le="0.1"} 2
seconds_bucket{route="/mcp",le="0.5"} 3
seconds_bucket{route="/mcp",le="1.0"} 3
seconds_bucket{route="/mcp",le="+Inf"} 4
seconds_sum{route="/mcp"} 7.4
seconds_count{route="/mcp"} 4
"#
        );
    }

    #[test]
    fn histograms_and_summaries_without_labels() {
        let histogram = Family::new("seconds", "Time.", Histogram::new(&[1.0]));
        histogram.touch(&[]);
        assert_eq!(
            text(&histogram),
            "# HELP seconds Time.\n# TYPE seconds histogram\nseconds_bucket{le=\"1.0\"} 0\nseconds_bucket{le=\"+Inf\"} 0\nseconds_sum 0\nseconds_count 0\n"
        );
        let summary = Family::new("bytes", "Size.", Summary::default());
        summary.with(&[], |bytes| bytes.observe(12.0));
        assert_eq!(
            text(&summary),
            "# HELP bytes Size.\n# TYPE bytes summary\nbytes_sum 12\nbytes_count 1\n"
        );
    }
}
