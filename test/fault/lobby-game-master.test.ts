// The lobby and the Game Master as real processes, of which the latter is down when a game is registered, and when it is
// resumed: the game waits, its timeline says why, and it is played once both run; by itself, unless a person paused it.
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { gameMasterTemplate, gameMasterVariables } from '../support/engines/game-master.ts';
import { BidEngine } from '../support/game-master/bid-engine.ts';
import { listening } from '../support/lobby/lobby-process.ts';
import { kill, LobbyStage, type StartingGame, waiting } from '../support/lobby/stage.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';

let stage: LobbyStage;
let engine: BidEngine;
let database: TestDatabase;
let games: pg.Pool;
let gameMasterAddr: string;
let gameMaster: RunningProcess | undefined;
let ports: { public: number; internal: number };
beforeAll(async () => {
  stage = await LobbyStage.open();
  engine = await new BidEngine().start();
  database = await createTestDatabase(gameMasterTemplate);
  games = new pg.Pool({ connectionString: database.dsn, max: 2 });
  gameMasterAddr = `127.0.0.1:${await freePort()}`;
  const lobby = stage.start('lobby-all-in-one', {
    LOBBY_GM_BASE_URL: `http://${gameMasterAddr}`,
    LOBBY_REGISTRATION_RETRY_INTERVAL: '200ms',
    // One that has just started is slow on a busy machine.
    LOBBY_GM_TIMEOUT: '20s',
    LOBBY_POSTGRES_OPERATION_TIMEOUT: '',
    LOBBY_REDIS_OPERATION_TIMEOUT: '',
  });
  ports = await listening(lobby);
});
afterAll(async () => {
  if (gameMaster !== undefined) await kill(gameMaster);
  await stage?.close();
  await engine?.stop();
  await games?.end();
  await database?.drop();
});

async function startGameMaster(): Promise<void> {
  gameMaster = runEntry('workers/game-master.ts', {
    ...gameMasterVariables({ dsn: database.dsn, redis: stage.server }, `http://127.0.0.1:${ports.internal}`),
    GM_HTTP_ADDR: gameMasterAddr,
    GM_PUBLIC_HTTP_ADDR: `127.0.0.1:${await freePort()}`,
  });
  await vi.waitFor(
    async () => expect(await fetch(`http://${gameMasterAddr}/readyz`)).toMatchObject({ status: 200 }),
    waiting,
  );
}

const turnOf = async ({ gameId }: StartingGame): Promise<number> => {
  const { rows } = await stage.lobby.pool.query('select current_turn from lobby.games where game_id = $1', [
    gameId,
  ]);
  return rows[0].current_turn ?? -1;
};
/** Its deadline comes at once. */
async function playTurn(game: StartingGame, turn: number): Promise<void> {
  await vi.waitFor(async () => {
    const { rowCount } = await games.query(
      `update game_master.games set due_at = now(), next_attempt_at = now()
       where game_id = $1 and phase = 'open' and played_turn = $2 and due_at is not null`,
      [game.gameId, turn - 1],
    );
    expect(rowCount).toBe(1);
  }, waiting);
  await vi.waitFor(async () => expect(await turnOf(game)).toBe(turn), waiting);
}
const notificationsOf = async ({ gameId }: StartingGame, type: string): Promise<number> => {
  const { rowCount } = await stage.lobby.pool.query(
    `select 1 from lobby.outbox where ordering_key = $1 and payload ->> 'notification_type' = $2`,
    [gameId, type],
  );
  return rowCount ?? 0;
};
const away = { status: 503, body: { error: { code: 'service_unavailable' } } };

test('a Game Master that is down at registration and at resume leaves a game paused, and plays it once it runs', async () => {
  const game = await stage.startingGame();
  const owner = stage.caller(ports, game.owner);
  const pull = (verb: string) => owner.post(`/games/${game.gameId}/${verb}`);
  await stage.tellResult(game, { engine_endpoint: engine.empty(game.gameId, 4) });
  await vi.waitFor(async () => expect(await stage.statusOf(game.gameId)).toBe('paused'), waiting);
  expect((await stage.movesOf(game.gameId)).at(-1)).toBe('runtime_unregistered');
  const { rows } = await stage.lobby.pool.query(
    'select reason from lobby.timeline where game_id = $1 order by revision desc limit 1',
    [game.gameId],
  );
  expect(rows).toEqual([{ reason: 'the Game Master did not take the game over' }]);
  expect(await notificationsOf(game, 'lobby.runtime_paused_after_start')).toBe(1);
  expect(await pull('resume')).toMatchObject(away);
  expect((await stage.movesOf(game.gameId)).at(-1)).toBe('runtime_unregistered');

  await startGameMaster();
  await vi.waitFor(async () => expect(await stage.statusOf(game.gameId)).toBe('running'), waiting);
  await playTurn(game, 1);
  await playTurn(game, 2);

  expect(await pull('pause')).toMatchObject({ status: 200 });
  await kill(gameMaster as RunningProcess);
  expect(await pull('resume')).toMatchObject(away);
  expect(await stage.statusOf(game.gameId)).toBe('paused');
  await startGameMaster();
  expect(await pull('resume')).toMatchObject({ status: 200, body: { status: 'running' } });
  await playTurn(game, 3);
  await playTurn(game, 4);
  await vi.waitFor(async () => expect(await stage.statusOf(game.gameId)).toBe('finished'), waiting);
  expect(await turnOf(game)).toBe(4);
  expect(engine.played(game.gameId)).toHaveLength(4);
  expect((await stage.movesOf(game.gameId)).slice(3)).toEqual([
    'runtime_unregistered',
    'resume',
    'pause',
    'resume',
    'game_finished',
  ]);
  expect(await notificationsOf(game, 'lobby.game.finished')).toBe(1);
  await stage.expectWhole({ relayed: true });
});
