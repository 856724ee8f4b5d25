// The queries of infra/monitoring to Prometheus, in rules and dashboards.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const folder = join(import.meta.dirname, '..', '..', '..', 'infra', 'monitoring');

const ruleSchema = z.strictObject({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(ruleSchema) })),
});
const dashboardSchema = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
});

export type Rule = z.infer<typeof ruleSchema>;

export function rules(): Rule[] {
  const text = readFileSync(join(folder, 'rules.yml'), 'utf8');
  return rulesSchema.parse(parse(text)).groups.flatMap((group) => group.rules);
}

export type Query = {
  /** The rule or panel that has it. */
  readonly location: string;
  readonly expression: string;
  /** Labels of the result that are displayed. */
  readonly shown: readonly string[];
};

export function queriesOfRules(): Query[] {
  return rules().map(({ record, alert, expr, annotations = {} }) => ({
    location: record ?? alert ?? '',
    expression: expr,
    shown: [
      ...Object.values(annotations)
        .join(' ')
        .matchAll(/\$labels\.(\w+)/g),
    ].map(([, label = '']) => label),
  }));
}

export function queriesOfDashboards(): Query[] {
  const grafana = join(folder, 'grafana');
  return readdirSync(grafana).flatMap((file) =>
    dashboardSchema.parse(JSON.parse(readFileSync(join(grafana, file), 'utf8'))).panels.flatMap((panel) =>
      panel.targets.map(({ expr, legendFormat }) => ({
        location: `${file}: ${panel.title}`,
        expression: expr.replaceAll('$__rate_interval', '1m'),
        shown: [...legendFormat.matchAll(/{{(\w+)}}/g)].map(([, label = '']) => label),
      })),
    ),
  );
}
