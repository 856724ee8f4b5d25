// The parts of the dashboards: rows of graphs over one Prometheus, which the viewer chooses.

import {
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Legend (Grafana's `{{label}}`) and PromQL of one query. */
type Query = readonly [legend: string, expression: string];

/** Units as Grafana names them. */
type Unit = 'short' | 'reqps' | 'ops' | 's' | 'ms' | 'percentunit' | 'bytes';

export type Graph = {
  readonly title: string;
  /** How to read it. */
  readonly about: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
};

export type Row = { readonly title: string; readonly graphs: readonly Graph[] };

const prometheus = { type: 'prometheus', uid: '$datasource' };
const legend = new VizLegendOptionsBuilder()
  .showLegend(true)
  .displayMode(LegendDisplayMode.List)
  .placement(LegendPlacement.Bottom)
  .calcs([]);
const tooltip = new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi);
const graphsPerRow = 3;
const width = 24 / graphsPerRow;
const height = 8;

export function dashboard(uid: string, title: string, rows: readonly Row[]): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .tags(['galaxy'])
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  let id = 0;
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title).id(++id));
    for (const graph of row.graphs) builder.withPanel(panel(graph).id(++id));
  }
  return builder.build();
}

function panel({ title, about, unit, queries }: Graph): PanelBuilder {
  const builder = new PanelBuilder()
    .title(title)
    .description(about)
    .unit(unit)
    .min(0)
    .fillOpacity(10)
    .legend(legend)
    .tooltip(tooltip)
    .span(width)
    .height(height)
    .datasource(prometheus);
  for (const [index, [format, expression]] of queries.entries()) {
    const query = new DataqueryBuilder().refId(String.fromCharCode(65 + index)).datasource(prometheus);
    builder.withTarget(query.expr(expression).legendFormat(format));
  }
  return builder;
}

/** The same quantiles of a histogram for every graph that shows times. */
export function quantiles(histogram: string, by: readonly string[], filter = ''): Query[] {
  const legend = by.map((label) => `{{${label}}}`).join(' ');
  return [0.5, 0.99].map((quantile) => [
    `${legend} p${quantile * 100}`.trim(),
    `histogram_quantile(${quantile}, sum by (${[...by, 'le'].join(', ')}) (rate(${histogram}_bucket${filter}[$__rate_interval])))`,
  ]);
}
