//! Rows and panels.

use super::grid::{COLUMNS, Grid};
use super::spec::{Dashboard, Kind, Panel, Row, Source};
use super::{Context, LOKI_UID, PLUGIN_VERSION, PROMETHEUS_UID, columns, field, kinds};
use crate::render::json::{Json, json};

/// All panels, in order, without those whose component is not enabled. `service` is the uid of the
/// dashboard that a service's name leads to.
pub(super) fn panels<'a>(
    spec: &'a Dashboard,
    service: Option<&'a str>,
    ctx: &'a Context<'_>,
) -> Vec<Json<'a>> {
    let mut builder = Builder { spec, service, ctx, grid: Grid::default(), next_id: 1 };
    spec.rows.iter().flat_map(|row| builder.row(row)).collect()
}

/// `{type, uid}` of a data source.
pub(super) fn datasource(source: Source) -> Json<'static> {
    let (kind, uid) = match source {
        Source::Prometheus => ("prometheus", PROMETHEUS_UID),
        Source::Loki => ("loki", LOKI_UID),
    };
    json!({"type": kind, "uid": uid})
}

/// A, B, … Z, then A1: the name of a query within its panel.
pub(super) fn ref_id(index: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26) }
}

struct Builder<'a> {
    spec: &'a Dashboard,
    service: Option<&'a str>,
    ctx: &'a Context<'a>,
    grid: Grid,
    next_id: u32,
}

impl<'a> Builder<'a> {
    fn id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id - 1
    }

    fn has(&self, requires: &[String]) -> bool {
        requires.iter().all(|component| self.ctx.has(component))
    }

    fn row(&mut self, row: &'a Row) -> Vec<Json<'a>> {
        let shown: Vec<&'a Panel> = row.panels.iter().filter(|panel| self.shows(panel)).collect();
        if !self.has(&row.requires) || shown.is_empty() {
            return Vec::new();
        }
        self.grid.line();
        let id = self.id();
        let place = self.grid.place(COLUMNS, 1);
        let panels: Vec<Json<'a>> = shown.iter().map(|panel| self.panel(panel)).collect();
        // What is folded away lives inside its row.
        let (inside, beside) =
            if row.collapsed { (panels, Vec::new()) } else { (Vec::new(), panels) };
        let head = json!({
            "type": "row",
            "id": id,
            "title": row.title.as_str(),
            "gridPos": place,
            "collapsed": row.collapsed,
            "panels": inside,
        });
        std::iter::once(head).chain(beside).collect()
    }

    fn shows(&self, panel: &Panel) -> bool {
        let source_runs =
            kinds::source(panel, self.spec.source) != Source::Loki || self.ctx.has("loki");
        self.has(&panel.requires) && (source_runs || !panel.kind.asks())
    }

    fn panel(&mut self, panel: &'a Panel) -> Json<'a> {
        let (width, height) = panel.kind.size();
        let (width, height) = (panel.width.unwrap_or(width), panel.height.unwrap_or(height));
        let mut json = json!({
            "id": self.id(),
            "type": panel.kind.id(),
            "title": panel.title.as_str(),
            "description": panel.description.as_str(),
            "gridPos": self.grid.place(width, height),
            "pluginVersion": PLUGIN_VERSION,
            "options": kinds::options(panel, width),
            "fieldConfig": self.field_config(panel),
        });
        if panel.kind.asks() {
            let source = kinds::source(panel, self.spec.source);
            json.set("datasource", datasource(source));
            json.set("targets", self.targets(panel, source));
            if panel.kind.has_columns() {
                json.set("transformations", columns::transformations(panel));
            }
        }
        json
    }

    fn field_config(&self, panel: &'a Panel) -> Json<'a> {
        if panel.kind.has_columns() {
            let link = self.service.map(|uid| service_link(uid, "${__value.raw:percentencode}"));
            return field::config(panel, Vec::new(), columns::overrides(panel, link));
        }
        let names_service = |legend: &String| legend.contains("{{service}}");
        let by_service = panel.legend.iter().any(names_service)
            || panel.queries.iter().any(|query| names_service(&query.legend));
        let links = self
            .service
            .filter(|_| by_service)
            .map(|uid| service_link(uid, "${__field.labels.service:percentencode}"))
            .into_iter()
            .collect();
        let overrides = panel.queries.iter().enumerate().filter_map(|(index, query)| {
            let properties = field::properties(query, false);
            (!properties.is_empty()).then(|| {
                json!({
                    "matcher": { "id": "byFrameRefID", "options": ref_id(index) },
                    "properties": properties,
                })
            })
        });
        field::config(panel, links, overrides.collect())
    }

    fn targets(&self, panel: &'a Panel, source: Source) -> Vec<Json<'a>> {
        // A lone query without a legend is called like its panel.
        let legend = panel.legend.as_deref().unwrap_or(&panel.title);
        let lone = panel.query.iter().map(|expr| (expr.as_str(), legend));
        let many = panel.queries.iter().map(|query| (query.expr.as_str(), query.legend.as_str()));
        lone.chain(many)
            .enumerate()
            .map(|(index, (expr, legend))| match source {
                Source::Prometheus => self.prometheus(panel, index, expr, legend),
                Source::Loki => loki(panel, index, expr, legend),
            })
            .collect()
    }

    fn prometheus(&self, panel: &Panel, index: usize, expr: &'a str, legend: &'a str) -> Json<'a> {
        let instant = kinds::is_instant(panel);
        let every = panel.every.map_or(0, |every| every.std().as_secs());
        let step = self.ctx.scrape_interval_seconds.max(every);
        let format = match panel.kind {
            kind if kind.has_columns() => "table",
            Kind::Heatmap => "heatmap",
            _ => "time_series",
        };
        json!({
            "datasource": datasource(Source::Prometheus),
            "refId": ref_id(index),
            "expr": expr,
            "legendFormat": legend,
            "instant": instant,
            "range": !instant,
            "format": format,
            "editorMode": "code",
            "exemplar": false,
            // No step below what is scraped; `$__rate_interval` is derived from it as well.
            "interval": format!("{step}s"),
        })
    }
}

fn loki<'a>(panel: &Panel, index: usize, expr: &'a str, legend: &'a str) -> Json<'a> {
    let instant = kinds::is_instant(panel);
    let mut target = json!({
        "datasource": datasource(Source::Loki), "refId": ref_id(index), "expr": expr,
        "legendFormat": legend, "queryType": if instant { "instant" } else { "range" },
        "editorMode": "code",
    });
    if panel.kind == Kind::Logs {
        target.set("maxLines", 500);
        target.set("legendFormat", "");
    }
    target
}

fn service_link(uid: &str, service: &str) -> Json<'static> {
    json!({
        "title": "Open the service",
        "url": format!("/d/{uid}?var-service={service}&${{__url_time_range}}"),
        "targetBlank": false,
    })
}
