// A turn that is due waits for seats that have given nothing, and for nobody else.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { applyGameChange } from '../../../lib/game-master/operations/apply-game-change.ts';
import { runTurnWorker } from '../../../lib/game-master/turns/turn-worker.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import {
  createPlayStage,
  type PlayedGame,
  type PlayStage,
  refusalOf,
} from '../../support/game-master/play-stage.ts';

const patience = { timeout: 15_000, interval: 20 };

let stage: PlayStage;
beforeAll(async () => {
  stage = await createPlayStage();
});
afterAll(() => stage.close());

const bid = (value: number, more: object = {}) => ({ turn: 1, orders: { bid: value }, ...more });
const statesOf = ({ gameId }: PlayedGame) => stage.engine.played(gameId)[0]?.orders.map(({ state }) => state);
const statusOf = async (game: PlayedGame) => (await game.player(1).get('/turn')).body.status;

/** A turn that has been due for a moment, in a game whose turns close early or not. */
async function dueGame(seats: number, early: 'all_ready' | 'off' = 'all_ready'): Promise<PlayedGame> {
  const game = await stage.game({ seats });
  await game.set(`grace_seconds = 1800, early = '${early}', due_at = clock_timestamp()`);
  return game;
}

test('reads of a turn and reports say when it closes at the latest, and when it is due', async () => {
  const game = await stage.game({ seats: 2 });
  await game.set('grace_seconds = 1800');
  await game.player(1).post('/orders', bid(1, { ready: true }));
  await game.player(2).post('/orders', bid(2, { ready: true }));
  const { body } = await game.player(1).get('/turn');
  const [due, closes] = [Date.parse(String(body.due_at)), Date.parse(String(body.closes_at))];
  expect(body).toMatchObject({ turn: 2, status: 'open' });
  expect([due - Date.parse(String(body.opened_at)), closes - due]).toEqual([3_600_000, 1_800_000]);
  const reports = (await stage.messages(game.gameId)).filter(({ kind }) => kind === 'report');
  expect(reports.at(-1)?.payload).toMatchObject({ turn: 1, due_at_ms: due, closes_at_ms: closes });
});

describe('in the grace of a turn', () => {
  test.each(['all_ready', 'off'] as const)(
    'orders count, and those of the last seat that has given nothing close it at once (early: %s)',
    async (early) => {
      const game = await dueGame(3, early);
      expect(await statusOf(game)).toBe('open');
      expect((await game.player(1).post('/orders', bid(1))).body).toMatchObject({
        state: 'draft',
        turn_now: 1,
      });
      // Ready or not, it waits for those who have given nothing.
      expect((await game.player(2).post('/orders', bid(2, { ready: true }))).body).toMatchObject({
        turn_now: 1,
      });
      expect((await game.player(1).post('/orders', bid(4))).body).toMatchObject({ turn_now: 1 });
      expect((await game.player(3).post('/orders', bid(3))).body).toMatchObject({
        state: 'draft',
        turn_now: 2,
      });
      expect(stage.engine.played(game.gameId)).toMatchObject([
        {
          orders: [
            { seat: 1, orders: { bid: 4 }, state: 'draft' },
            { seat: 2, orders: { bid: 2 }, state: 'ready' },
            { seat: 3, orders: { bid: 3 }, state: 'draft' },
          ],
        },
      ]);
      const { body } = await game.player(1).get('/history');
      expect(body).toMatchObject({ items: [{ turn: 1, close_reason: 'due' }] });
    },
  );

  test('orders can be withdrawn, and the turn waits for that seat again', async () => {
    const game = await dueGame(3);
    await game.player(1).post('/orders', bid(1));
    expect((await game.player(1).post('/orders/withdraw', { turn: 1 })).body).toMatchObject({
      state: 'none',
    });
    await game.player(2).post('/orders', bid(2));
    expect((await game.player(3).post('/orders', bid(3))).body).toMatchObject({ turn_now: 1 });
    expect((await game.player(1).post('/orders', bid(4))).body).toMatchObject({ turn_now: 2 });
  });

  test('a turn waits for no seat that it does not await', async () => {
    const game = await stage.game({ seats: 2, awaiting: [2] });
    await game.set('grace_seconds = 1800, due_at = clock_timestamp()');
    expect(await statusOf(game)).toBe('open');
    expect((await game.player(2).post('/orders', bid(1))).body).toMatchObject({ turn_now: 2 });
  });

  test('a turn takes nothing if it waited for nobody when it was due, whether or not a worker has come', async () => {
    const game = await stage.game({ seats: 2 });
    await game.player(1).post('/orders', bid(1));
    await game.player(2).post('/orders', bid(2));
    await game.set('grace_seconds = 1800, due_at = clock_timestamp()');
    expect(await statusOf(game)).toBe('closed');
    expect(refusalOf(await game.player(1).post('/orders', bid(3, { ready: true })))).toBe('409 turn_closed');
    expect(refusalOf(await game.player(1).post('/orders/withdraw', { turn: 1 }))).toBe('409 turn_closed');
    await stage.playDue(game.gameId);
    expect(stage.engine.played(game.gameId)).toMatchObject([
      { orders: [{ orders: { bid: 1 } }, { orders: { bid: 2 } }] },
    ]);
  });

  test('orders of many seats at once: all are stored, delivered, and the last of them closes the turn', async () => {
    const game = await dueGame(40);
    const replies = await Promise.all(
      game.users.map((user, at) => game.user(user).post('/orders', bid(at % 10))),
    );
    expect(replies.map(({ status }) => status)).toEqual(game.users.map(() => 200));
    await vi.waitFor(() => expect(statesOf(game)).toEqual(game.users.map(() => 'draft')), patience);
    expect(stage.engine.played(game.gameId)).toHaveLength(1);
  });
});

test('after its grace a turn takes nothing', async () => {
  const game = await dueGame(2);
  await game.set(`due_at = clock_timestamp() - interval '30 minutes'`);
  expect(await statusOf(game)).toBe('closed');
  expect(refusalOf(await game.player(1).post('/orders', bid(1)))).toBe('409 turn_closed');
  await stage.playDue(game.gameId);
  expect(statesOf(game)).toEqual(['missing', 'missing']);
});

describe('a turn worker', () => {
  let stop: AbortController;
  let working: Promise<void>;
  beforeEach(() => {
    stop = new AbortController();
    const options = { workerId: stage.gm.newId(), engineCalls: 20, log: stage.gm.log };
    working = runTurnWorker(stage.gm, options, stop.signal);
  });
  afterEach(async () => {
    stop.abort();
    await working;
  });

  const timesOf = async ({ gameId }: PlayedGame) => {
    const { due_at, next_attempt_at, claimed_by, phase } = await stage.row(gameId);
    const [due, next] = [due_at as Date, next_attempt_at as Date];
    return { waitsMs: next.getTime() - due.getTime(), claimed_by, phase };
  };
  const untilItWaits = (game: PlayedGame) =>
    vi.waitFor(async () => {
      const times = await timesOf(game);
      expect(times).toEqual({ waitsMs: 1_800_000, claimed_by: null, phase: 'open' });
    }, patience);
  const makeDue = (game: PlayedGame, graceSeconds = 1_800) =>
    game.set(
      `grace_seconds = ${graceSeconds}, due_at = clock_timestamp(), next_attempt_at = clock_timestamp()`,
    );
  const untilPlayed = (game: PlayedGame) =>
    vi.waitFor(async () => expect(await stage.row(game.gameId)).toMatchObject({ played_turn: 1 }), patience);

  test('leaves a turn that waits for a seat until its grace is over, and then closes it', async () => {
    const game = await stage.game({ seats: 2 });
    await game.player(1).post('/orders', bid(1));
    await makeDue(game);
    await untilItWaits(game);
    // Seat 2 may still act, and so does seat 1.
    expect((await game.player(1).post('/orders', bid(2))).body).toMatchObject({ turn_now: 1 });
    await makeDue(game, 1);
    await untilPlayed(game);
    expect(statesOf(game)).toEqual(['draft', 'missing']);
    const { rows } = await stage.pool.query(
      `select close_reason, closed_at >= due_at + interval '1 second' as in_time from game_master.turns
       where game_id = $1`,
      [game.gameId],
    );
    expect(rows).toEqual([{ close_reason: 'due', in_time: true }]);
  });

  test('closes a turn when it is due if it waits for nobody', async () => {
    const game = await stage.game({ seats: 2 });
    await game.player(1).post('/orders', bid(1));
    await game.player(2).post('/orders', bid(2));
    await makeDue(game);
    await untilPlayed(game);
    expect(statesOf(game)).toEqual(['draft', 'draft']);
  });

  test('closes it when the last seat that has given nothing becomes vacant', async () => {
    const game = await stage.game({ seats: 2 });
    await game.player(1).post('/orders', bid(1));
    await makeDue(game);
    await untilItWaits(game);
    const known = stage.lobby.games.get(game.gameId);
    known?.seats.delete(game.users[1] ?? '');
    await inTransaction(stage.gm.db, (tx) =>
      applyGameChange(tx, stage.gm, {
        change_id: stage.gm.newId(),
        kind: 'seat_vacated',
        game_id: game.gameId,
        runtime_job_id: known?.runtimeJobId ?? '',
        revision: 9,
        seat: 2,
        occurred_at_ms: Date.now(),
      }),
    );
    await untilPlayed(game);
    expect(statesOf(game)).toEqual(['draft', 'vacant']);
  });
});
