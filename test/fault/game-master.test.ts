// The Game Master's processes, killed at any moment while players send orders: no order that was acknowledged is lost, no
// turn is played twice, none is left out, and none comes early.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import {
  gameMasterTemplate,
  gameMasterVariables,
  PublishedEvents,
  registrationPath,
} from '../support/engines/game-master.ts';
import { BidEngine } from '../support/game-master/bid-engine.ts';
import { LobbyServer } from '../support/game-master/lobby-server.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';

const waiting = { timeout: 120_000, interval: 100 };
const seats = [1, 2];

let database: TestDatabase;
let redis: TestRedis;
let pool: pg.Pool;
let events: PublishedEvents;
let lobby: LobbyServer;
let engine: BidEngine;
let environment: Record<string, string>;
const processes = new Map<string, RunningProcess>();
beforeAll(async () => {
  database = await createTestDatabase(gameMasterTemplate);
  redis = await createTestRedis();
  pool = new pg.Pool({ connectionString: database.dsn, max: 4 });
  events = await PublishedEvents.of(redis);
  lobby = await new LobbyServer().start();
  engine = await new BidEngine().start();
  environment = {
    ...gameMasterVariables({ dsn: database.dsn, redis }, lobby.url),
    GM_HTTP_ADDR: `127.0.0.1:${await freePort()}`,
    GM_PUBLIC_HTTP_ADDR: `127.0.0.1:${await freePort()}`,
    // The games are registered here; the lobby of this test lists none.
    GM_RECOVERY_INTERVAL: '1h',
    GM_LOG_LEVEL: 'info',
  };
});
afterAll(async () => {
  for (const { child, ended } of processes.values()) {
    child.kill('SIGKILL');
    await ended;
  }
  events?.close();
  await Promise.all([engine?.stop(), lobby?.stop()]);
  await pool?.end();
  await database?.drop();
  await redis?.drop();
});

const entries = {
  http: 'infra/node/game-master-http.ts',
  'first worker': 'workers/game-turns.ts',
  'second worker': 'workers/game-turns.ts',
  relay: 'workers/gm-outbox-relay.ts',
} as const;

type Name = keyof typeof entries;

/** Starts a process, and waits until it does its work. */
async function start(name: Name): Promise<void> {
  const running = runEntry(entries[name], environment);
  processes.set(name, running);
  const sign = name === 'http' ? '"listener":"public-http"' : '"msg":"worker started"';
  await vi.waitFor(() => expect(running.stdout()).toContain(sign), waiting);
}

async function kill(name: Name): Promise<void> {
  const running = processes.get(name);
  running?.child.kill('SIGKILL');
  await running?.ended;
}

type Sent = { readonly bid: number; readonly acknowledged: boolean };

/** Sends orders for the open turn again and again until the game is over. @returns what was sent, by turn. */
async function play(gameId: string, userId: string): Promise<Map<number, Sent[]>> {
  const sent = new Map<number, Sent[]>();
  const url = `http://${environment.GM_PUBLIC_HTTP_ADDR}/api/v1/games/${gameId}`;
  const headers = { 'x-user-id': userId, 'content-type': 'application/json' };
  for (let bid = 0; ; bid = (bid + 1) % 10) {
    try {
      const turn = (await (await fetch(`${url}/turn`, { headers })).json()) as {
        status?: string;
        turn: number;
      };
      if (turn.status === 'finished') return sent;
      if (turn.status === 'open') {
        const body = { turn: turn.turn, orders: { bid }, ready: Math.random() < 0.2 };
        const orders = sent.get(turn.turn) ?? [];
        sent.set(turn.turn, orders);
        // Whether it was stored is not known while there is no response.
        const index = orders.push({ bid, acknowledged: false }) - 1;
        const response = await fetch(`${url}/orders`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        if (response.status === 200) orders[index] = { bid, acknowledged: true };
        else if (response.status < 500) orders.splice(index, 1);
      }
    } catch {
      // The process was killed; the next attempt meets the one that was started instead.
    }
    await delay(20 + Math.random() * 80);
  }
}

test('whichever process is killed whenever', { timeout: 300_000 }, async () => {
  await Promise.all((Object.keys(entries) as Name[]).map(start));
  const games = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const gameId = uuidv7();
      const runtimeJobId = uuidv7();
      const users = seats.map(() => uuidv7());
      lobby.games.set(gameId, {
        status: 'running',
        runtimeJobId,
        ownerUserId: users[0] ?? '',
        spectators: false,
        public: false,
        seats: new Map(users.map((userId, index) => [userId, index + 1])),
        members: new Set(),
      });
      const response = await fetch(`http://${environment.GM_HTTP_ADDR}${registrationPath(gameId)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          runtime_job_id: runtimeJobId,
          container_id: 'container',
          engine_endpoint: engine.empty(gameId, 1_000_000),
          turn_schedule: null,
          time_zone: 'UTC',
          turn_seconds: 2,
          players: users.map((user_id, index) => ({ user_id, race_name: `R ${index}`, seat: index + 1 })),
        }),
      });
      expect(response.status).toBe(200);
      return { gameId, users };
    }),
  );
  const playing = games.map(({ gameId, users }) => Promise.all(users.map((userId) => play(gameId, userId))));
  // One at a time, and none that has not started: the others go on, so that there is something to be lost.
  for (const name of ['http', 'first worker', 'second worker', 'relay', 'http', 'first worker'] as const) {
    await delay(200 + Math.random() * 800);
    await kill(name);
    await start(name);
  }
  const lastTurns = games.map(({ gameId }) => engine.endSoon(gameId));
  const sent = await Promise.all(playing);

  for (const [index, { gameId }] of games.entries()) {
    const turns = engine.played(gameId);
    const lastTurn = lastTurns[index] ?? 0;
    expect(turns.map(({ turn }) => turn)).toEqual(Array.from({ length: lastTurn }, (_, at) => at + 1));
    const acknowledged = sent[index]?.flatMap((mine) => [...mine.values()].flat()) ?? [];
    expect(acknowledged.filter((orders) => orders.acknowledged).length).toBeGreaterThan(2);
    for (const { turn, orders } of turns) {
      for (const { seat, orders: got } of orders) {
        const mine = sent[index]?.[seat - 1]?.get(turn) ?? [];
        const lastAcknowledged = mine.findLastIndex(({ acknowledged }) => acknowledged);
        // What came after it may have been stored as well, although nobody heard so.
        const possible = mine.slice(Math.max(lastAcknowledged, 0)).map(({ bid }) => bid);
        if (got === null) expect(lastAcknowledged).toBe(-1);
        else expect(possible).toContain((got as { bid: number }).bid);
      }
    }
    const { rows } = await pool.query(
      'select turn, close_reason, due_at, played_at from game_master.turns where game_id = $1 order by turn',
      [gameId],
    );
    expect(rows.map(({ turn, played_at }) => [turn, played_at !== null])).toEqual(
      turns.map(({ turn }) => [turn, true]),
    );
    for (const { turn, close_reason, due_at } of rows) {
      if (close_reason !== 'due') continue;
      const first = engine.turnCalls.find((call) => call.gameId === gameId && call.request.turn === turn);
      expect(first?.at).toBeGreaterThanOrEqual(due_at.getTime());
    }
    // The relay is killed, too: every report gets to the lobby at last, in order.
    await vi.waitFor(async () => {
      const told = await events.once(gameId);
      expect(told.at(-1)).toMatchObject({ event_type: 'game_finished', turn: lastTurn });
      expect(told.map(({ report_seq }) => report_seq)).toEqual(told.map((_, at) => at + 1));
    }, waiting);
  }
});
