// The Game Master with the real lobby: what it reads there, and how the lobby applies its events.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { applyGmEvent } from '../../../lib/lobby/operations/apply-gm-event.ts';
import { createGameMaster } from '../../../lib/lobby/peers/game-master.ts';
import { lockAnyGame } from '../../../lib/lobby/store/games.ts';
import { type Listener, listenHttp } from '../../../lib/node/http-listener.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { FakeEngine } from '../../support/engines/fake-engine.ts';
import {
  gameMasterVariables,
  PublishedEvents,
  startTestGameMaster,
  type TestGameMaster,
  waiting,
} from '../../support/engines/game-master.ts';
import { field, join, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

const log = createLogger({ service: 'test', level: 'silent' });
const timeouts = { readHeaderTimeoutMs: 2_000, readTimeoutMs: 10_000, idleTimeoutMs: 60_000 };

let redis: TestRedis;
let lobby: TestLobby;
let internalHttp: Listener;
let gameMaster: TestGameMaster;
let published: PublishedEvents;
let engine: FakeEngine;
let owner: Client;
let players: Client[];
let gameId: string;
beforeAll(async () => {
  redis = await createTestRedis();
  published = await PublishedEvents.of(redis);
  lobby = await createTestLobby();
  internalHttp = await listenHttp(lobby.internalApp, { host: '127.0.0.1', port: 0 }, timeouts, log);
  gameMaster = await startTestGameMaster({
    ...gameMasterVariables(redis, `http://127.0.0.1:${internalHttp.port}`),
    GM_RECOVERY_INTERVAL: '1h',
  });
  engine = await new FakeEngine().start();
  engine.lastTurn = 5;

  owner = lobby.player();
  players = [lobby.player(), lobby.player()];
  gameId = await makeOpenGame(owner, { max_players: 2 });
  for (const player of players) await join(player, owner, gameId, `R ${player.userId.slice(-12)}`);
  expect(await owner.post(`/games/${gameId}/start`)).toMatchObject({ status: 200 });
});
afterAll(async () => {
  await gameMaster.stop();
  await engine.stop();
  await internalHttp.close(0);
  await lobby.close();
  published.close();
  await redis.drop();
});

const setGame = (assignments: string) =>
  lobby.pool.query(`update lobby.games set ${assignments} where game_id = $1`, [gameId]);
const show = async () => (await lobby.admin().get(`/games/${gameId}`)).body as Record<string, unknown>;

/** Applies the published events as the lobby's consumer does. */
async function applyPublishedEvents(): Promise<void> {
  for (const event of await published.once(gameId)) {
    await inTransaction(lobby.db, async (tx) => {
      const game = await lockAnyGame(tx, gameId);
      if (game === undefined) throw new Error('the game is gone');
      await applyGmEvent(tx, lobby, game, event, { at: lobby.now(), traceparent: undefined });
    });
  }
}

test('a game is registered, played, paused, resumed and finished', async () => {
  const context = { requestId: 'request-1' };
  const jobId = field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
  const registrar = createGameMaster({ baseUrl: gameMaster.url, timeoutMs: 2_000, log });
  await registrar.probe(context);
  await registrar.register(
    {
      gameId,
      runtimeJobId: jobId,
      containerId: 'c1',
      engineEndpoint: engine.url,
      turnSchedule: '0 20 * * 1-5',
      timeZone: 'Europe/Berlin',
      players: players.map(({ userId }) => ({ userId, raceName: `R ${userId.slice(-12)}` })),
    },
    context,
  );
  await vi.waitFor(async () => expect(await published.story(gameId)).toEqual(['0 ok']), waiting);
  // The lobby has not recorded the registration, so no turn is played.
  expect(engine.requestedTurns).toEqual([]);

  await setGame(`status = 'running', container_id = 'c1', engine_endpoint = '${engine.url}',
    bound_at = now(), registered_at = now()`);
  await vi.waitFor(() => expect(engine.turn).toBeGreaterThanOrEqual(2), waiting);
  expect(await owner.post(`/games/${gameId}/pause`)).toMatchObject({ status: 200 });
  await applyPublishedEvents();
  expect(await show()).toMatchObject({ status: 'paused', runtime_status: 'running', engine_health: 'ok' });

  expect(await owner.post(`/games/${gameId}/resume`)).toMatchObject({ status: 200 });
  await vi.waitFor(async () => expect(await published.story(gameId)).toContain('5 finished'), waiting);
  expect(await published.story(gameId)).toEqual([
    '0 ok',
    '1 ok',
    '2 ok',
    '3 ok',
    '4 ok',
    '5 ok',
    '5 finished',
  ]);
  await applyPublishedEvents();
  expect(await show()).toMatchObject({ status: 'finished', current_turn: 5, runtime_status: 'finished' });
  const { rows } = await lobby.pool.query(
    'select initial_planets::int as initial, max_planets::int as max from lobby.member_statistics where game_id = $1',
    [gameId],
  );
  expect(rows.toSorted((a, b) => a.max - b.max)).toEqual([
    { initial: 1, max: 1 },
    { initial: 1, max: 6 },
  ]);
});

test('a Game Master that starts later finds an unknown game with its players', async () => {
  const other = await new FakeEngine().start();
  await setGame(
    `status = 'running', engine_endpoint = '${other.url}', current_turn = null, snapshot_at = null`,
  );
  await gameMaster.stop();
  gameMaster = await startTestGameMaster(gameMasterVariables(redis, `http://127.0.0.1:${internalHttp.port}`));
  await vi.waitFor(() => expect(other.turn).toBeGreaterThanOrEqual(2), waiting);
  expect(other.setup).toEqual({
    game_id: gameId,
    players: players.map(({ userId }) => ({ user_id: userId, race_name: `R ${userId.slice(-12)}` })),
  });
  await other.stop();
});
