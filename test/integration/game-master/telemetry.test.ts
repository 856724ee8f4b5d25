// The Game Master as a process with the SDK running, and a collector that records what it gets.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { gameMasterInstruments } from '../../../lib/game-master/instruments.ts';
import { FakeEngine } from '../../support/engines/fake-engine.ts';
import { type FakeLobby, startFakeLobby } from '../../support/engines/fake-lobby.ts';
import { gameMasterVariables, PublishedEvents, waiting } from '../../support/engines/game-master.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/telemetry/otlp-receiver.ts';

vi.setConfig({ testTimeout: 60_000 });

let redis: TestRedis;
let lobby: FakeLobby;
let published: PublishedEvents;
let engine: FakeEngine;
let collector: OtlpReceiver;
let running: RunningProcess;
beforeAll(async () => {
  redis = await createTestRedis();
  lobby = await startFakeLobby();
  published = await PublishedEvents.of(redis);
  engine = await new FakeEngine().start();
  collector = await startOtlpReceiver();
  running = runEntry('workers/game-master.ts', {
    ...gameMasterVariables(redis, lobby.server.url),
    GM_HTTP_ADDR: '127.0.0.1:0',
    NODE_OPTIONS: '--import ./infra/node/telemetry.ts',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_METRIC_EXPORT_INTERVAL: '100',
    OTEL_METRIC_EXPORT_TIMEOUT: '100',
  });
});
afterAll(async () => {
  running.child.kill('SIGKILL');
  await running.ended;
  await collector.close();
  await engine.stop();
  await lobby.close();
  published.close();
  await redis.drop();
});

test('each turn is a trace of its own, from the request to the lobby to the published entry', async () => {
  const game = lobby.add({ engine_endpoint: engine.url });
  await vi.waitFor(async () => expect(await published.story(game.game_id)).toContain('2 ok'), {
    ...waiting,
    timeout: 40_000,
  });
  const traces = (await published.all(game.game_id)).map(({ traceparent }) => traceparent.split('-')[1]);
  expect(new Set(traces).size).toBe(traces.length);
  const [takenOver = '', turn = ''] = traces;
  const named = (trace: string, name: string) =>
    collector.until(name, () => collector.spans.find((s) => s.traceId === trace && s.name === name));
  expect((await named(takenOver, 'game_master.take_over')).parentSpanId ?? '').toBe('');
  const root = await named(turn, 'game_master.turn');
  for (const name of ['GET', 'POST']) {
    expect((await named(turn, name)).parentSpanId).toBe(root.spanId);
  }
  const asked = lobby.server.received.filter(({ url }) => url.endsWith(game.game_id));
  expect(asked.some(({ headers }) => headers.traceparent?.includes(turn))).toBe(true);
});

test('it exports every metric of the page, and no other', async () => {
  await collector.until('the games', () =>
    collector.metrics.find(({ name }) => name === 'game_master_events_published_total'),
  );
  const measured = new Set(collector.metrics.map(({ name }) => name));
  const page = await readFile(join(import.meta.dirname, '../../../docs/game-master.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `game_master_'));
  const declared = gameMasterInstruments.declarations.map(
    ({ name, type, labels, meaning }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${meaning} |`,
  );
  expect(rows.toSorted()).toEqual(declared.toSorted());
  for (const { name } of gameMasterInstruments.declarations) expect(measured).toContain(name);
});
