// The lobby's outbox relay as a real process, beside whose consumers none runs.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPool } from '../../../lib/postgres/pool.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { lobbyTemplate } from '../../support/lobby/lobby.ts';
import { lobbyEnvironment, stop } from '../../support/lobby/lobby-process.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { connectRedis } from '../../support/stores/stream-consumer.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/telemetry/otlp-receiver.ts';

vi.setConfig({ testTimeout: 180_000 });
const patience = { timeout: 60_000, interval: 25 };
const hour = 3_600_000;

let database: TestDatabase;
let pool: pg.Pool;
let server: TestRedis;
let redis: Redis;
let proxy: TcpProxy;
let collector: OtlpReceiver;
beforeAll(async () => {
  database = await createTestDatabase(lobbyTemplate);
  pool = createPool(
    { dsn: database.dsn, maxConnections: 2, maxIdleConnections: 0, operationTimeoutMs: 5_000 },
    () => {},
  );
  server = await createTestRedis();
  redis = await connectRedis(server);
  proxy = await startTcpProxy(server);
  collector = await startOtlpReceiver();
});
afterAll(async () => {
  redis.disconnect();
  await pool.end();
  await Promise.all([proxy.close(), collector.close(), server.drop(), database.drop()]);
});

let running: RunningProcess;
beforeEach(async () => {
  await redis.flushdb();
});
afterEach(async () => {
  proxy.heal();
  if (running.child.exitCode === null) running.child.kill('SIGKILL');
  await running.ended;
});

function startRelay(env: Record<string, string> = {}): void {
  running = runEntry('workers/lobby-outbox-relay.ts', {
    ...lobbyEnvironment(database, { ...server, addr: proxy.addr }),
    ...env,
  });
}

/** As an operation leaves it whose process dies right after its commit. */
async function leaveStopJob(): Promise<Record<string, unknown>> {
  const [jobId, startJobId, gameId] = [randomUUID(), randomUUID(), randomUUID()];
  const payload = {
    job_id: jobId,
    start_job_id: startJobId,
    game_id: gameId,
    reason: 'cancelled',
    requested_at_ms: 1,
  };
  await pool.query(`insert into lobby.outbox (kind, ordering_key, payload) values ('stop_job', $1, $2)`, [
    gameId,
    payload,
  ]);
  return payload;
}

const stopJobs = async () =>
  (await redis.xrange('runtime:stop_jobs', '-', '+')).map(
    ([, fields]) => fields[fields.indexOf('job_id') + 1],
  );

describe('the outbox relay of the lobby', () => {
  it('publishes what the process that wrote it did not, and once more when Redis was emptied', async () => {
    const left = await leaveStopJob();
    startRelay();
    await vi.waitFor(async () => expect(await stopJobs()).toContain(left.job_id), patience);
    const later = await leaveStopJob();
    await vi.waitFor(async () => expect(await stopJobs()).toContain(later.job_id), patience);
    await vi.waitFor(async () => expect(await redis.exists('lobby:outbox:life')).toBe(1), patience);

    await redis.flushdb();
    await vi.waitFor(async () => {
      expect(await stopJobs()).toEqual(expect.arrayContaining([left.job_id, later.job_id]));
    }, patience);
    await stop(running);
  });

  it('keeps the streams of the lobby’s consumers short, and forgets what they applied two weeks ago', async () => {
    const now = Date.now();
    // So large that each entry has a node of its stream to itself.
    const filler = 'x'.repeat(5_000);
    for (const stream of ['gm:lobby_events', 'runtime:job_results']) {
      for (const hours of [30, 28, 26]) await redis.xadd(stream, `${now - hours * hour}-0`, 'filler', filler);
    }
    await redis.set('lobby:stream_offsets:gm_events', `${now - 28 * hour}-0`);
    await pool.query(
      `insert into lobby.processed_entries (consumer, event_id, processed_at)
       select 'gm_events', days::text, now() - days * interval '1 day' from unnest(array[13, 15]) days`,
    );
    startRelay();
    await vi.waitFor(async () => {
      expect(await redis.xlen('gm:lobby_events')).toBe(2);
      const { rows } = await pool.query('select event_id from lobby.processed_entries');
      expect(rows).toEqual([{ event_id: '13' }]);
    }, patience);
    // Whose offset nobody knows.
    expect(await redis.xlen('runtime:job_results')).toBe(3);
    await stop(running);
  });
});

describe('the gauges', () => {
  type Name = 'gm_events' | 'runtime_results' | 'user_lifecycle';

  /** What was exported last; undefined when that was nothing. */
  function last(name: Name): number | undefined {
    const exported = collector.metrics.findLast(
      (metric) => metric.name === `lobby.${name}.oldest_unprocessed_age_ms`,
    );
    const gauge = exported?.gauge as { dataPoints: { asDouble?: number; asInt?: number }[] } | undefined;
    const point = gauge?.dataPoints[0];
    return point?.asDouble ?? point?.asInt;
  }

  const becomes = (name: Name, fits: (ms: number) => boolean) =>
    vi.waitFor(() => {
      const ms = last(name);
      expect(ms !== undefined && fits(ms), `${name} is ${ms}`).toBe(true);
      return Number(ms);
    }, patience);

  it('climb while a consumer does not run, is behind, or cannot be asked for, and only then', async () => {
    const minute = 60_000;
    const oldId = `${Date.now() - minute}-0`;
    await redis.xadd('gm:lobby_events', oldId, 'a', '');
    startRelay({
      NODE_OPTIONS: '--import ./infra/node/telemetry.ts',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.url}/v1/metrics`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRIC_EXPORT_INTERVAL: '200',
    });

    // It has never run: the oldest entry of all.
    const first = await becomes('gm_events', (ms) => ms >= minute);
    await becomes('gm_events', (ms) => ms > first);
    expect(first).toBeLessThan(minute + 100_000);
    expect([last('runtime_results'), last('user_lifecycle')]).toEqual([0, 0]);

    await redis.set('lobby:stream_offsets:gm_events', oldId);
    await becomes('gm_events', (ms) => ms === 0);

    // It has stopped, and something comes.
    await redis.xadd('gm:lobby_events', '*', 'a', '');
    const second = await becomes('gm_events', (ms) => ms > 0);
    expect(second).toBeLessThan(minute);
    await becomes('gm_events', (ms) => ms > second + 1_000);

    proxy.cut();
    const third = await becomes('user_lifecycle', (ms) => ms > 0);
    await becomes('user_lifecycle', (ms) => ms > third + 1_000);
    proxy.heal();
    await becomes('user_lifecycle', (ms) => ms === 0);
    await becomes('gm_events', (ms) => ms > second);
  });
});
