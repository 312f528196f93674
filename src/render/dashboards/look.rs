//! The words of the dashboard language: colours, thresholds, panel types.

use indexmap::IndexMap;
use serde::Deserialize;

/// Where a value turns bad: from a bound upwards or below a bound. What is neither is good.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Colour → the bound from which it holds.
    #[serde(default)]
    pub above: IndexMap<Color, Bound>,
    /// Colour → the bound below which it holds.
    #[serde(default)]
    pub below: IndexMap<Color, Bound>,
}

/// A bound: a number, or the name of the alert whose threshold it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// The number itself.
    Number(f64),
    /// The threshold of that alert. While the alert is off, there is no bound.
    Alert(String),
}

/// A word for a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The word.
    pub text: String,
    /// Its colour.
    pub color: Color,
}

/// What a colour means; the colours themselves are chosen in one place.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum Color {
    /// Green.
    Good,
    /// Blue: worth knowing, nothing to do.
    Info,
    /// Yellow.
    Warning,
    /// Orange.
    High,
    /// Red.
    Critical,
    /// Grey.
    Muted,
}

/// The data source that is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// PromQL.
    #[default]
    Prometheus,
    /// LogQL.
    Loki,
}

/// How a time series is drawn.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// Lines.
    #[default]
    Line,
    /// Areas on top of each other: parts of a whole.
    Stacked,
    /// Bars on top of each other: counts per interval.
    Bars,
}

/// The panel types. All are part of Grafana itself: nothing has to be installed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Alerts that Grafana itself evaluates.
    Alertlist,
    /// Bars of categories.
    Barchart,
    /// A bar for each series.
    Bargauge,
    /// Dashboards with the tag `mcpmon`.
    Dashlist,
    /// A dial.
    Gauge,
    /// A histogram over time.
    Heatmap,
    /// How often which value occurs.
    Histogram,
    /// Log lines.
    Logs,
    /// Shares of a whole.
    Piechart,
    /// A big number.
    Stat,
    /// States over time, as lengths.
    StateTimeline,
    /// States over time, as samples.
    StatusHistory,
    /// Rows and columns.
    Table,
    /// Markdown.
    Text,
    /// Values over time.
    Timeseries,
}
