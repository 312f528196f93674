//! Units, colours, thresholds and words for values: a panel's `fieldConfig`.

use indexmap::IndexMap;

use super::kinds;
use super::spec::{Bound, Color, Kind, Mapping, Panel, Query, Thresholds};
use crate::render::json::{Json, json};

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
pub(super) fn config<'a>(
    panel: &'a Panel,
    links: Vec<Json<'a>>,
    overrides: Vec<Json<'a>>,
) -> Json<'a> {
    let mut defaults = json!({});
    // A heatmap's cells are counts; its unit belongs to the axis.
    let unit = panel.unit.as_deref().filter(|_| panel.kind != Kind::Heatmap);
    let mut put = |key: &'static str, value: Option<Json<'a>>| {
        if let Some(value) = value {
            defaults.set(key, value);
        }
    };
    put("unit", unit.map(Into::into));
    put("decimals", panel.decimals.map(Into::into));
    put("min", panel.min.map(number));
    put("max", panel.max.map(number));
    put("noValue", panel.empty.as_deref().map(Into::into));
    put("links", (!links.is_empty()).then(|| links.into()));
    put("color", Some(json!({"mode": color_mode(panel.kind)})));
    put("thresholds", Some(thresholds(panel.thresholds.as_ref(), base(panel.kind))));
    put("mappings", Some(mappings(&panel.mappings)));
    put("custom", Some(kinds::custom(panel)));
    let mut all = series_colors(panel);
    all.extend(overrides);
    json!({"defaults": defaults, "overrides": all})
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
fn number(n: f64) -> Json<'static> {
    #[allow(clippy::cast_possible_truncation)]
    let whole = n as i64;
    #[allow(clippy::cast_precision_loss)]
    if (whole as f64 - n).abs() < f64::EPSILON { whole.into() } else { n.into() }
}

/// Steps in rising order; the first has no lower end.
pub(super) fn thresholds(spec: Option<&Thresholds>, base: &'static str) -> Json<'static> {
    let step = |color: &'static str, value: Option<f64>| json!({"color": color, "value": value.map(number)});
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
    json!({"mode": "absolute", "steps": steps})
}

fn mappings(spec: &IndexMap<String, Mapping>) -> Json<'_> {
    if spec.is_empty() {
        return json!([]);
    }
    let options = spec.iter().enumerate().map(|(index, (value, word))| {
        (value, json!({ "color": color(word.color), "index": index, "text": &word.text }))
    });
    json!([{ "type": "value", "options": Json::object(options) }])
}

fn series_colors(panel: &Panel) -> Vec<Json<'_>> {
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
pub(super) fn properties<'a>(query: &'a Query, in_table: bool) -> Vec<Json<'a>> {
    let mut found = Vec::new();
    let mut put =
        |id: &'static str, value: Json<'a>| found.push(json!({ "id": id, "value": value }));
    if let Some(unit) = &query.unit {
        put("unit", Json::from(unit));
    }
    if let Some(decimals) = query.decimals {
        put("decimals", decimals.into());
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
