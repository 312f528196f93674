//! The four kinds of samples.
use std::fmt::Write;

/// The value of one series.
pub trait Sample: Clone {
    /// Its kind in the text format.
    const TYPE: &'static str;

    /// Appends its lines; `labels` are rendered and without braces.
    fn write(&self, name: &str, labels: &str, out: &mut String);
}

/// A number that only grows.
#[derive(Debug, Clone, Default)]
pub struct Counter(f64);

impl Counter {
    /// Counts one.
    pub fn increase(&mut self) {
        self.0 += 1.0;
    }

    /// Sets a number that is counted elsewhere, as the kernel counts processor time.
    pub fn set(&mut self, total: f64) {
        self.0 = total;
    }
}

impl Sample for Counter {
    const TYPE: &'static str = "counter";

    fn write(&self, name: &str, labels: &str, out: &mut String) {
        line(out, name, "", labels, "", self.0);
    }
}

/// A number that goes up and down.
#[derive(Debug, Clone, Default)]
pub struct Gauge(f64);

impl Gauge {
    /// Adds, or takes away.
    pub fn add(&mut self, amount: f64) {
        self.0 += amount;
    }

    /// Sets the present value.
    pub fn set(&mut self, value: f64) {
        self.0 = value;
    }

    /// Sets the value unless there is one already.
    pub fn set_once(&mut self, value: f64) {
        if self.0 == 0.0 {
            self.0 = value;
        }
    }
}

impl Sample for Gauge {
    const TYPE: &'static str = "gauge";

    fn write(&self, name: &str, labels: &str, out: &mut String) {
        line(out, name, "", labels, "", self.0);
    }
}

/// A sum and a count, without quantiles.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    sum: f64,
    count: u32,
}

impl Summary {
    /// Adds one observation.
    pub fn observe(&mut self, value: f64) {
        self.sum += value;
        self.count = self.count.saturating_add(1);
    }

    /// Adds one size; those beyond 4 GiB count as that.
    pub fn observe_bytes(&mut self, bytes: usize) {
        self.observe(bytes_of(bytes));
    }
}

impl Sample for Summary {
    const TYPE: &'static str = "summary";

    fn write(&self, name: &str, labels: &str, out: &mut String) {
        line(out, name, "_sum", labels, "", self.sum);
        line(out, name, "_count", labels, "", self.count.into());
    }
}

/// How many observations lie at or below each bound.
#[derive(Debug, Clone)]
pub struct Histogram {
    bounds: &'static [f64],
    /// Not cumulative; the last one is for what exceeds every bound.
    counts: Vec<u32>,
    sum: f64,
}

impl Histogram {
    /// An empty histogram with these upper bounds, in rising order, without infinity.
    pub fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    /// Adds one observation.
    pub fn observe(&mut self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count = count.saturating_add(1);
        }
        self.sum += value;
    }

    /// Adds one size; those beyond 4 GiB count as that.
    pub fn observe_bytes(&mut self, bytes: usize) {
        self.observe(bytes_of(bytes));
    }
}

impl Sample for Histogram {
    const TYPE: &'static str = "histogram";

    fn write(&self, name: &str, labels: &str, out: &mut String) {
        let mut total = 0.0;
        for (bound, count) in self.bounds.iter().copied().chain([f64::INFINITY]).zip(&self.counts) {
            total += f64::from(*count);
            let le = format!("le=\"{}\"", boundary(bound));
            line(out, name, "_bucket", labels, &le, total);
        }
        line(out, name, "_sum", labels, "", self.sum);
        line(out, name, "_count", labels, "", total);
    }
}

fn line(out: &mut String, name: &str, suffix: &str, labels: &str, le: &str, value: f64) {
    let comma = if labels.is_empty() || le.is_empty() { "" } else { "," };
    let labels = format!("{labels}{comma}{le}");
    let value = number(value);
    // Writing to a string cannot fail.
    let _ = if labels.is_empty() {
        writeln!(out, "{name}{suffix} {value}")
    } else {
        writeln!(out, "{name}{suffix}{{{labels}}} {value}")
    };
}

/// A bound as OpenMetrics writes it, and as Prometheus stores it: always with a point.
fn boundary(bound: f64) -> String {
    if bound.fract() == 0.0 { format!("{bound:.1}") } else { number(bound) }
}

fn bytes_of(size: usize) -> f64 {
    u32::try_from(size).unwrap_or(u32::MAX).into()
}

fn number(value: f64) -> String {
    if value == f64::INFINITY { "+Inf".to_owned() } else { value.to_string() }
}
