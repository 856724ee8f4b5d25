// A game that is paused at the very time at which its turn is due: the turn is played once, at that time or after the
// game was resumed, with the orders that were stored.
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test, vi } from 'vitest';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { claimGames } from '../../../lib/game-master/store/games.ts';
import { attendGame } from '../../../lib/game-master/turns/attend-game.ts';
import { changeStatus } from '../../../lib/game-master/turns/change-status.ts';
import { freely } from '../../../lib/game-master/turns/limit.ts';
import { runTurnWorker } from '../../../lib/game-master/turns/turn-worker.ts';
import { lockedIn, type PlayedGame, stage, usePlayStage } from '../../support/game-master/play-stage.ts';

usePlayStage();

const turns = 'POST /api/v1/game/turns';
const drafts = [
  { seat: 1, orders: { bid: 7 }, state: 'draft' },
  { seat: 2, orders: null, state: 'missing' },
];

/** A game of hours, one seat of which has a draft. */
async function makeGame(): Promise<PlayedGame> {
  const game = await stage.game({ seats: 2 });
  const reply = await game.player(1).post('/orders', { turn: 1, orders: { bid: 7 } });
  expect(reply).toMatchObject({ status: 200 });
  return game;
}

/** @param dueIn milliseconds from now, by the clock of PostgreSQL. @returns Unix time in ms. */
async function makeDue({ gameId }: PlayedGame, dueIn = 0): Promise<number> {
  const { rows } = await stage.pool.query(
    `update game_master.games set due_at = at, next_attempt_at = at
     from (select date_trunc('milliseconds', clock_timestamp()) + $2 * interval '1 millisecond' as at) as due
     where game_id = $1 returning due_at`,
    [gameId, dueIn],
  );
  return rows[0].due_at.getTime();
}

/** The lobby decides, and its message comes. */
async function tell({ gameId }: PlayedGame, status: 'paused' | 'running', at: number): Promise<void> {
  const game = stage.lobby.games.get(gameId);
  if (game !== undefined) game.status = status;
  const revision = status === 'paused' ? 8 : 9;
  await lockedIn(stage.gm, gameId, (tx, locked) =>
    changeStatus(tx, stage.gm, locked, { status, revision, at: new Date(at) }),
  );
}

/** A turn worker does what there is to do for the game now. */
async function attend(gm: GameMaster = stage.gm): Promise<void> {
  for (const claim of await claimGames(stage.gm.db, 'healthy', { workerId: uuidv7(), limit: 100 })) {
    await attendGame(gm, claim, { timeoutMs: 5_000, goOn: () => true, database: freely, lobby: freely });
  }
}

/** Whether the turn was played before the pause; if it was not, it is open, and has its orders. */
async function wasPlayed({ gameId }: PlayedGame): Promise<boolean> {
  const row = await stage.row(gameId);
  const rests = { due_at: null, next_attempt_at: null, claimed_by: null };
  expect(row).toMatchObject({ status: 'paused', phase: 'open', ...rests });
  const played = stage.engine.played(gameId);
  if (played.length > 0) {
    expect(row).toMatchObject({ played_turn: 1, remaining_ms: '3600000' });
    expect(played).toEqual([{ turn: 1, orders: drafts }]);
    return true;
  }
  expect(row).toMatchObject({ played_turn: 0, remaining_ms: '1000' });
  expect(await stage.stored(gameId)).toEqual([{ seat: 1, turn: 1, ready: false, orders: { bid: 7 } }]);
  return false;
}

/** After the game was resumed, the turn is played if it was not, and the next one takes orders. */
async function expectPlayedOnce(game: PlayedGame, playedBefore: boolean): Promise<void> {
  await tell(game, 'running', Date.now());
  if (!playedBefore) {
    expect(await stage.row(game.gameId)).toMatchObject({ status: 'running', phase: 'open', played_turn: 0 });
    await makeDue(game);
    await attend();
  }
  expect(stage.engine.played(game.gameId)).toEqual([{ turn: 1, orders: drafts }]);
  const next = await game.player(2).post('/orders', { turn: 2, orders: { bid: 1 } });
  expect(next).toMatchObject({ status: 200, body: { turn: 2, state: 'draft' } });
  await game.set('next_attempt_at = null');
}

describe.each([-1, 0, 1])('a pause that the lobby decides %d ms after the due time', (ms) => {
  test('and that comes before a turn worker leaves the turn open', async () => {
    const game = await makeGame();
    await tell(game, 'paused', (await makeDue(game)) + ms);
    await attend();
    expect(await wasPlayed(game)).toBe(false);
    await expectPlayedOnce(game, false);
  });

  test('and that comes after the turn worker has asked the lobby leaves the turn open', async () => {
    const game = await makeGame();
    const dueAt = await makeDue(game);
    const { lobby } = stage.gm;
    const standing = async (gameId: string) => {
      const said = await lobby.standing(gameId);
      expect(said?.status).toBe('running');
      await tell(game, 'paused', dueAt + ms);
      return said;
    };
    await attend({ ...stage.gm, lobby: { ...lobby, standing } });
    expect(await wasPlayed(game)).toBe(false);
    await expectPlayedOnce(game, false);
  });

  test('and of which a turn worker hears from the lobby before the message leaves the turn open', async () => {
    const game = await makeGame();
    const dueAt = await makeDue(game);
    const lobbyGame = stage.lobby.games.get(game.gameId);
    if (lobbyGame !== undefined) lobbyGame.status = 'paused';
    await attend();
    await tell(game, 'paused', dueAt + ms);
    expect(await wasPlayed(game)).toBe(false);
    await expectPlayedOnce(game, false);
  });

  test('and whose message comes before the turn worker has heard of it from the lobby leaves the turn open', async () => {
    const game = await makeGame();
    const dueAt = await makeDue(game);
    const { lobby } = stage.gm;
    const standing = async (gameId: string) => {
      await tell(game, 'paused', dueAt + ms);
      return lobby.standing(gameId);
    };
    await attend({ ...stage.gm, lobby: { ...lobby, standing } });
    expect(await wasPlayed(game)).toBe(false);
    await expectPlayedOnce(game, false);
  });

  test('and that comes while the engine plays the turn lets it be played', async () => {
    const game = await makeGame();
    const dueAt = await makeDue(game);
    stage.engine.misbehaviour = async (call) => {
      if (call === turns) await tell(game, 'paused', dueAt + ms);
      return false;
    };
    await attend();
    stage.engine.misbehaviour = () => false;
    expect(await wasPlayed(game)).toBe(true);
    await expectPlayedOnce(game, true);
  });

  test('and that comes after the turn was played gives the next turn its whole time', async () => {
    const game = await makeGame();
    const dueAt = await makeDue(game);
    await attend();
    await tell(game, 'paused', dueAt + ms);
    expect(await wasPlayed(game)).toBe(true);
    await expectPlayedOnce(game, true);
  });
});

test('pauses of many games at their due times lose no turn and no order, whatever comes first', async () => {
  const games = await Promise.all(Array.from({ length: 40 }, makeGame));
  const stop = new AbortController();
  const options = { workerId: uuidv7(), engineCalls: 100, log: stage.gm.log };
  const working = runTurnWorker(stage.gm, options, stop.signal);
  await Promise.all(
    games.map(async (game, index) => {
      const dueAt = await makeDue(game, 700);
      // From 20 ms before the turn is due to 565 ms after it.
      await new Promise((resolve) => setTimeout(resolve, dueAt - Date.now() + index * 15 - 20));
      await tell(game, 'paused', dueAt + (index % 3) - 1);
    }),
  );
  await vi.waitFor(
    async () => {
      const { rowCount } = await stage.pool.query(
        `select 1 from game_master.games where game_id = any($1) and (phase <> 'open' or claimed_by is not null)`,
        [games.map(({ gameId }) => gameId)],
      );
      expect(rowCount).toBe(0);
    },
    { timeout: 15_000 },
  );
  stop.abort();
  await working;
  for (const game of games) await expectPlayedOnce(game, await wasPlayed(game));
});
