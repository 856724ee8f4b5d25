// Reminders of the open turn, in PostgreSQL and on their stream: who gets one, and that each comes once.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyGameChange } from '../../../lib/game-master/operations/apply-game-change.ts';
import { registerRuntime } from '../../../lib/game-master/operations/register-runtime.ts';
import { gameMasterPublishers } from '../../../lib/game-master/outbox/publishers.ts';
import { lockGame } from '../../../lib/game-master/store/games.ts';
import { saveOrders } from '../../../lib/game-master/store/orders.ts';
import { remindOfDueTurns } from '../../../lib/game-master/turns/remind.ts';
import { runTurnWorker } from '../../../lib/game-master/turns/turn-worker.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { createPlayStage, type PlayedGame, type PlayStage } from '../../support/game-master/play-stage.ts';
import { plansOf } from '../../support/stores/plans.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

const patience = { timeout: 20_000, interval: 20 };
const minute = 60_000;

let server: TestRedis;
let redis: Redis;
let stage: PlayStage;
const stops: AbortController[] = [];
const workers: Promise<void>[] = [];
beforeAll(async () => {
  server = await createTestRedis();
  const { host, port, password, db } = server;
  redis = await openRedis({ addr: { host, port }, password, db, operationTimeoutMs: 5_000 }, () => {});
  const streams = { gmEvents: 'gm:lobby_events', notificationIntents: 'notification:intents' };
  stage = await createPlayStage({ publishers: gameMasterPublishers(redis, streams) });
});
afterEach(async () => {
  stage.engine.misbehaviour = () => false;
  for (const stop of stops.splice(0)) stop.abort();
  await Promise.all(workers.splice(0));
});
afterAll(async () => {
  await stage.close();
  redis.disconnect();
  await server.drop();
});

function startWorkers(count: number): void {
  for (let started = 0; started < count; started++) {
    const stop = new AbortController();
    stops.push(stop);
    const options = { workerId: stage.gm.newId(), engineCalls: 50, log: stage.gm.log };
    workers.push(runTurnWorker(stage.gm, options, stop.signal));
  }
}

type Intent = {
  recipient_user_ids: string[];
  idempotency_key: string;
  payload: Record<string, unknown>;
};

/** Intents of this type about a game, in the order in which they were written. */
const intentsOf = async (gameId: string, type: string): Promise<Intent[]> =>
  (await stage.messages(gameId)).flatMap(({ payload }) =>
    payload.notification_type === type ? [payload as unknown as Intent] : [],
  );
const recipientsOf = async (gameId: string, type: string) =>
  (await intentsOf(gameId, type)).map(({ recipient_user_ids }) => recipient_user_ids);

/** Gives orders of a seat for a turn. */
async function give(game: PlayedGame, seat: number, ready: boolean, turn = 1): Promise<void> {
  expect(await game.player(seat).post('/orders', { turn, orders: { bid: seat }, ready })).toMatchObject({
    status: 200,
  });
}

/** What the lobby decides. */
function decide(
  { gameId }: Pick<PlayedGame, 'gameId'>,
  change: { status: 'paused' | 'running'; at?: Date; revision: number } | { leaves: number },
): Promise<void> {
  const game = stage.lobby.games.get(gameId);
  if (game === undefined) throw new Error('the lobby does not know the game');
  const what =
    'leaves' in change
      ? { kind: 'seat_vacated' as const, seat: change.leaves, revision: 9 }
      : { kind: 'status' as const, status: change.status, revision: change.revision };
  if ('status' in change) game.status = change.status;
  else for (const [userId, seat] of game.seats) if (seat === change.leaves) game.seats.delete(userId);
  const at = 'at' in change && change.at !== undefined ? change.at : new Date();
  return inTransaction(stage.gm.db, (tx) =>
    applyGameChange(tx, stage.gm, {
      change_id: stage.gm.newId(),
      game_id: gameId,
      runtime_job_id: game.runtimeJobId ?? '',
      occurred_at_ms: at.getTime(),
      ...what,
    }),
  );
}

describe('when players are reminded of a turn', () => {
  const day = 86_400;

  it.each([
    ['of 14 minutes', 14 * 60, null],
    ['of 15 minutes', 15 * 60, 5 * 60],
    ['of an hour', 3_600, 6 * 60],
    ['of a day', day, day / 10],
    ['of 5 days', 5 * day, 12 * 3_600],
    ['of 30 days', 30 * day, 12 * 3_600],
  ])('%s by turn_seconds or by a schedule, is so many seconds before it is due', async (_, length, lead) => {
    const game = await stage.game({ seats: 2 });
    for (const clock of [
      `turn_seconds = ${length}, turn_schedule = null`,
      `turn_seconds = null, turn_schedule = '0 20 * * *'`,
    ]) {
      await game.set(
        `${clock}, opened_at = '2026-10-24T18:00:00Z', due_at = timestamptz '2026-10-24T18:00:00Z' + ${length} * interval '1 second'`,
      );
      const { due_at: due, remind_at: at } = await stage.row(game.gameId);
      expect(at && ((due as Date).getTime() - (at as Date).getTime()) / 1_000).toBe(lead);
    }
  });

  it('is never while the clock stands still, and never once the turn has closed', async () => {
    const game = await stage.game({ seats: 2 });
    expect(await stage.row(game.gameId)).toMatchObject({ remind_at: expect.any(Date) });
    for (const stands of [
      'due_at = null',
      `due_at = now() + interval '1 hour', phase = 'closed', close_reason = 'due'`,
      `phase = 'over', close_reason = null`,
    ]) {
      await game.set(stands);
      expect(await stage.row(game.gameId)).toMatchObject({ remind_at: null });
    }
  });
});

describe('a turn that is due soon', () => {
  const dueSoon = 'game.turn.due_soon';
  /** A turn of an hour, of which 5 minutes are left. */
  const remindNow = (game: PlayedGame) =>
    game.set(`opened_at = now() - interval '55 minutes', due_at = now() + interval '5 minutes',
      next_attempt_at = now() + interval '5 minutes'`);
  const untilReminded = (...games: PlayedGame[]) =>
    vi.waitFor(async () => {
      for (const { gameId } of games) {
        const { due_at: due, reminded_due_at: reminded } = await stage.row(gameId);
        expect(reminded).toEqual(due);
      }
    }, patience);
  /** Resolves when workers have looked twice for reminders that are due. */
  const untilLooked = async () => {
    for (let look = 0; look < 2; look++) {
      const other = await stage.game({ seats: 1 });
      await remindNow(other);
      await untilReminded(other);
    }
  };

  it.each([1, 3])(
    'is told once to those awaited who have given no orders, with %d workers',
    async (count) => {
      const games = await Promise.all(
        Array.from({ length: 60 }, () => stage.game({ seats: 5, awaiting: [1, 2, 3, 4] })),
      );
      for (const game of games) {
        await give(game, 1, true);
        await give(game, 2, false);
        await remindNow(game);
      }
      startWorkers(count);
      await untilReminded(...games);
      await untilLooked();
      for (const { gameId, users } of games) {
        const { due_at, runtime_job_id: job } = await stage.row(gameId);
        const due = due_at as Date;
        expect(await intentsOf(gameId, dueSoon)).toEqual([
          {
            notification_type: dueSoon,
            producer: 'game_master',
            recipient_user_ids: [users[2], users[3]],
            idempotency_key: `game.turn.due_soon:${gameId}:${job}:1:${due.getTime()}`,
            payload: { game_id: gameId, game_name: expect.any(String), turn: 1, due_at: due.toISOString() },
            occurred_at_ms: expect.any(Number),
          },
        ]);
      }
    },
  );

  it('is told on the stream of the backend', async () => {
    const game = await stage.game({ seats: 1 });
    await remindNow(game);
    startWorkers(1);
    await vi.waitFor(async () => {
      const entries = await redis.xrange('notification:intents', '-', '+');
      expect(entries.map(([, fields]) => fields)).toContainEqual(
        expect.arrayContaining([dueSoon, JSON.stringify(game.users)]),
      );
    }, patience);
  });

  it('is not told to anybody before the time for it has come', async () => {
    const game = await stage.game({ seats: 2 });
    startWorkers(1);
    await untilLooked();
    expect(await intentsOf(game.gameId, dueSoon)).toEqual([]);
    expect(await stage.row(game.gameId)).toMatchObject({ reminded_due_at: null });
  });

  it('is not told to those who give orders at the last moment', async () => {
    const game = await stage.game({ seats: 2 });
    await remindNow(game);
    await inTransaction(stage.gm.db, async (tx) => {
      await lockGame(tx, game.gameId);
      startWorkers(1);
      const { gameId } = game;
      await saveOrders(tx, {
        gameId,
        seat: 1,
        turn: 1,
        orders: '{}',
        bytes: 2,
        ready: false,
        storedAt: new Date(),
      });
      // The workers pass over the game while it is locked.
      await untilLooked();
      expect(await intentsOf(game.gameId, dueSoon)).toEqual([]);
    });
    await untilReminded(game);
    expect(await recipientsOf(game.gameId, dueSoon)).toEqual([[game.users[1]]]);
  });

  it('counts orders that were withdrawn as none', async () => {
    const game = await stage.game({ seats: 2 });
    await give(game, 1, false);
    await give(game, 2, false);
    await game.player(1).post('/orders/withdraw', { turn: 1 });
    await remindNow(game);
    startWorkers(1);
    await untilReminded(game);
    expect(await recipientsOf(game.gameId, dueSoon)).toEqual([[game.users[0]]]);
    await game.player(2).post('/orders/withdraw', { turn: 1 });
    await untilLooked();
    expect(await intentsOf(game.gameId, dueSoon)).toHaveLength(1);
  });

  it('is told to nobody once its time has passed, even if it could not be closed', async () => {
    const game = await stage.game({ seats: 2 });
    const known = stage.lobby.games.get(game.gameId);
    if (known !== undefined) known.status = 'paused';
    await game.set(`opened_at = now() - interval '1 hour', due_at = now() - interval '1 ms',
      next_attempt_at = now()`);
    startWorkers(1);
    await untilReminded(game);
    expect(await stage.row(game.gameId)).toMatchObject({ phase: 'open', played_turn: 0 });
    expect(await intentsOf(game.gameId, dueSoon)).toEqual([]);
  });

  it('is told to nobody once it has closed', async () => {
    const game = await stage.game({ seats: 2 });
    stage.engine.misbehaviour = (call, response, id) =>
      id === game.gameId && call === 'POST /api/v1/game/turns' && Boolean(response.destroy());
    await remindNow(game);
    await give(game, 1, true);
    await give(game, 2, true);
    expect(await stage.row(game.gameId)).toMatchObject({ phase: 'closed' });
    startWorkers(1);
    await untilLooked();
    expect(await intentsOf(game.gameId, dueSoon)).toEqual([]);
  });

  it('is told neither to bots nor to those who have left', async () => {
    const game = await stage.game({ seats: 4 });
    await stage.pool.query('update game_master.seats set user_id = null where game_id = $1 and seat = 4', [
      game.gameId,
    ]);
    // The one leaves while a worker is at the game, so nothing of the seat has changed yet; the other before that.
    await decide(game, { leaves: 2 });
    await game.set('claimed_by = game_id, claim_token = game_id');
    await decide(game, { leaves: 3 });
    await remindNow(game);
    expect(await inTransaction(stage.gm.db, (tx) => remindOfDueTurns(tx, stage.gm))).toEqual([game.gameId]);
    expect(await recipientsOf(game.gameId, dueSoon)).toEqual([[game.users[0]]]);
  });

  it('is not told while the game is paused, and again after it for another due time', async () => {
    const game = await stage.game({ seats: 2 });
    await remindNow(game);
    startWorkers(3);
    await untilReminded(game);
    await decide(game, { status: 'paused', revision: 2 });
    await untilLooked();
    expect(await stage.row(game.gameId)).toMatchObject({ due_at: null, remind_at: null });
    expect(await intentsOf(game.gameId, dueSoon)).toHaveLength(1);
    await decide(game, { status: 'running', revision: 3, at: new Date(Date.now() + 10 * minute) });
    // Twelve minutes and more are left of the hour then, which is more than a tenth.
    await game.set(`due_at = due_at - interval '10 minutes'`);
    await untilReminded(game);
    const [first, second, ...more] = await intentsOf(game.gameId, dueSoon);
    expect(more).toEqual([]);
    expect(second?.recipient_user_ids).toEqual(first?.recipient_user_ids);
    expect(second?.idempotency_key).not.toBe(first?.idempotency_key);
    expect(second?.payload.due_at).not.toBe(first?.payload.due_at);
  });

  it('is told once when a schedule has the same due time after a pause', async () => {
    const game = await stage.game({ seats: 2 });
    // Due at the next full hour, after a day.
    await game.set(`turn_seconds = null, turn_schedule = '0 * * * *',
      due_at = date_trunc('hour', now() + interval '1 hour'), opened_at = now() - interval '20 hours'`);
    startWorkers(1);
    await untilReminded(game);
    const before = await stage.row(game.gameId);
    await decide(game, { status: 'paused', revision: 2 });
    await decide(game, { status: 'running', revision: 3 });
    expect(await stage.row(game.gameId)).toMatchObject({ due_at: before.due_at, remind_at: null });
    await untilLooked();
    expect(await recipientsOf(game.gameId, dueSoon)).toEqual([game.users]);
  });

  it('is told again of the next turn', async () => {
    const game = await stage.game({ seats: 2 });
    await remindNow(game);
    startWorkers(1);
    await untilReminded(game);
    await give(game, 1, true);
    await give(game, 2, true);
    await vi.waitFor(
      async () => expect(await stage.row(game.gameId)).toMatchObject({ played_turn: 1, phase: 'open' }),
      patience,
    );
    expect(await stage.row(game.gameId)).toMatchObject({ remind_at: expect.any(Date) });
    await remindNow(game);
    await untilReminded(game);
    expect((await intentsOf(game.gameId, dueSoon)).map(({ payload }) => payload.turn)).toEqual([1, 2]);
  });

  it('is told again when its game begins again on another engine, due at the same time', async () => {
    const game = await stage.game({ seats: 2 });
    const { gameId, users } = game;
    await remindNow(game);
    startWorkers(1);
    await untilReminded(game);
    const { due_at: due } = await stage.row(gameId);
    await registerRuntime(stage.gm, {
      gameId,
      runtimeJobId: stage.gm.newId(),
      containerId: 'another',
      engineEndpoint: 'http://127.0.0.1:1',
      gameName: 'Bids',
      ownerUserId: null,
      turnSchedule: null,
      timeZone: 'UTC',
      turnSeconds: 3_600,
      minTurnSeconds: null,
      quietDays: [],
      graceSeconds: 0,
      early: 'all_ready',
      spectators: false,
      options: {},
      seats: users.map((userId, index) => ({ seat: index + 1, userId, label: `Race ${index + 1}` })),
      status: 'running',
      lobbyRevision: 9,
    });
    await game.set(`phase = 'open', awaiting = '{1,2}', opened_at = now(), next_attempt_at = null,
      due_at = '${(due as Date).toISOString()}'`);
    await vi.waitFor(
      async () => expect(await recipientsOf(gameId, dueSoon)).toEqual([users, users]),
      patience,
    );
    const [first, second] = await intentsOf(gameId, dueSoon);
    expect(second?.idempotency_key).not.toBe(first?.idempotency_key);
  });
});

describe('the last one whom a turn waits for', () => {
  const waiting = 'game.turn.waiting_for_you';

  it.each([1, 3])(
    'is notified once, when several others are ready at once, with %d workers',
    async (count) => {
      startWorkers(count);
      const games = await Promise.all(Array.from({ length: 8 }, () => stage.game({ seats: 4 })));
      await Promise.all(games.flatMap((game) => [1, 2, 4].map((seat) => give(game, seat, true))));
      for (const { gameId, users } of games) {
        const { due_at, runtime_job_id: job } = await stage.row(gameId);
        expect(await intentsOf(gameId, waiting)).toEqual([
          {
            notification_type: waiting,
            producer: 'game_master',
            recipient_user_ids: [users[2]],
            idempotency_key: `game.turn.waiting_for_you:${gameId}:${job}:1:3`,
            payload: {
              game_id: gameId,
              game_name: expect.any(String),
              turn: 1,
              due_at: (due_at as Date).toISOString(),
            },
            occurred_at_ms: expect.any(Number),
          },
        ]);
      }
    },
  );

  it('is notified on the stream of the backend before a turn worker comes', async () => {
    const game = await stage.game({ seats: 2 });
    await give(game, 1, true);
    await vi.waitFor(async () => {
      const entries = await redis.xrange('notification:intents', '-', '+');
      expect(entries.map(([, fields]) => fields)).toContainEqual(
        expect.arrayContaining([waiting, JSON.stringify([game.users[1]])]),
      );
    }, patience);
  });

  it('is notified when they have a draft, and not when others have', async () => {
    const game = await stage.game({ seats: 3 });
    await give(game, 1, true);
    await give(game, 3, false);
    expect(await intentsOf(game.gameId, waiting)).toEqual([]);
    await give(game, 2, true);
    expect(await recipientsOf(game.gameId, waiting)).toEqual([[game.users[2]]]);
  });

  it('is not notified again when others withdraw their orders and give them again', async () => {
    const game = await stage.game({ seats: 3 });
    await give(game, 1, true);
    await give(game, 2, true);
    await game.player(2).post('/orders/withdraw', { turn: 1 });
    await give(game, 2, true);
    await give(game, 1, false);
    await give(game, 1, true);
    expect(await recipientsOf(game.gameId, waiting)).toEqual([[game.users[2]]]);
    // Now another one is the last.
    await game.player(1).post('/orders/withdraw', { turn: 1 });
    await give(game, 3, true);
    expect(await recipientsOf(game.gameId, waiting)).toEqual([[game.users[2]], [game.users[0]]]);
  });

  it('is notified again in the next turn', async () => {
    const game = await stage.game({ seats: 2 });
    for (const turn of [1, 2]) {
      await give(game, 1, true, turn);
      await give(game, 2, true, turn);
    }
    expect((await intentsOf(game.gameId, waiting)).map(({ payload }) => payload.turn)).toEqual([1, 2]);
  });

  it.each<[string, { awaiting?: number[]; columns?: string }]>([
    ['the turn waits for one seat alone, as in a sequential game', { awaiting: [2] }],
    ['turns do not close early', { columns: `early = 'off'` }],
  ])('is not notified when %s', async (_, { awaiting, columns }) => {
    const game = await stage.game({ seats: 2, ...(awaiting && { awaiting }) });
    if (columns !== undefined) await game.set(columns);
    await give(game, 1, true);
    expect(await intentsOf(game.gameId, waiting)).toEqual([]);
  });

  it('is never a bot, nor are bots counted', async () => {
    const game = await stage.game({ seats: 4 });
    await stage.pool.query('update game_master.seats set user_id = null where game_id = $1 and seat > 2', [
      game.gameId,
    ]);
    await give(game, 1, true);
    expect(await recipientsOf(game.gameId, waiting)).toEqual([[game.users[1]]]);
    const alone = await stage.game({ seats: 2 });
    await stage.pool.query('update game_master.seats set user_id = null where game_id = $1 and seat = 2', [
      alone.gameId,
    ]);
    await give(alone, 1, false);
    expect(await intentsOf(alone.gameId, waiting)).toEqual([]);
  });

  it('is notified when the one who stood between them and the others leaves', async () => {
    const game = await stage.game({ seats: 3 });
    await give(game, 1, true);
    await decide(game, { leaves: 2 });
    expect(await recipientsOf(game.gameId, waiting)).toEqual([[game.users[2]]]);
  });

  it('is notified by the worker that is at the game as that one leaves, and once by several', async () => {
    const game = await stage.game({ seats: 4 });
    await give(game, 1, true);
    await decide(game, { leaves: 3 });
    let release: (() => void) | undefined;
    const entered = Promise.withResolvers<void>();
    stage.engine.misbehaviour = async (call, _, id) => {
      if (id !== game.gameId || !call.startsWith('PUT')) return false;
      if (release === undefined) {
        await new Promise<void>((resolve) => {
          release = resolve;
          entered.resolve();
        });
      }
      return false;
    };
    startWorkers(3);
    await entered.promise;
    await decide(game, { leaves: 2 });
    expect(await intentsOf(game.gameId, waiting)).toEqual([]);
    release?.();
    await vi.waitFor(
      async () => expect(await recipientsOf(game.gameId, waiting)).toEqual([[game.users[3]]]),
      patience,
    );
    await vi.waitFor(async () => {
      expect(await stage.row(game.gameId)).toMatchObject({ claimed_by: null, phase: 'open' });
      const { rows } = await stage.pool.query(
        'select seat from game_master.seats where game_id = $1 and vacancy_told order by seat',
        [game.gameId],
      );
      expect(rows).toEqual([{ seat: 2 }, { seat: 3 }]);
    }, patience);
    expect(await intentsOf(game.gameId, waiting)).toHaveLength(1);
  });

  it('is not notified when they have left themselves', async () => {
    const game = await stage.game({ seats: 3 });
    await game.set('claimed_by = game_id, claim_token = game_id');
    await decide(game, { leaves: 3 });
    await give(game, 1, true);
    await give(game, 2, true);
    expect(await intentsOf(game.gameId, waiting)).toEqual([]);
  });

  it('is notified when a game goes on in whose pause a player left', async () => {
    const game = await stage.game({ seats: 3 });
    await give(game, 1, true);
    await decide(game, { status: 'paused', revision: 2 });
    await decide(game, { leaves: 2 });
    expect(await intentsOf(game.gameId, waiting)).toEqual([]);
    await decide(game, { status: 'running', revision: 10 });
    expect(await recipientsOf(game.gameId, waiting)).toEqual([[game.users[2]]]);
  });
});

it('a turn that is due soon is found among very many without looking at the others', {
  timeout: 120_000,
}, async () => {
  const game = await stage.game({ seats: 2 });
  const client = await stage.pool.connect();
  try {
    await client.query('set statement_timeout = 0');
    await client.query(
      `insert into game_master.games (game_id, runtime_job_id, container_id, engine_endpoint, game_name, time_zone,
         turn_seconds, early, spectators, options, seed, status, phase, awaiting, opened_at, due_at, next_attempt_at)
       select gen_random_uuid(), gen_random_uuid(), 'c', 'http://127.0.0.1:1', 'Game', 'UTC', 86400, 'all_ready', false,
         '{}', '\\x00', 'running', 'open', '{1,2}', now(), now() + interval '1 day', now() + interval '1 day'
       from generate_series(1, 20000)`,
    );
    await client.query('vacuum analyze game_master.games');
  } finally {
    client.release(true);
  }
  await game.set(`due_at = now() + interval '5 minutes'`);
  const plans = await plansOf(stage.pool, () =>
    inTransaction(stage.gm.db, (tx) => remindOfDueTurns(tx, stage.gm)),
  );
  const ofGames = plans.filter(({ statement }) => statement.includes('"games"'));
  expect(ofGames.length).toBeGreaterThan(1);
  for (const { scannedTables, rowsRead, pagesRead, text } of ofGames) {
    expect(scannedTables, text).toEqual(expect.not.arrayContaining(['games']));
    expect(rowsRead, text).toBeLessThan(10);
    expect(pagesRead, text).toBeLessThan(60);
  }
});
