// The whole lobby as a process whose Redis is restarted, emptied, or unreachable, and whose PostgreSQL ends its sessions,
// while users send requests and games continue.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { type LocalRedis, startRedis } from '../../infra/local/redis.ts';
import type { Client } from '../support/lobby/lobby.ts';
import { listening } from '../support/lobby/lobby-process.ts';
import { LobbyStage, nameOf, streams, waiting } from '../support/lobby/stage.ts';

let folder: string;
let port: number;
let server: LocalRedis;
let stage: LobbyStage;
let ports: { public: number; internal: number };
const startServer = () => startRedis({ dataFolder: folder, port, password: 'secret' });
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-lobby-stores-'));
  port = await freePort();
  await restart();
  const address = { host: '127.0.0.1', port, addr: server.addr, password: 'secret', db: 0 };
  stage = await LobbyStage.open({ ...address, drop: async () => {} });
  const running = stage.start('lobby-all-in-one', {
    LOBBY_POSTGRES_OPERATION_TIMEOUT: '5s',
    LOBBY_REDIS_OPERATION_TIMEOUT: '1s',
  });
  ports = await listening(running);
});
afterAll(async () => {
  await stage?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const caller = (of?: Client) => stage.caller(ports, of);
const running = (gameId: string) =>
  vi.waitFor(async () => expect(await stage.statusOf(gameId)).toBe('running'), waiting);

/** A game that users bring to its start through the API, and how long the slowest request takes. */
async function ask() {
  const owner = caller();
  let slowestMs = 0;
  const timed = (client: Client): Client => ({
    ...client,
    async post(...request) {
      const since = performance.now();
      const response = await client.post(...request);
      slowestMs = Math.max(slowestMs, performance.now() - since);
      return response;
    },
  });
  const game = await stage.openGame(timed(owner), [timed(caller()), timed(caller())]);
  for (const verb of ['close-enrollment', 'start']) {
    expect(await timed(owner).post(`/games/${game.gameId}/${verb}`)).toMatchObject({ status: 200 });
  }
  const { rows } = await stage.lobby.pool.query('select runtime_job_id from lobby.games where game_id = $1', [
    game.gameId,
  ]);
  return { ...game, jobId: rows[0].runtime_job_id as string, slowestMs };
}

const restart = async () => {
  server = await startServer();
};
const losses: [string, () => Promise<void>, () => Promise<void>][] = [
  ['is restarted', () => server.stop(), restart],
  ['cannot be reached', async () => stage.toRedis.cut(), async () => stage.toRedis.heal()],
  ['does not respond', async () => stage.toRedis.stall(), async () => stage.toRedis.heal()],
];

test.each(losses)(
  'Redis %s: requests succeed, and their messages are published later',
  async (_, lose, heal) => {
    const before = await ask();
    await stage.tellResult(before);
    await running(before.gameId);
    await lose();
    const meanwhile = await ask();
    // A request does not wait for Redis.
    expect(meanwhile.slowestMs).toBeLessThan(10_000);
    expect(await stage.statusOf(meanwhile.gameId)).toBe('starting');
    await heal();
    await vi.waitFor(
      async () => expect(await stage.tellResult(meanwhile)).toEqual(expect.any(String)),
      waiting,
    );
    await stage.tellReport(before, { turn: 3 });
    await running(meanwhile.gameId);
    await vi.waitFor(async () => {
      expect(await caller(before.owner).get(`/games/${before.gameId}`)).toMatchObject({
        body: { current_turn: 3 },
      });
    }, waiting);
    await stage.expectWhole({ relayed: true });
  },
);

test('Redis is emptied: everything is published again, and repeats change nothing', async () => {
  const game = await ask();
  const user = caller();
  const owned = await stage.openGame(user);
  const reports = [1, 2, 3].map((turn) => stage.report(game, { turn }));
  const end = stage.report(game, { event_type: 'game_finished', turn: 4 });
  const block = { event_id: game.jobId, occurred_at_ms: Date.now() };
  const tellAll = async () => {
    await stage.tellResult(game);
    // A report that comes before its game runs waits for it.
    for (const report of [...reports, end]) await stage.tell(streams.gmEvents, report);
    return stage.tellBlock(user.userId, block);
  };
  await tellAll();
  const over = async () => {
    expect(await stage.statusOf(game.gameId)).toBe('finished');
    expect(await stage.statusOf(owned.gameId)).toBe('cancelled');
  };
  await vi.waitFor(over, waiting);
  await stage.expectWhole({ relayed: true });
  const tables = () => stage.lobby.tables({ except: ['outbox', 'consumers', 'idempotency_keys'] });
  const before = await tables();

  await stage.redis.flushall();
  const last = await tellAll();
  const next = await ask();
  await stage.tellResult(next);
  await running(next.gameId);
  await stage.handled(streams.userLifecycle, last);
  // The streams contain exactly what was ever in the outbox, in its order.
  await stage.expectWhole({ relayed: true });
  const after = await tables();
  for (const [table, rows] of Object.entries(before)) {
    expect(after[table], table).toEqual(expect.arrayContaining(rows));
  }
});

test('PostgreSQL ends all sessions repeatedly: a request that is retried until it succeeds has its effect once', async () => {
  const games = await Promise.all([1, 2, 3].map(() => stage.runningGame()));
  const open = await stage.openGame();
  await stage.lobby.outbox.settled();
  let [times, ended] = [0, 0];
  // While a request is under way; every third time the connections break without a word of the server.
  const endAll = async () => {
    times += 1;
    await delay(Math.random() * 40);
    ended += await stage.endSessions();
    if (times % 3 !== 0) return;
    stage.toPostgres.cut();
    stage.toPostgres.heal();
  };
  const persistently = async (client: Client, path: string, body: unknown, key: string) => {
    for (let attempt = 1; ; attempt += 1) {
      const request = client
        .post(path, { body, headers: { 'idempotency-key': key } })
        .catch(() => ({ status: 0, body: undefined }));
      // Once for each of them, so that they get through on a slow machine, too.
      if (attempt === 1) await endAll();
      const response = await request;
      if (response.status === 200 || response.status === 201) return response;
      expect([0, 500, 503], JSON.stringify(response)).toContain(response.status);
    }
  };
  const turns = 25;
  const reporting = (async () => {
    for (let turn = 1; turn <= turns; turn += 1) {
      for (const game of games) await stage.tellReport(game, { turn });
      await delay(30);
    }
  })();
  const applicants = Array.from({ length: 12 }, () => caller());
  for (const applicant of applicants) {
    const body = { race_name: nameOf(applicant) };
    await persistently(applicant, `/games/${open.gameId}/applications`, body, applicant.userId);
  }
  expect(ended).toBeGreaterThan(0);
  await reporting;
  for (const { gameId } of games) {
    await vi.waitFor(async () => {
      const { rows } = await stage.lobby.pool.query(
        `select count(*)::int as applied, (select current_turn from lobby.games where game_id = $1::uuid) as turn
         from lobby.processed_entries where consumer = 'gm_events' and event_id like $1::text || '/%'`,
        [gameId],
      );
      expect(rows).toEqual([{ applied: turns, turn: turns }]);
    }, waiting);
  }
  const { rows } = await stage.lobby.pool.query(
    `select user_id from lobby.applications where game_id = $1 and status = 'pending'`,
    [open.gameId],
  );
  const ids = (users: string[]) => users.toSorted();
  expect(ids(rows.map(({ user_id }) => user_id))).toEqual(ids(applicants.map(({ userId }) => userId)));
  await stage.expectWhole({ relayed: true });
});
