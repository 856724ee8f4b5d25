// What a turn worker tells an engine of seats that nobody holds any more, and what it takes from the response.
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GameState } from '../../../lib/engine/api.ts';
import { claimGames } from '../../../lib/game-master/store/games.ts';
import { attendGame } from '../../../lib/game-master/turns/attend-game.ts';
import { freely } from '../../../lib/game-master/turns/limit.ts';
import { vacateSeat } from '../../../lib/game-master/turns/vacate-seat.ts';
import { lockedIn, type PlayedGame, stage, usePlayStage } from '../../support/game-master/play-stage.ts';

usePlayStage();

let game: PlayedGame;
beforeEach(async () => {
  game = await stage.game({ seats: 4 });
});
// The next test claims what is due.
afterEach(() => game.set('next_attempt_at = null'));

/** The holder of a seat leaves while a turn is open. */
const leave = (seat: number) =>
  lockedIn(stage.gm, game.gameId, (tx, locked) => vacateSeat(tx, stage.gm, locked, seat, locked.now));

/** A turn worker does what there is to do for the game now, and nothing afterwards. */
async function attend(): Promise<void> {
  const claims = await claimGames(stage.gm.db, 'healthy', { workerId: uuidv7(), limit: 10 });
  expect(claims.map((claim) => claim.game.gameId)).toEqual([game.gameId]);
  for (const claim of claims) {
    await attendGame(stage.gm, claim, {
      timeoutMs: 5_000,
      goOn: () => false,
      database: freely,
      lobby: freely,
    });
  }
}

/** The engine responds to a vacant seat with this state, once `first` has resolved. */
function respondToVacancies(
  changes: Partial<GameState>,
  first: () => Promise<unknown> = async () => {},
): void {
  const stats = [1, 2, 3, 4].map((seat) => ({ seat, planets: 1, population: 1, ships_built: 0 }));
  const state = { game_id: game.gameId, turn: 0, status: 'running', awaiting: [1], alive: [1], stats };
  stage.engine.misbehaviour = async (call, response) => {
    if (!call.startsWith('PUT /api/v1/game/seats/')) return false;
    await first();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...state, ...changes }));
    return true;
  };
}

const given = { turn: 1, orders: { bid: 1 }, ready: true };

test('the open turn waits for the seats that the engine names then, and the lobby hears of it', async () => {
  await game.player(4).post('/orders', given);
  await leave(2);
  respondToVacancies({ awaiting: [3, 4] });
  await attend();
  expect(await stage.row(game.gameId)).toMatchObject({
    phase: 'open',
    awaiting: [3, 4],
    claimed_by: null,
    failures: 0,
  });
  expect((await game.player(1).get('/turn')).body).toMatchObject({ awaiting: [3, 4], ready: [4] });
  expect((await stage.messages(game.gameId)).map(({ payload }) => payload)).toMatchObject([
    // The last seat without orders is now another one: its player is notified, too.
    {
      notification_type: 'game.turn.waiting_for_you',
      recipient_user_ids: [game.users[2]],
    },
    { awaited_seats: [3, 4], ready_seats: [4] },
  ]);
});

test('the turn closes at once if these are all ready', async () => {
  await game.player(1).post('/orders', { ...given, ready: false });
  await game.player(4).post('/orders', given);
  await leave(2);
  await leave(3);
  respondToVacancies({ awaiting: [4] });
  await attend();
  expect(await stage.row(game.gameId)).toMatchObject({ phase: 'closed', close_reason: 'all_ready' });
  const { rows } = await stage.pool.query('select outcomes from game_master.turns where game_id = $1', [
    game.gameId,
  ]);
  expect(rows).toEqual([
    {
      outcomes: [
        { seat: 1, state: 'draft' },
        { seat: 2, state: 'not_awaited' },
        { seat: 3, state: 'not_awaited' },
        { seat: 4, state: 'ready' },
      ],
    },
  ]);
});

test('nothing changes when the claim was lost meanwhile, and the turn has closed', async () => {
  await leave(2);
  let before: unknown;
  respondToVacancies({ awaiting: [3] }, async () => {
    await stage.pool.query('update game_master.seats set vacancy_told = true where game_id = $1 and vacant', [
      game.gameId,
    ]);
    await game.set(
      `claimed_by = null, claim_token = null, due_at = date_trunc('milliseconds', clock_timestamp())`,
    );
    await stage.closeDue(game.gameId);
    before = await stage.row(game.gameId);
  });
  await attend();
  expect(await stage.row(game.gameId)).toEqual(before);
  expect(before).toMatchObject({ phase: 'closed', awaiting: [1, 2, 3, 4] });
  expect(await stage.messages(game.gameId)).toEqual([]);
});

test.each<[string, Partial<GameState>]>([
  ['has played a turn meanwhile', { turn: 1 }],
  [
    'has finished',
    {
      status: 'finished',
      awaiting: [],
      result: { kind: 'finished', placements: [1, 2, 3, 4].map((seat) => ({ seat, rank: 1 })) },
    },
  ],
  ['waits for nobody', { awaiting: [] }],
  ['waits for a seat that is not of the game', { awaiting: [5] }],
  ['leaves seats out', { stats: [] }],
])('an engine that %s is faulty, and is told again later', async (_, changes) => {
  await leave(2);
  respondToVacancies(changes);
  await attend();
  expect(await stage.row(game.gameId)).toMatchObject({
    phase: 'open',
    awaiting: [1, 2, 3, 4],
    engine_health: 'faulty',
    failures: 1,
    claimed_by: null,
  });
  const { rows } = await stage.pool.query(
    'select vacant, vacancy_told from game_master.seats where game_id = $1 and seat = 2',
    [game.gameId],
  );
  expect(rows).toEqual([{ vacant: true, vacancy_told: false }]);
});
