// The Game Master as a process with the SDK running, and a collector that records what it gets.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withClient } from '../../../infra/local/postgres.ts';
import { gameMasterInstruments } from '../../../lib/game-master/instruments.ts';
import {
  gameMasterTemplate,
  gameMasterVariables,
  registrationPath,
} from '../../support/engines/game-master.ts';
import { BidEngine } from '../../support/game-master/bid-engine.ts';
import { LobbyServer } from '../../support/game-master/lobby-server.ts';
import { listening } from '../../support/lobby/lobby-process.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/telemetry/otlp-receiver.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const traceId = '0af7651916cd43dd8448eb211c80319c';
const gameId = uuidv7();
const userId = uuidv7();

let redis: TestRedis;
let database: TestDatabase;
let lobby: LobbyServer;
let engine: BidEngine;
let collector: OtlpReceiver;
let running: RunningProcess;
beforeAll(async () => {
  [redis, database] = await Promise.all([createTestRedis(), createTestDatabase(gameMasterTemplate)]);
  [lobby, engine, collector] = await Promise.all([
    new LobbyServer().start(),
    new BidEngine().start(),
    startOtlpReceiver(),
  ]);
  await insertGame(engine.setUp(gameId, { seats: [1], awaiting: [1], lastTurn: 10 }));
  running = runEntry('workers/game-master.ts', {
    ...gameMasterVariables({ dsn: database.dsn, redis }, lobby.url),
    GM_HTTP_ADDR: '127.0.0.1:0',
    GM_PUBLIC_HTTP_ADDR: '127.0.0.1:0',
    GM_LOG_LEVEL: 'trace',
    NODE_OPTIONS: '--import ./infra/node/telemetry.ts',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_METRIC_EXPORT_INTERVAL: '100',
    OTEL_METRIC_EXPORT_TIMEOUT: '100',
  });
});
afterAll(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  await Promise.all([lobby.stop(), engine.stop(), collector.close()]);
  await Promise.all([redis.drop(), database.drop()]);
});

/** @returns the runtime of a game of one player. */
function addToLobby(id: string): string {
  const runtimeJobId = uuidv7();
  lobby.games.set(id, {
    status: 'running',
    runtimeJobId,
    ownerUserId: uuidv7(),
    spectators: false,
    public: true,
    seats: new Map([[userId, 1]]),
    members: new Set(),
  });
  return runtimeJobId;
}

/** A game whose first turn is open. */
async function insertGame(endpoint: string): Promise<void> {
  const runtimeJobId = addToLobby(gameId);
  await withClient(database.dsn, async (client) => {
    await client.query(
      `insert into game_master.games (game_id, runtime_job_id, container_id, engine_endpoint, game_name, time_zone,
         turn_seconds, early, spectators, options, seed, status, phase, awaiting, opened_at, due_at, next_attempt_at)
       values ($1, $2, 'c1', $3, 'Bids', 'UTC', 3600, 'all_ready', false, '{}', '\\x00', 'running', 'open', '{1}', now(),
         now() + interval '1 hour', now() + interval '1 hour')`,
      [gameId, runtimeJobId, endpoint],
    );
    await client.query(
      `insert into game_master.seats (game_id, seat, user_id, label) values ($1, 1, $2, 'Zerg')`,
      [gameId, userId],
    );
  });
}

test('a turn is traced from the orders that close it to the report, and orders are in no trace and no log', async () => {
  const { public: port } = await listening(running);
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/games/${gameId}/orders`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-user-id': userId,
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    },
    body: JSON.stringify({ turn: 1, orders: { bid: 7, why: 'nobody may read this' }, ready: true }),
  });
  expect([response.status, await response.json()]).toMatchObject([
    200,
    { turn: 1, state: 'ready', turn_now: 2 },
  ]);
  const [played] = engine.played(gameId);
  expect(played?.orders).toEqual([
    { seat: 1, orders: { bid: 7, why: 'nobody may read this' }, state: 'ready' },
  ]);
  const { rows } = await withClient(database.dsn, (client) =>
    client.query(
      `select kind, traceparent from game_master.outbox where ordering_key = $1 order by position`,
      [gameId],
    ),
  );
  expect(rows).toEqual([
    // To the players, to the lobby, and what the engine says of the turn.
    { kind: 'notification_intent', traceparent: expect.stringContaining(traceId) },
    { kind: 'report', traceparent: expect.stringContaining(traceId) },
    { kind: 'notification_intent', traceparent: expect.stringContaining(traceId) },
  ]);
  await collector.until('the calls to the engine', () => {
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    return spans.filter(({ name }) => name === 'POST').length >= 3 ? spans : undefined;
  });
  expect(collector.text()).not.toContain('nobody may read this');
  expect(running.stdout()).not.toContain('nobody may read this');
});

test('it exports every metric of its page', async () => {
  const { internal: port } = await listening(running);
  const other = uuidv7();
  const runtimeJobId = addToLobby(other);
  const response = await fetch(`http://127.0.0.1:${port}${registrationPath(other)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      runtime_job_id: runtimeJobId,
      container_id: 'c2',
      // An engine without a manifest.
      engine_endpoint: engine.setUp(other, { seats: [1], awaiting: [1], lastTurn: 10 }),
      turn_schedule: '0 20 * * *',
      time_zone: 'UTC',
      players: [{ user_id: userId, race_name: 'Zerg' }],
    }),
  });
  expect(response.status).toBe(200);
  await collector.until('all metrics', () => {
    const measured = new Set(collector.metrics.map(({ name }) => name));
    return gameMasterInstruments.declarations.every(({ name }) => measured.has(name)) ? true : undefined;
  });
});
