// Games that run in the lobby and are not known to the Game Master.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { recoverGames } from '../../../lib/game-master/operations/recover-games.ts';
import type { LobbyClient, Standing } from '../../../lib/game-master/peers/lobby.ts';
import { createTestGameMaster, type TestGameMaster } from '../../support/engines/game-master.ts';

const games = new Map<string, Standing>();
let asked: string[] = [];
const lobby: LobbyClient = {
  async standing(gameId) {
    asked.push(gameId);
    return games.get(gameId);
  },
  access: async () => undefined,
  async *games(status) {
    for (const game of games.values()) if (game.status === status) yield game;
  },
};

let gameMaster: TestGameMaster;
beforeAll(async () => {
  gameMaster = await createTestGameMaster({ lobby });
});
afterAll(() => gameMaster.close());
beforeEach(() => {
  games.clear();
  asked = [];
});

function addGame(changes: Partial<Standing> = {}): Standing {
  const game: Standing = {
    gameId: uuidv7(),
    status: 'running',
    revision: 12,
    runtimeJobId: uuidv7(),
    containerId: 'c1',
    engineEndpoint: 'http://127.0.0.1:1',
    registeredAt: new Date(),
    gameName: 'Game',
    ownerUserId: null,
    turnSchedule: null,
    timeZone: 'UTC',
    turnSeconds: 3_600,
    minTurnSeconds: 1_800,
    quietDays: [6, 7],
    graceSeconds: 600,
    early: 'all_ready',
    spectators: false,
    options: {},
    engineFamily: undefined,
    engineVersion: undefined,
    currentTurn: null,
    reportSeq: 0,
    seats: [{ seat: 3, userId: uuidv7(), raceName: 'Zerg' }],
    ...changes,
  };
  games.set(game.gameId, game);
  return game;
}

const recover = () => recoverGames(gameMaster, new AbortController().signal);

async function stored({ gameId }: Standing) {
  const { rows } = await gameMaster.pool.query(
    `select runtime_job_id, status, lobby_revision, phase, min_turn_seconds, quiet_days, grace_seconds,
       (select json_agg(json_build_array(seat, user_id, label)) from game_master.seats s where s.game_id = g.game_id) as seats
     from game_master.games g where game_id = $1`,
    [gameId],
  );
  return rows[0];
}

test('are registered as the lobby has them, whether they run or are paused', async () => {
  const running = addGame();
  const paused = addGame({ status: 'paused' });
  expect(await recover()).toBe(2);
  for (const game of [running, paused]) {
    expect(await stored(game)).toEqual({
      runtime_job_id: game.runtimeJobId,
      status: game.status,
      lobby_revision: 12,
      phase: 'setting_up',
      min_turn_seconds: 1_800,
      quiet_days: [6, 7],
      grace_seconds: 600,
      seats: [[3, game.seats[0]?.userId, 'Zerg']],
    });
  }
});

test('are left as they are once they are known, without a question to the lobby', async () => {
  const game = addGame();
  await recover();
  const before = await gameMaster.tables();
  asked = [];
  games.set(game.gameId, { ...game, engineEndpoint: 'http://127.0.0.1:2', revision: 13 });
  expect([await recover(), asked]).toEqual([0, []]);
  expect(await gameMaster.tables()).toEqual(before);
});

test('go on with later reports than the lobby knows, so that none is ignored', async () => {
  const game = addGame({ reportSeq: 17 });
  await recover();
  const reportSeq = async () => {
    const { rows } = await gameMaster.pool.query(
      'select report_seq::int as seq from game_master.games where game_id = $1',
      [game.gameId],
    );
    return rows[0]?.seq;
  };
  expect(await reportSeq()).toBe(17);
  games.set(game.gameId, { ...game, runtimeJobId: uuidv7(), reportSeq: 20 });
  await recover();
  expect(await reportSeq()).toBe(20);
  games.set(game.gameId, { ...game, runtimeJobId: uuidv7(), reportSeq: 3 });
  await recover();
  expect(await reportSeq()).toBe(20);
});

test('are registered again with a newer runtime', async () => {
  const game = addGame();
  await recover();
  const newer = { ...game, runtimeJobId: uuidv7() };
  games.set(game.gameId, newer);
  expect(await recover()).toBe(1);
  expect(await stored(game)).toMatchObject({ runtime_job_id: newer.runtimeJobId });
});

test.each<[string, Partial<Standing>]>([
  ['without an engine', { engineEndpoint: null }],
  ['without a container', { containerId: null }],
  ['that the lobby is about to register', { registeredAt: null }],
  ['without a clock', { turnSeconds: null }],
])('are left alone %s', async (_, changes) => {
  const game = addGame(changes);
  expect(await recover()).toBe(0);
  expect(await stored(game)).toBeUndefined();
});

test('are left alone when they have ended since they were listed', async () => {
  const game = addGame();
  const ended: LobbyClient = { ...lobby, standing: async () => ({ ...game, status: 'cancelled' }) };
  expect(await recoverGames({ ...gameMaster, lobby: ended }, new AbortController().signal)).toBe(0);
  expect(await stored(game)).toBeUndefined();
});

test('are looked for again when the lobby could not be asked', async () => {
  const game = addGame();
  const away: LobbyClient = { ...lobby, standing: async () => Promise.reject(new Error('away')) };
  await expect(recoverGames({ ...gameMaster, lobby: away }, new AbortController().signal)).rejects.toThrow(
    'away',
  );
  expect(await recover()).toBe(1);
  expect(await stored(game)).toBeDefined();
});
