// What the lobby decides about games that run, on the way from its stream into the Game Master's tables.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gameChangesConsumer } from '../../../lib/game-master/consumers/game-changes.ts';
import { gameChangesStream } from '../../../lib/game-master/process/consumer-streams.ts';
import { gameMasterStreamTables } from '../../../lib/game-master/store/stream-tables.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { requeueAtOnce, statesOf } from '../../../lib/streams/admin.ts';
import { runConsumer } from '../../../lib/streams/consumer.ts';
import { compareEntryIds } from '../../../lib/streams/entry.ts';
import { createTestGameMaster, type TestGameMaster } from '../../support/engines/game-master.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

const stream = gameChangesStream({ gameChanges: 'lobby:game_changes' });
const stop = new AbortController();
let server: TestRedis;
let redis: Redis;
let gameMaster: TestGameMaster;
let consuming: Promise<void>;
beforeAll(async () => {
  server = await createTestRedis();
  const { host, port, password, db } = server;
  redis = await openRedis({ addr: { host, port }, password, db, operationTimeoutMs: 5_000 }, () => {});
  gameMaster = await createTestGameMaster({
    streams: {
      consumers: [stream],
      states: statesOf([stream], { read: (work) => work(redis) }),
      requeue: requeueAtOnce(redis),
    },
  });
  const parts = { tables: gameMasterStreamTables, redis, blockMs: 1_000, operationTimeoutMs: 5_000 };
  const consumer = gameChangesConsumer(gameMaster, stream);
  consuming = runConsumer(consumer, { ...parts, db: gameMaster.db, log: gameMaster.log }, stop.signal);
});
afterAll(async () => {
  stop.abort();
  await consuming;
  await gameMaster.close();
  redis.disconnect();
  await server.drop();
});

const openedAt = Date.parse('2026-05-01T12:00:00.000Z');
const minute = 60_000;
let gameId: string;
let jobId: string;
beforeEach(async () => {
  gameId = uuidv7();
  jobId = uuidv7();
  await insertGame();
});

/** Turn 5 of a game of three seats is open for an hour, and seat 2 has sent orders. */
async function insertGame(): Promise<void> {
  await gameMaster.pool.query(
    `insert into game_master.games (game_id, runtime_job_id, container_id, engine_endpoint, game_name, time_zone,
       turn_seconds, early, spectators, options, seed, status, lobby_revision, phase, played_turn, awaiting, orders_bytes,
       opened_at, due_at, next_attempt_at)
     values ($1, $2, 'c1', 'http://127.0.0.1:1', 'Game', 'Europe/Berlin', 3600, 'all_ready', false, '{}', '\\x00',
       'running', 7, 'open', 4, '{1,2,3}', 13, $3, $3::timestamptz + interval '1 hour',
       $3::timestamptz + interval '1 hour')`,
    [gameId, jobId, new Date(openedAt)],
  );
  await gameMaster.pool.query(
    `insert into game_master.seats (game_id, seat, user_id, label)
     select $1, seat, gen_random_uuid(), 'Race ' || seat from generate_series(1, 3) seat`,
    [gameId],
  );
  await gameMaster.pool.query(
    `insert into game_master.orders (game_id, seat, turn, orders, bytes, ready, stored_at)
     values ($1, 2, 5, '{"column": 3}', 13, true, $2)`,
    [gameId, new Date(openedAt)],
  );
}

const change = (changes: Record<string, unknown>) => ({
  change_id: uuidv7(),
  kind: 'status',
  game_id: gameId,
  runtime_job_id: jobId,
  revision: 8,
  occurred_at_ms: openedAt + 20 * minute,
  ...changes,
});

/** Adds an entry to the stream, and waits until it has been dealt with. */
async function tell(entry: Record<string, unknown>): Promise<void> {
  const fields = Object.entries(entry).flatMap(([name, value]) => [name, String(value)]);
  const id = (await redis.xadd(stream.stream, '*', ...fields)) ?? '';
  const deadline = Date.now() + 15_000;
  for (;;) {
    const offset = await redis.get(stream.offsetKey);
    if (offset !== null && compareEntryIds(offset, id) >= 0) break;
    if (Date.now() > deadline) throw new Error(`${JSON.stringify(entry)} was not dealt with`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await gameMaster.outbox.settled();
}

async function stored(): Promise<Record<string, unknown>> {
  const { rows } = await gameMaster.pool.query(
    `select status, lobby_revision, phase, (extract(epoch from due_at) * 1000)::float8 - $2 as due,
       remaining_ms::int as remaining, next_attempt_at is not distinct from due_at as attempted_when_due,
       next_attempt_at <= now() as attempted_now, orders_bytes, report_seq::int,
       (select count(*)::int from game_master.orders o where o.game_id = g.game_id) as orders,
       (select array_agg(seat) from game_master.seats s where s.game_id = g.game_id and vacant) as vacant,
       (select array_agg(seat) from game_master.seats s where s.game_id = g.game_id and vacated_at is not null) as left
     from game_master.games g where game_id = $1`,
    [gameId, openedAt],
  );
  return rows[0];
}

async function reports(): Promise<Record<string, unknown>[]> {
  const { rows } = await gameMaster.pool.query(
    `select payload from game_master.outbox where ordering_key = $1 and kind = 'report' order by position`,
    [gameId],
  );
  return rows.map(({ payload }) => payload);
}

describe('a pause', () => {
  test('stops the clock at the time at which the lobby decided, and reports that nothing is due', async () => {
    await tell(change({ status: 'paused' }));
    expect(await stored()).toMatchObject({
      status: 'paused',
      lobby_revision: 8,
      phase: 'open',
      due: null,
      remaining: 40 * minute,
      attempted_when_due: true,
      orders: 1,
      report_seq: 1,
    });
    const [report] = await reports();
    expect(report).toMatchObject({ report_seq: 1, turn: 4, awaited_seats: [1, 2, 3], ready_seats: [2] });
    expect(report).not.toHaveProperty('due_at_ms');
  });

  test('leaves the turn what was left of it, from when the game goes on', async () => {
    await tell(change({ status: 'paused' }));
    const resumedAt = openedAt + 600 * minute;
    await tell(change({ status: 'running', revision: 9, occurred_at_ms: resumedAt }));
    expect(await stored()).toMatchObject({
      status: 'running',
      due: 640 * minute,
      remaining: null,
      attempted_when_due: true,
    });
    expect((await reports()).map(({ due_at_ms }) => due_at_ms)).toEqual([undefined, resumedAt + 40 * minute]);
  });

  test('that is over before the turn opened takes nothing of its time', async () => {
    await tell(change({ status: 'paused', occurred_at_ms: openedAt - 10 * minute }));
    expect(await stored()).toMatchObject({ due: null, remaining: 60 * minute });
    await tell(change({ status: 'running', revision: 9, occurred_at_ms: openedAt - 9 * minute }));
    expect(await stored()).toMatchObject({ due: 60 * minute, remaining: null });
  });

  test('by a schedule skips the times that pass in it', async () => {
    await gameMaster.pool.query(
      `update game_master.games set turn_seconds = null, turn_schedule = '0 20 * * *' where game_id = $1`,
      [gameId],
    );
    await tell(change({ status: 'paused' }));
    const resumedAt = Date.parse('2026-05-03T18:30:00.000Z');
    await tell(change({ status: 'running', revision: 9, occurred_at_ms: resumedAt }));
    // 20:00 in Berlin is over on that day.
    expect(await stored()).toMatchObject({ due: Date.parse('2026-05-04T18:00:00.000Z') - openedAt });
  });

  test('on quiet days takes nothing from a turn, and leaves it what it had', async () => {
    // A Friday, at noon; the turn is due on Monday at noon.
    const due = Date.parse('2026-05-04T10:00:00.000Z');
    await gameMaster.pool.query(
      `update game_master.games set turn_seconds = 86400, quiet_days = '{6,7}', due_at = $2, next_attempt_at = $2
       where game_id = $1`,
      [gameId, new Date(due)],
    );
    const [saturday, sunday] = ['2026-05-02T12:00:00.000Z', '2026-05-03T12:00:00.000Z'].map(Date.parse);
    await tell(change({ status: 'paused', occurred_at_ms: saturday }));
    expect(await stored()).toMatchObject({ due: null, remaining: 12 * 60 * minute });
    await tell(change({ status: 'running', revision: 9, occurred_at_ms: sunday }));
    expect(await stored()).toMatchObject({ due: due - openedAt, attempted_when_due: true });
  });

  test('in the grace of a turn leaves what was left of the grace', async () => {
    await gameMaster.pool.query('update game_master.games set grace_seconds = 1200 where game_id = $1', [
      gameId,
    ]);
    await tell(change({ status: 'paused', occurred_at_ms: openedAt + 65 * minute }));
    expect(await stored()).toMatchObject({ due: null, remaining: -5 * minute });
    await tell(change({ status: 'running', revision: 9, occurred_at_ms: openedAt + 600 * minute }));
    expect(await stored()).toMatchObject({ due: 595 * minute, attempted_now: true });
    expect((await reports()).at(-1)).toMatchObject({
      due_at_ms: openedAt + 595 * minute,
      closes_at_ms: openedAt + 615 * minute,
    });
  });

  test('by a schedule does not go back to the time of a turn that was played early', async () => {
    const [due, dueNext] = ['2026-05-01T18:00:00.000Z', '2026-05-02T18:00:00.000Z'];
    await gameMaster.pool.query(
      `update game_master.games set turn_seconds = null, turn_schedule = '0 20 * * *', due_at = $2 where game_id = $1`,
      [gameId, dueNext],
    );
    await gameMaster.pool.query(
      `insert into game_master.turns (game_id, turn, opened_at, due_at, closed_at, close_reason, outcomes)
       values ($1, 4, $2, $3, $2, 'all_ready', '[]')`,
      [gameId, new Date(openedAt), due],
    );
    await tell(change({ status: 'paused' }));
    await tell(change({ status: 'running', revision: 9, occurred_at_ms: openedAt + 30 * minute }));
    expect(await stored()).toMatchObject({ due: Date.parse(dueNext) - openedAt });
  });

  test('by a schedule leaves the least that a turn takes', async () => {
    await gameMaster.pool.query(
      `update game_master.games set turn_seconds = null, turn_schedule = '0 20 * * *', min_turn_seconds = 3600
       where game_id = $1`,
      [gameId],
    );
    await tell(change({ status: 'paused' }));
    const resumedAt = Date.parse('2026-05-03T17:00:00.001Z');
    await tell(change({ status: 'running', revision: 9, occurred_at_ms: resumedAt }));
    expect(await stored()).toMatchObject({ due: Date.parse('2026-05-04T18:00:00.000Z') - openedAt });
  });

  test('that came at the last moment leaves a second', async () => {
    await tell(change({ status: 'paused', occurred_at_ms: openedAt + 61 * minute }));
    expect(await stored()).toMatchObject({ due: null, remaining: 1_000 });
  });

  test('lets a turn that is closed be played on', async () => {
    await gameMaster.pool.query(
      `update game_master.games set phase = 'closed', close_reason = 'due', closed_at = now(), next_attempt_at = now()
       where game_id = $1`,
      [gameId],
    );
    await tell(change({ status: 'paused' }));
    expect(await stored()).toMatchObject({ status: 'paused', phase: 'closed', attempted_now: true });
  });
});

test.each(['finished', 'cancelled'])(
  'a game that is %s has nothing more to do, and keeps no orders',
  async (status) => {
    const worker = uuidv7();
    await gameMaster.pool.query(
      'update game_master.games set claimed_by = $2, claim_token = $2 where game_id = $1',
      [gameId, worker],
    );
    await tell(change({ status }));
    expect(await stored()).toMatchObject({ status, phase: 'over', due: null, orders: 0, orders_bytes: 0 });
    const { rows } = await gameMaster.pool.query(
      'select next_attempt_at, claimed_by from game_master.games where game_id = $1',
      [gameId],
    );
    expect(rows).toEqual([{ next_attempt_at: null, claimed_by: null }]);
  },
);

describe('a member who leaves', () => {
  const tellLeaving = () => tell(change({ kind: 'seat_vacated', seat: 2 }));

  test('leaves an open turn at once, with their orders, and a turn worker tells the engine', async () => {
    await tellLeaving();
    expect(await stored()).toMatchObject({
      vacant: [2],
      left: [2],
      orders: 0,
      orders_bytes: 0,
      attempted_now: true,
    });
  });

  test('is noted down while a turn worker is at the game', async () => {
    await gameMaster.pool.query(
      'update game_master.games set claimed_by = $2, claim_token = $2 where game_id = $1',
      [gameId, uuidv7()],
    );
    await tellLeaving();
    expect(await stored()).toMatchObject({ vacant: null, left: [2], orders: 1, attempted_when_due: true });
  });
});

describe('nothing changes', () => {
  const untouched = async (entry: Record<string, unknown>) => {
    const noBookkeeping = ['consumers', 'processed_entries'];
    const before = await gameMaster.tables(noBookkeeping);
    await tell(entry);
    expect(await gameMaster.tables(noBookkeeping)).toEqual(before);
  };

  test('for a status that is not newer than what is known', async () => {
    await untouched(change({ status: 'paused', revision: 7 }));
  });

  test('for another runtime, and for an unknown game', async () => {
    await untouched(change({ status: 'cancelled', runtime_job_id: uuidv7() }));
    await untouched(change({ status: 'cancelled', game_id: uuidv7() }));
  });

  test('for a change that comes again', async () => {
    const again = change({ status: 'paused' });
    await tell(again);
    await untouched(again);
  });
});

test('operators see the stream, and what could not be applied, and retry it', async () => {
  const bad = { ...change({ status: 'paused' }), revision: 'eight' };
  await tell(bad);
  const admin = gameMaster.internal({});
  expect(await admin.get('/streams')).toMatchObject([
    200,
    { items: [{ consumer: 'game_changes', stream: 'lobby:game_changes', running: true, dead_letters: 1 }] },
  ]);
  const [status, body] = await admin.get('/dead-letters');
  expect([status, body]).toMatchObject([
    200,
    { items: [{ consumer: 'game_changes', reason: 'malformed: revision must be a whole number' }] },
  ]);
  const id = (body as { items: { dead_letter_id: string }[] }).items[0]?.dead_letter_id;
  expect(await admin.post(`/dead-letters/${id}/retry`)).toMatchObject([200, { dead_letter_id: id }]);
  expect(await redis.xrevrange(stream.stream, '+', '-', 'COUNT', 1)).toMatchObject([
    [expect.any(String), expect.arrayContaining(['revision', 'eight'])],
  ]);
});
