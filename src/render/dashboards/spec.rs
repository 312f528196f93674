//! The dashboard language: what stands in `templates/grafana/dashboards/<name>.yaml`.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use super::look::{Bound, Color, Kind, Mapping, Source, Style, Thresholds};
use crate::manifest::Duration;

/// One dashboard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// The title.
    pub title: String,
    /// Its uid, if it is not `mcpmon-` and the file's name.
    pub uid: Option<String>,
    /// The folder that Grafana lists it in.
    #[serde(default = "folder")]
    pub folder: String,
    /// The question that it answers.
    pub description: String,
    /// Tags beside `mcpmon`, which every dashboard carries.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How far back it looks when it is opened.
    #[serde(default = "time")]
    pub time: String,
    /// How often it asks again.
    #[serde(default = "refresh")]
    pub refresh: String,
    /// Where its panels ask unless they say otherwise.
    #[serde(default)]
    pub source: Source,
    /// Components without which the dashboard has nothing to show.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Names for expressions that occur more than once: `<name>` in a query stands for the text.
    #[serde(default)]
    pub terms: IndexMap<String, String>,
    /// What the reader can choose at the top, in order.
    #[serde(default)]
    pub variables: IndexMap<String, Variable>,
    /// Pages elsewhere. The other dashboards of the stack are linked without being named.
    #[serde(default)]
    pub links: Vec<Link>,
    /// Events drawn over every chart, by name. Those that every dashboard has are replaced by one
    /// of the same name.
    #[serde(default)]
    pub annotations: IndexMap<String, Annotation>,
    /// The panels, row by row.
    pub rows: Vec<Row>,
}

/// A variable: exactly one of `query`, `text` and `choices` says where its values come from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// The word beside the box.
    pub label: String,
    /// `label_values(series, label)`, asked of Prometheus.
    pub query: Option<String>,
    /// A box for free text, with what stands in it at first.
    pub text: Option<String>,
    /// A fixed list.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Several values, or all of them, can be chosen; all is chosen at first. Use it with `=~`.
    #[serde(default)]
    pub many: bool,
}

/// A link to a page that is no dashboard of the stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The text.
    pub title: String,
    /// The address.
    pub url: String,
}

/// Marks on the time axis wherever a Prometheus query has a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// The query.
    pub query: String,
    /// The colour of the mark.
    pub color: Color,
    /// Its title; `{{label}}` is replaced.
    pub title: String,
    /// What it says; `{{label}}` is replaced.
    #[serde(default)]
    pub text: String,
}

/// Panels under one heading.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The heading.
    pub title: String,
    /// The row is left out when one of these components is not enabled.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Folded at first, which also spares its queries.
    #[serde(default)]
    pub collapsed: bool,
    /// The panels, left to right, then down.
    pub panels: Vec<Panel>,
}

/// One panel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// The heading.
    pub title: String,
    /// How it is drawn.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What it shows and what to do when it looks bad.
    pub description: String,
    /// The query, if there is one only.
    pub query: Option<String>,
    /// How the series of `query` are called.
    pub legend: Option<String>,
    /// The queries, if there are several. In a table each is a column.
    #[serde(default)]
    pub queries: Vec<Query>,
    /// Asks for the newest value only. Each type has its own habit.
    pub instant: Option<bool>,
    /// How often its series have a new value, where that is less often than they are scraped: no rate
    /// is taken over less than four times this.
    pub every: Option<Duration>,
    /// Where it asks, if not where the dashboard does.
    pub source: Option<Source>,
    /// The panel is left out when one of these components is not enabled.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Grafana's name of the unit: `s`, `bytes`, `percentunit` (0 to 1), `reqps`, `short`, `none`.
    pub unit: Option<String>,
    /// Digits after the point.
    pub decimals: Option<u32>,
    /// Lower end of the scale.
    pub min: Option<f64>,
    /// Upper end of the scale.
    pub max: Option<f64>,
    /// Values at which the colour changes.
    pub thresholds: Option<Thresholds>,
    /// Words for values: `{0: {text: Down, color: critical}}`.
    #[serde(default)]
    pub mappings: IndexMap<String, Mapping>,
    /// A table's columns that are labels: label → heading. They stand before the queries' columns.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
    /// The heading by which a table is sorted, largest first.
    pub sort: Option<String>,
    /// What stands there when there is nothing to show.
    pub empty: Option<String>,
    /// How a time series is drawn.
    #[serde(default)]
    pub style: Style,
    /// Colours of series by their name, or by a pattern: `{/error|fatal/: critical}`.
    #[serde(default)]
    pub colors: IndexMap<String, Color>,
    /// A `text` panel's Markdown.
    pub text: Option<String>,
    /// Columns of the grid's 24.
    pub width: Option<u32>,
    /// Rows of the grid.
    pub height: Option<u32>,
    /// Laid over the panel type's options, for what this language has no word for.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Laid over the panel type's field options, for what this language has no word for.
    #[serde(default)]
    pub custom: Map<String, Value>,
}

/// One of several queries of a panel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// PromQL or LogQL.
    pub expr: String,
    /// How its series are called; in a table, the column's heading.
    pub legend: String,
    /// Like the panel's, for this query alone.
    pub unit: Option<String>,
    /// Like the panel's, for this query alone.
    pub decimals: Option<u32>,
    /// Like the panel's, for this query alone.
    pub thresholds: Option<Thresholds>,
    /// Like the panel's, for this query alone.
    #[serde(default)]
    pub mappings: IndexMap<String, Mapping>,
}

/// What others need to know of a dashboard.
#[derive(Debug, Deserialize)]
pub struct Cover {
    /// The title.
    pub title: String,
    /// What it shows, in one line.
    pub description: String,
    /// Its uid, if it has one of its own.
    pub uid: Option<String>,
    /// The folder that Grafana lists it in.
    #[serde(default = "folder")]
    pub folder: String,
    /// The components without which it has nothing to show.
    #[serde(default)]
    pub requires: Vec<String>,
}

fn folder() -> String {
    super::HOME_FOLDER.to_owned()
}

fn time() -> String {
    "6h".to_owned()
}

fn refresh() -> String {
    "30s".to_owned()
}
