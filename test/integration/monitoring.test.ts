// Dashboards and rules against what is exported: by processes that run here with OpenTelemetry's Prometheus exporter, and
// by everything that the services declare.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { gatewayReasons } from '../../lib/errors/gateway-reasons.ts';
import { errorTable } from '../../lib/errors/table.ts';
import { lobbyEnvironment, logOf } from '../support/lobby/lobby-process.ts';
import { processes } from '../support/run/deployed-processes.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';
import { declaredMetrics, type Exported, exportedBy } from '../support/telemetry/exported-metrics.ts';
import {
  type Query,
  queriesOfDashboards,
  queriesOfRules,
  rules,
} from '../support/telemetry/monitoring-files.ts';
import { type Scraped, scrape } from '../support/telemetry/prometheus-text.ts';
import { readPromql } from '../support/telemetry/promql.ts';

vi.setConfig({ hookTimeout: 90_000 });

let database: TestDatabase;
let redis: TestRedis;
const running: RunningProcess[] = [];
let lobby: Scraped;
let exported: Exported;

beforeAll(async () => {
  database = await createTestDatabase();
  redis = await createTestRedis();
  const backend = {
    BACKEND_HTTP_ADDR: '127.0.0.1:0',
    BACKEND_ADMIN_HTTP_ADDR: '127.0.0.1:0',
    BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
    BACKEND_REDIS_ADDR: redis.addr,
    BACKEND_REDIS_PASSWORD: redis.password,
    BACKEND_REDIS_DB: String(redis.db),
    BACKEND_CODE_HMAC_KEY: 'a secret of the tests, of 32 bytes or more',
    BACKEND_MAILER: 'log',
  };
  const scrapes = await Promise.all([
    scrapeProcess('workers/lobby-all-in-one.ts', lobbyEnvironment(database, redis)),
    scrapeProcess('workers/backend-all-in-one.ts', backend),
  ]);
  [lobby] = scrapes;
  exported = exportedBy([...scrapes, await declaredMetrics()]);
});
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  await redis.drop();
  await database.drop();
});

/** What a process exports once it has answered a probe and another request. */
async function scrapeProcess(entry: string, environment: Record<string, string>): Promise<Scraped> {
  const metricsPort = await freePort();
  const one = runEntry(entry, {
    ...environment,
    NODE_OPTIONS: '--import ./infra/node/telemetry.ts',
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
  });
  running.push(one);
  const port = await vi.waitFor(
    () => {
      const listening = logOf(one).filter(({ msg }) => msg === 'listening');
      expect(listening).toHaveLength(2);
      return listening[0]?.port;
    },
    { timeout: 60_000 },
  );
  for (const path of ['/readyz', '/api/v1/nothing-that-is-there']) {
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  }
  const url = `http://127.0.0.1:${metricsPort}/metrics`;
  await scrape(url);
  return scrape(url);
}

/** Of samples, of what Prometheus adds itself, and of what the rules record. */
function labelsOf(metric: string): string[] {
  if (metric === 'up') return ['job', 'instance'];
  const recorded = rules().filter(({ record }) => record === metric);
  if (recorded.length > 0) {
    return recorded.flatMap(({ expr, labels = {} }) => [
      ...readPromql(expr).resultLabels(labelsOf),
      ...Object.keys(labels),
    ]);
  }
  const labels = exported.get(metric);
  if (labels === undefined) throw new Error(`no process exports ${metric}`);
  return [...labels, 'job', 'instance'];
}

function holds({ expression, shown }: Query): void {
  const { selectors, resultLabels } = readPromql(expression);
  expect(selectors).not.toEqual([]);
  for (const { metric, labels } of selectors) {
    expect(labelsOf(metric), metric).toEqual(expect.arrayContaining([...labels]));
  }
  expect([...resultLabels(labelsOf)]).toEqual(expect.arrayContaining([...shown]));
}

describe('metrics and labels are exported', () => {
  it.each(queriesOfRules())('that $location queries', holds);
  it.each(queriesOfDashboards())('that $location queries', holds);
});

it('values that labels are compared with are values that they have', () => {
  const known: Record<string, readonly string[]> = {
    outcome: [...Object.keys(gatewayReasons), ...Object.keys(errorTable), 'cancelled', 'success', 'failure'],
    reason: [...Object.keys(gatewayReasons), 'expired', 'unreadable'],
    kind: ['start', 'stop', 'rss', 'heap_used'],
    health: ['ok'],
    quantile: ['0.5', '0.99', '1'],
  };
  const matchers = [...queriesOfRules(), ...queriesOfDashboards()]
    .flatMap(({ expression }) => readPromql(expression).selectors)
    .flatMap((selector) => selector.matchers)
    .filter(([label]) => label !== 'job' && label !== 'http_response_status_code');
  expect(matchers.length).toBeGreaterThan(5);
  for (const [label, value] of matchers) {
    for (const one of value.split('|')) expect(known[label], label).toContain(one);
  }
});

it('jobs that are asked for are those of processes', () => {
  const jobs = processes.map(({ name }) => `galaxy-${name}`);
  const asked = [...queriesOfRules(), ...queriesOfDashboards()]
    .flatMap(({ expression }) => readPromql(expression).selectors)
    .flatMap((selector) => selector.matchers)
    .flatMap(([label, value]) => (label === 'job' ? [value] : []));
  expect(asked.length).toBeGreaterThan(5);
  for (const pattern of new Set(asked)) {
    expect(
      jobs.filter((job) => new RegExp(`^(?:${pattern})$`).test(job)),
      pattern,
    ).not.toEqual([]);
  }
});

describe('every alert', () => {
  const alerts = rules().filter(({ alert }) => alert !== undefined);
  const page = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8');

  it.each(alerts)('$alert says how severe it is, what it means, and where to read what to do', (rule) => {
    const { alert = '', labels, annotations } = rule;
    expect(labels?.severity).toMatch(/^(critical|warning)$/);
    expect(Object.keys(annotations ?? {})).toEqual(['summary', 'description', 'runbook']);
    expect(annotations?.runbook).toBe(`docs/monitoring.md#${alert.toLowerCase()}`);
    expect(page).toContain(`\n### ${alert}\n`);
  });
});

describe('a process with OTEL_METRICS_EXPORTER=prometheus', () => {
  it('counts requests, but neither probes nor scrapes', () => {
    const requests = lobby.samples.filter(({ name }) => name === 'http_server_request_duration_count');
    expect(requests.map(({ value, labels }) => [labels.http_response_status_code, value])).toEqual([
      [expect.stringMatching(/^40[14]$/), 1],
    ]);
  });

  it('names a pool of connections by where it leads, without user and password', () => {
    const { host, pathname } = new URL(database.dsn);
    const pools = lobby.samples.filter(({ name }) => name === 'db_client_connection_count');
    const names = pools.map(({ labels }) => labels.db_client_connection_pool_name);
    expect([...new Set(names)]).toEqual([`${host}${pathname}`]);
  });

  it('shows the series of every consumer from the start, at 0', () => {
    for (const name of ['stream_entries_handled_total', 'stream_dead_letters_total', 'stream_losses_total']) {
      const series = lobby.samples.filter((sample) => sample.name === name);
      expect(series.map(({ labels, value }) => [labels.consumer, value]).toSorted()).toEqual([
        ['gm_events', 0],
        ['runtime_results', 0],
        ['user_lifecycle', 0],
      ]);
    }
  });
});
