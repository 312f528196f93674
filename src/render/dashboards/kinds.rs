//! What is particular to each panel type: size, habits, options and field options. They are written
//! out in full, because Grafana's own defaults differ from version to version.

use super::spec::{Kind, Panel, Source, Style};
use crate::render::json::{Json, json};

impl Kind {
    /// Grafana's name of the panel type.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Alertlist => "alertlist",
            Self::Barchart => "barchart",
            Self::Bargauge => "bargauge",
            Self::Dashlist => "dashlist",
            Self::Gauge => "gauge",
            Self::Heatmap => "heatmap",
            Self::Histogram => "histogram",
            Self::Logs => "logs",
            Self::Piechart => "piechart",
            Self::Stat => "stat",
            Self::StateTimeline => "state-timeline",
            Self::StatusHistory => "status-history",
            Self::Table => "table",
            Self::Text => "text",
            Self::Timeseries => "timeseries",
        }
    }

    /// Whether it shows the result of a query.
    pub(super) fn asks(self) -> bool {
        !matches!(self, Self::Alertlist | Self::Dashlist | Self::Text)
    }

    /// Whether it shows numbers, which need a unit.
    pub(super) fn is_numeric(self) -> bool {
        self.asks() && !matches!(self, Self::Logs | Self::StateTimeline | Self::StatusHistory)
    }

    /// Whether it wants rows with columns instead of series.
    pub(super) fn has_columns(self) -> bool {
        matches!(self, Self::Table | Self::Barchart)
    }

    /// Whether the newest value is all that it shows, unless the panel says otherwise.
    pub(super) fn is_instant(self) -> bool {
        self.has_columns()
            || matches!(self, Self::Stat | Self::Gauge | Self::Bargauge | Self::Piechart)
    }

    /// Width and height, unless the panel says otherwise.
    pub(super) fn size(self) -> (u32, u32) {
        match self {
            Self::Stat => (3, 4),
            Self::Gauge | Self::Piechart => (6, 8),
            Self::Bargauge | Self::Timeseries | Self::Histogram => (8, 8),
            Self::Barchart | Self::Heatmap | Self::Alertlist | Self::Dashlist => (12, 8),
            Self::StateTimeline | Self::StatusHistory => (24, 8),
            Self::Table => (24, 10),
            Self::Logs => (24, 14),
            Self::Text => (24, 4),
        }
    }
}

/// Whether a panel asks for the newest value only.
pub(super) fn is_instant(panel: &Panel) -> bool {
    panel.kind != Kind::Logs && panel.instant.unwrap_or_else(|| panel.kind.is_instant())
}

fn has_several_series(panel: &Panel) -> bool {
    panel.queries.len() > 1
        || panel
            .legend
            .iter()
            .chain(panel.queries.iter().map(|q| &q.legend))
            .any(|l| l.contains("{{"))
}

fn legend(panel: &Panel, width: u32) -> Json<'static> {
    // Beside a wide chart there is room for figures; under a narrow one there is not.
    let wide = width >= 12;
    json!({
        "calcs": if wide { json!(["lastNotNull", "max"]) } else { json!([]) },
        "displayMode": if wide { "table" } else { "list" },
        "placement": if wide { "right" } else { "bottom" },
        "showLegend": has_several_series(panel),
    })
}

fn reduce() -> Json<'static> {
    json!({ "calcs": ["lastNotNull"], "fields": "", "values": false })
}

fn tooltip() -> Json<'static> {
    json!({ "mode": "multi", "sort": "desc", "hideZeros": false })
}

/// The panel's `options`.
pub(super) fn options(panel: &Panel, width: u32) -> Json<'_> {
    let judged = panel.thresholds.is_some() || !panel.mappings.is_empty();
    let mut options = match panel.kind {
        Kind::Stat => json!({
            "colorMode": if judged { "background" } else { "none" },
            "graphMode": if is_instant(panel) { "none" } else { "area" },
            "justifyMode": "auto", "orientation": "auto", "percentChangeColorMode": "standard",
            "reduceOptions": reduce(), "showPercentChange": false, "textMode": "auto",
            "wideLayout": true,
        }),
        Kind::Gauge => json!({
            "orientation": "auto", "reduceOptions": reduce(), "showThresholdLabels": false,
            "showThresholdMarkers": true, "sizing": "auto", "minVizHeight": 75, "minVizWidth": 75,
            // From here on: the gauge of Grafana 13, unknown to those before it.
            "barShape": "flat", "barWidthFactor": 0.4, "effects": {}, "segmentCount": 1,
            "segmentSpacing": 0.3, "shape": "gauge",
        }),
        Kind::Bargauge => json!({
            "displayMode": "basic", "legend": legend_off(), "maxVizHeight": 300, "minVizHeight": 16,
            "minVizWidth": 8, "namePlacement": "left", "orientation": "horizontal",
            "reduceOptions": reduce(), "showUnfilled": true, "sizing": "auto", "valueMode": "text",
        }),
        Kind::Table => json!({
            "cellHeight": "sm", "enablePagination": false, "frameIndex": 0, "showHeader": true,
            "sortBy": panel.sort.iter().map(|heading| json!({ "desc": true, "displayName": heading }))
                .collect::<Vec<_>>(),
        }),
        Kind::Timeseries => json!({ "legend": legend(panel, width), "tooltip": tooltip() }),
        Kind::StateTimeline => json!({
            "alignValue": "left", "legend": legend_off(), "mergeValues": true, "rowHeight": 0.9,
            "showValue": "never", "tooltip": tooltip(),
        }),
        Kind::StatusHistory => json!({
            "colWidth": 0.9, "legend": legend_off(), "rowHeight": 0.9, "showValue": "never",
            "tooltip": tooltip(),
        }),
        Kind::Logs => json!({
            "dedupStrategy": "none", "enableInfiniteScrolling": true, "enableLogDetails": true,
            "prettifyLogMessage": false, "showCommonLabels": false, "showLabels": false,
            "showLogContextToggle": true, "showTime": true, "sortOrder": "Descending",
            "wrapLogMessage": true,
        }),
        Kind::Piechart => json!({
            "displayLabels": [], "pieType": "donut", "reduceOptions": reduce(), "sort": "desc",
            "orientation": "auto",
            "legend": {
                "calcs": [], "displayMode": "table", "placement": "right", "showLegend": true,
                "values": ["value", "percent"],
            },
            "tooltip": tooltip(),
        }),
        Kind::Barchart => json!({
            "barRadius": 0, "barWidth": 0.8, "fullHighlight": false, "groupWidth": 0.7,
            "legend": legend(panel, width), "orientation": "auto", "showValue": "auto",
            "stacking": "none", "tooltip": tooltip(), "xTickLabelMaxLength": 24,
            "xTickLabelRotation": 0, "xTickLabelSpacing": 0,
        }),
        Kind::Heatmap => heatmap(panel),
        Kind::Histogram => json!({ "combine": true, "legend": legend_off(), "tooltip": tooltip() }),
        Kind::Text => markdown(panel.text.as_deref().unwrap_or_default()),
        Kind::Alertlist => json!({
            "alertInstanceLabelFilter": "", "alertName": "", "dashboardAlerts": false,
            "groupBy": [], "groupMode": "default", "maxItems": 20, "showInactiveAlerts": false,
            "sortOrder": 1, "viewMode": "list",
            "stateFilter": { "error": true, "firing": true, "noData": false, "normal": false, "pending": true },
        }),
        Kind::Dashlist => json!({
            "includeVars": true, "keepTime": true, "maxItems": 30, "query": "",
            "showFolderNames": false, "showHeadings": false, "showRecentlyViewed": false,
            "showSearch": true, "showStarred": false, "tags": ["mcpmon"],
        }),
    };
    options.merge((&panel.options).into());
    options
}

/// The options of a panel that shows Markdown.
pub(super) fn markdown(text: &str) -> Json<'_> {
    json!({
        "code": { "language": "plaintext", "showLineNumbers": false, "showMiniMap": false },
        "content": text, "mode": "markdown",
    })
}

fn legend_off() -> Json<'static> {
    json!({ "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": false })
}

fn heatmap(panel: &Panel) -> Json<'_> {
    json!({
        "calculate": false, "cellGap": 1, "cellValues": {},
        "color": {
            "exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": false,
            "scale": "exponential", "scheme": "Oranges", "steps": 64,
        },
        "exemplars": { "color": "rgba(255,0,255,0.7)" }, "filterValues": { "le": 1e-9 },
        "legend": { "show": true }, "rowsFrame": { "layout": "auto" }, "showValue": "never",
        "tooltip": { "mode": "single", "showColorScale": false, "yHistogram": false },
        // The buckets' bounds are the values here: they carry the unit, the cells are counts.
        "yAxis": { "axisPlacement": "left", "reverse": false, "unit": panel.unit.as_deref() },
    })
}

/// The panel's `fieldConfig.defaults.custom`.
pub(super) fn custom(panel: &Panel) -> Json<'_> {
    let hide = json!({ "legend": false, "tooltip": false, "viz": false });
    let mut custom = match panel.kind {
        Kind::Timeseries => timeseries(panel, hide),
        Kind::StateTimeline | Kind::StatusHistory => {
            json!({ "fillOpacity": 80, "hideFrom": hide, "lineWidth": 0 })
        }
        Kind::Table => json!({
            "align": "auto", "cellOptions": { "type": "auto" }, "filterable": true, "inspect": false,
        }),
        Kind::Piechart => json!({ "hideFrom": hide }),
        Kind::Heatmap => json!({ "hideFrom": hide, "scaleDistribution": { "type": "linear" } }),
        Kind::Barchart | Kind::Histogram => json!({
            "axisBorderShow": false, "axisCenteredZero": false, "axisColorMode": "text",
            "axisLabel": "", "axisPlacement": "auto", "fillOpacity": 80, "gradientMode": "none",
            "hideFrom": hide, "lineWidth": 1,
        }),
        _ => json!({}),
    };
    custom.merge((&panel.custom).into());
    custom
}

fn timeseries(panel: &Panel, hide: Json<'static>) -> Json<'static> {
    let bars = panel.style == Style::Bars;
    let stacked = panel.style != Style::Line;
    json!({
        "axisBorderShow": false, "axisCenteredZero": false, "axisColorMode": "text",
        // A scale that starts at the smallest value makes noise look like an incident.
        "axisLabel": "", "axisPlacement": "auto", "axisSoftMin": 0,
        "barAlignment": 0, "barWidthFactor": 0.9,
        "drawStyle": if bars { "bars" } else { "line" },
        "fillOpacity": if bars { 80 } else if stacked { 40 } else { 8 },
        "gradientMode": "none", "hideFrom": hide, "insertNulls": false,
        "lineInterpolation": "linear", "lineWidth": 1, "pointSize": 4,
        "scaleDistribution": { "type": "linear" }, "showPoints": "auto", "spanNulls": false,
        "stacking": { "group": "A", "mode": if stacked { "normal" } else { "none" } },
        "thresholdsStyle": { "mode": if panel.thresholds.is_some() { "dashed" } else { "off" } },
    })
}

/// The source that a panel asks.
pub(super) fn source(panel: &Panel, dashboard: Source) -> Source {
    panel.source.unwrap_or(if panel.kind == Kind::Logs { Source::Loki } else { dashboard })
}
