// What a real lobby process tells of itself to those who ask for traces and metrics.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { listening, lobbyEnvironment, logOf } from '../../support/lobby/lobby-process.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { connectRedis } from '../../support/stores/stream-consumer.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/telemetry/otlp-receiver.ts';

let redis: TestRedis;
let database: TestDatabase;
let collector: OtlpReceiver;
beforeAll(async () => {
  [redis, database, collector] = await Promise.all([
    createTestRedis(),
    createTestDatabase(),
    startOtlpReceiver(),
  ]);
});
afterAll(async () => {
  await Promise.all([redis.drop(), database.drop(), collector.close()]);
});

let running: RunningProcess | undefined;
afterEach(() => {
  // Only a test that failed leaves one.
  if (running?.child.exitCode === null) running.child.kill('SIGKILL');
});

const preloaded = { NODE_OPTIONS: '--import ./infra/node/telemetry.ts' };
const traceId = '0af7651916cd43dd8448eb211c80319c';

/** Runs a lobby that answers one request of this trace, and stops it. */
async function lobbyWith(env: Record<string, string>): Promise<RunningProcess> {
  running = runEntry('workers/lobby-all-in-one.ts', { ...lobbyEnvironment(database, redis), ...env });
  const ports = await listening(running);
  const response = await fetch(`http://127.0.0.1:${ports.internal}/api/v1/internal/lobby/games`, {
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  expect(response.status).toBe(200);
  running.child.kill('SIGTERM');
  expect((await running.ended).exitCode).toBe(0);
  return running;
}

/** Lines that are no log lines. */
const printed = (lobby: RunningProcess) =>
  lobby
    .stdout()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{"level":'))
    .join('\n');

describe('LOBBY_OTEL_STDOUT_*_ENABLED', { timeout: 90_000 }, () => {
  const traces = { LOBBY_OTEL_STDOUT_TRACES_ENABLED: 'true' };
  const metrics = { LOBBY_OTEL_STDOUT_METRICS_ENABLED: 'true' };

  test('print traces, which go on with that of the caller', async () => {
    const output = printed(await lobbyWith({ ...preloaded, ...traces }));
    expect(output).toContain(`traceId: '${traceId}'`);
    expect(output).toContain("'service.name': 'galaxy-lobby-all-in-one'");
    expect(output).not.toContain('http.server.request.duration');
  });

  test('print metrics', async () => {
    const output = printed(await lobbyWith({ ...preloaded, ...metrics }));
    expect(output).toContain('http.server.request.duration');
    expect(output).not.toContain('traceId:');
  });

  test('warn that they do nothing where the set-up was not loaded', async () => {
    const lobby = await lobbyWith({ ...traces, ...metrics });
    expect(printed(lobby)).toBe('');
    expect(logOf(lobby).filter(({ level }) => level === 'warn')).toMatchObject([
      {
        msg: 'LOBBY_OTEL_STDOUT_TRACES_ENABLED and LOBBY_OTEL_STDOUT_METRICS_ENABLED do nothing without: node --import ./infra/node/telemetry.ts',
      },
    ]);
  });
});

test('OTEL_EXPORTER_OTLP_ENDPOINT gets spans of requests with their statements below, and metrics', {
  timeout: 90_000,
}, async () => {
  await lobbyWith({
    ...preloaded,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  const ofRequest = collector.spans.filter((span) => span.traceId === traceId);
  const request = ofRequest.find(({ parentSpanId }) => parentSpanId === 'b7ad6b7169203331');
  expect(request?.name).toMatch(/^GET/);
  const statement = ofRequest.find(({ name }) => name.startsWith('pg.query'));
  expect(ofRequest.map(({ spanId }) => spanId)).toContain(statement?.parentSpanId);
  const names = collector.metrics.map(({ name }) => name);
  expect(names).toContain('http.server.request.duration');
  expect(names).toContain('lobby.gm_events.oldest_unprocessed_age_ms');
  expect(collector.text()).toContain('galaxy-lobby-all-in-one');
});

test('an entry of a stream is handled in the trace of its cause, with its statements below', {
  timeout: 90_000,
}, async () => {
  const cause = '4bf92f3577b34da6a3ce929d0e0e4736';
  const connection = await connectRedis(redis);
  const event = {
    event_id: randomUUID(),
    event_type: 'permanent_blocked',
    user_id: randomUUID(),
    reason_code: 'cheating',
    occurred_at_ms: '1',
    traceparent: `00-${cause}-00f067aa0ba902b7-01`,
  };
  await connection.xadd('user:lifecycle_events', '*', ...Object.entries(event).flat());
  connection.disconnect();
  running = runEntry('workers/user-lifecycle.ts', {
    ...lobbyEnvironment(database, redis),
    ...preloaded,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  const consumed = () => collector.spans.find(({ name }) => name === 'consume user_lifecycle');
  const span = await vi.waitFor(
    () => {
      const found = consumed();
      if (found === undefined) throw new Error('nothing was consumed yet');
      return found;
    },
    { timeout: 60_000 },
  );
  running.child.kill('SIGTERM');
  expect((await running.ended).exitCode).toBe(0);
  expect(span).toMatchObject({ traceId: cause, parentSpanId: '00f067aa0ba902b7' });
  const below = collector.spans.filter(({ parentSpanId }) => parentSpanId === span.spanId);
  expect(below.some(({ name }) => name.startsWith('pg.query'))).toBe(true);
});
