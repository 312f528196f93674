// What each part of a rendered dashboard must fit: Grafana's own types, with enums also written as
// their plain values, because JSON holds "area" and not BigValueGraphMode.Area.
import type {
  AnnotationQuery,
  Dashboard as GrafanaDashboard,
  FieldConfigSource,
  Panel as GrafanaPanel,
  RowPanel as GrafanaRow,
} from '@grafana/schema';
import type * as barchart from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as dashlist from '@grafana/schema/dist/esm/raw/composable/dashboardlist/panelcfg/x/DashboardListPanelCfg_types.gen';
import type * as gauge from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as histogram from '@grafana/schema/dist/esm/raw/composable/histogram/panelcfg/x/HistogramPanelCfg_types.gen';
import type * as logs from '@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen';
import type * as piechart from '@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as statetimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as statushistory from '@grafana/schema/dist/esm/raw/composable/statushistory/panelcfg/x/StatusHistoryPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** T with every string enum replaced by the union of its values. */
export type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

type Nothing = Record<string, never>;

/** Options of each panel type. The alert list has no published type. */
export interface Options {
  alertlist: Record<string, unknown>;
  barchart: Plain<barchart.Options>;
  bargauge: Plain<bargauge.Options>;
  dashlist: Plain<dashlist.Options>;
  gauge: Plain<gauge.Options>;
  heatmap: Plain<heatmap.Options>;
  histogram: Plain<histogram.Options>;
  logs: Plain<logs.Options>;
  piechart: Plain<piechart.Options>;
  stat: Plain<stat.Options>;
  'state-timeline': Plain<statetimeline.Options>;
  'status-history': Plain<statushistory.Options>;
  table: Plain<table.Options>;
  text: Plain<text.Options>;
  timeseries: Plain<timeseries.Options>;
}

/** `fieldConfig.defaults.custom` of each panel type. */
export interface Custom {
  alertlist: Nothing;
  barchart: Plain<barchart.FieldConfig>;
  bargauge: Nothing;
  dashlist: Nothing;
  gauge: Nothing;
  heatmap: Plain<heatmap.FieldConfig>;
  histogram: Plain<histogram.FieldConfig>;
  logs: Nothing;
  piechart: Plain<piechart.FieldConfig>;
  stat: Nothing;
  'state-timeline': Plain<statetimeline.FieldConfig>;
  'status-history': Plain<statushistory.FieldConfig>;
  table: Plain<table.FieldConfig>;
  text: Nothing;
  timeseries: Plain<timeseries.FieldConfig>;
}

export type Kind = keyof Options;
export type Panel = Plain<Omit<GrafanaPanel, 'options' | 'fieldConfig' | 'targets'>>;
export type Row = Plain<Omit<GrafanaRow, 'panels'>>;
export type Fields = Plain<FieldConfigSource>;
export type Dashboard = Plain<Omit<GrafanaDashboard, 'panels' | 'annotations'>>;

/** An annotation, with what the Prometheus plugin reads beside Grafana's own fields. */
export type Annotation = Plain<Omit<AnnotationQuery, 'target'>> & {
  target?: { refId: string; expr: string } | { limit: number; matchAny: boolean; tags: string[]; type: 'tags' };
  expr?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
};

interface Source<Type extends string> {
  type: Type;
  uid: Type;
}

/** The query types left the schema with their plugins: these are what mcpmon sends. */
export type Target =
  | {
      datasource: Source<'prometheus'>;
      refId: string;
      expr: string;
      legendFormat: string;
      instant: boolean;
      range: boolean;
      format: 'time_series' | 'table' | 'heatmap';
      editorMode: 'code';
      exemplar: boolean;
      interval: string;
    }
  | {
      datasource: Source<'loki'>;
      refId: string;
      expr: string;
      legendFormat: string;
      queryType: 'range' | 'instant';
      editorMode: 'code';
      maxLines?: number;
    };
