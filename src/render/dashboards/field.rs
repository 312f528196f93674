//! Units, colours, thresholds and words for values: a panel's `fieldConfig`.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::kinds;
use super::spec::{Bound, Color, Kind, Mapping, Panel, Query, Thresholds};
use crate::render::json::object;

/// The colours themselves.
pub(super) fn color(color: Color) -> &'static str {
    match color {
        Color::Good => "green",
        Color::Info => "blue",
        Color::Warning => "yellow",
        Color::High => "orange",
        Color::Critical => "red",
        Color::Muted => "#8e8e8e",
    }
}

/// The panel's `fieldConfig`.
pub(super) fn config(panel: &Panel, links: Vec<Value>, overrides: Vec<Value>) -> Value {
    let mut defaults = Map::new();
    // A heatmap's cells are counts; its unit belongs to the axis.
    let unit = if panel.kind == Kind::Heatmap { None } else { panel.unit.clone() };
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            defaults.insert(key.to_owned(), value);
        }
    };
    put("unit", unit.map(Into::into));
    put("decimals", panel.decimals.map(Into::into));
    put("min", panel.min.map(number));
    put("max", panel.max.map(number));
    put("noValue", panel.empty.clone().map(Into::into));
    put("links", (!links.is_empty()).then(|| links.into()));
    put("color", Some(object([("mode", color_mode(panel.kind).into())])));
    put("thresholds", Some(thresholds(panel.thresholds.as_ref(), base(panel.kind))));
    put("mappings", Some(mappings(&panel.mappings)));
    put("custom", Some(kinds::custom(panel)));
    let mut all = series_colors(panel);
    all.extend(overrides);
    object([("defaults", defaults.into()), ("overrides", all.into())])
}

fn color_mode(kind: Kind) -> &'static str {
    match kind {
        Kind::Timeseries | Kind::Barchart | Kind::Piechart | Kind::Histogram => "palette-classic",
        _ => "thresholds",
    }
}

/// The colour of a number that nothing is said about.
fn base(kind: Kind) -> &'static str {
    match kind {
        Kind::Gauge | Kind::Bargauge => "blue",
        _ => "text",
    }
}

/// A number as short as it was written: 5 and not 5.0, which Grafana would write back differently.
fn number(n: f64) -> Value {
    #[allow(clippy::cast_possible_truncation)]
    let whole = n as i64;
    #[allow(clippy::cast_precision_loss)]
    if (whole as f64 - n).abs() < f64::EPSILON { whole.into() } else { n.into() }
}

/// Steps in rising order; the first has no lower end.
pub(super) fn thresholds(spec: Option<&Thresholds>, base: &str) -> Value {
    let step = |color: &str, value: Option<f64>| {
        object([("color", color.into()), ("value", value.map(number).into())])
    };
    let sorted = |bounds: &IndexMap<Color, Bound>| {
        let mut bounds: Vec<(Color, f64)> = bounds
            .iter()
            .filter_map(|(color, bound)| match bound {
                Bound::Number(value) => Some((*color, *value)),
                // Names were replaced by numbers before.
                Bound::Alert(_) => None,
            })
            .collect();
        bounds.sort_by(|a, b| a.1.total_cmp(&b.1));
        bounds
    };
    let mut steps = Vec::new();
    match spec {
        None => steps.push(step(base, None)),
        Some(spec) if spec.below.is_empty() => {
            steps.push(step(color(Color::Good), None));
            steps.extend(sorted(&spec.above).into_iter().map(|(c, v)| step(color(c), Some(v))));
        }
        Some(spec) => {
            let mut from = None;
            for (bad, below) in sorted(&spec.below) {
                steps.push(step(color(bad), from));
                from = Some(below);
            }
            steps.push(step(color(Color::Good), from));
        }
    }
    object([("mode", "absolute".into()), ("steps", steps.into())])
}

fn mappings(spec: &IndexMap<String, Mapping>) -> Value {
    if spec.is_empty() {
        return json!([]);
    }
    let options: Map<String, Value> = spec
        .iter()
        .enumerate()
        .map(|(index, (value, word))| {
            let word = json!({ "color": color(word.color), "index": index, "text": word.text });
            (value.clone(), word)
        })
        .collect();
    vec![object([("type", "value".into()), ("options", options.into())])].into()
}

fn series_colors(panel: &Panel) -> Vec<Value> {
    let fixed =
        |c: Color| json!([{ "id": "color", "value": { "mode": "fixed", "fixedColor": color(c) } }]);
    panel
        .colors
        .iter()
        .map(|(name, c)| {
            let pattern = name.len() > 1 && name.starts_with('/') && name.ends_with('/');
            let id = if pattern { "byRegexp" } else { "byName" };
            json!({ "matcher": { "id": id, "options": name }, "properties": fixed(*c) })
        })
        .collect()
}

/// What one of several queries says for itself, as the properties of an override.
pub(super) fn properties(query: &Query, in_table: bool) -> Vec<Value> {
    let mut found = Vec::new();
    let mut put =
        |id: &str, value: Value| found.push(object([("id", id.into()), ("value", value)]));
    if let Some(unit) = &query.unit {
        put("unit", json!(unit));
    }
    if let Some(decimals) = query.decimals {
        put("decimals", json!(decimals));
    }
    if let Some(spec) = &query.thresholds {
        put("thresholds", thresholds(Some(spec), "text"));
    }
    if !query.mappings.is_empty() {
        put("mappings", mappings(&query.mappings));
    }
    if in_table && !query.mappings.is_empty() {
        put("custom.cellOptions", json!({ "type": "color-background", "mode": "basic" }));
    } else if in_table && query.thresholds.is_some() {
        put("custom.cellOptions", json!({ "type": "color-text" }));
    }
    found
}
