// Owners of games whose deadline has passed without enough players: they hear of it once per deadline.
import { drizzle } from 'drizzle-orm/node-postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeDueEnrollments } from '../../../lib/lobby/automation/enrollment-automation.ts';
import { notifyOwnersOfUnderfilledGames } from '../../../lib/lobby/automation/underfilled-games.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { apply, gameBody, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
const start = new Date('2031-05-01T12:00:00.000Z');
const deadline = new Date(gameBody.enrollment_ends_at);
beforeAll(async () => {
  lobby = await createTestLobby();
});
beforeEach(async () => {
  owner = lobby.player();
  lobby.clock.set(start);
  await lobby.pool.query('truncate lobby.games cascade');
});
afterAll(() => lobby.close());

const log = createLogger({ service: 'test', level: 'silent' });
/** What the enrollment automation does at every tick. */
async function tick(stop = new AbortController().signal): Promise<void> {
  await closeDueEnrollments(lobby, log, stop);
  await notifyOwnersOfUnderfilledGames(lobby, log, stop);
}

async function told(gameId: string): Promise<Record<string, unknown>[]> {
  const { rows } = await lobby.pool.query(
    `select payload from lobby.outbox where ordering_key = $1
       and payload ->> 'notification_type' = 'lobby.enrollment.underfilled' order by position`,
    [gameId],
  );
  return rows.map(({ payload }) => payload);
}

const newName = () => `U ${crypto.randomUUID().slice(-12)}`;

test('the owner is told when the deadline passes with too few, and not again', async () => {
  const gameId = await makeOpenGame(owner);
  await join(lobby.player(), owner, gameId, newName());
  lobby.clock.set(new Date(deadline.getTime() - 1));
  await tick();
  expect(await told(gameId)).toEqual([]);

  lobby.clock.set(deadline);
  const revision = (await owner.get(`/games/${gameId}`)).etag;
  await tick();
  await tick();
  expect(await told(gameId)).toEqual([
    {
      notification_type: 'lobby.enrollment.underfilled',
      producer: 'lobby',
      recipient_user_ids: [owner.userId],
      idempotency_key: `lobby.enrollment.underfilled:${gameId}:${deadline.getTime()}`,
      payload: {
        game_id: gameId,
        game_name: gameBody.game_name,
        enrollment_ends_at: gameBody.enrollment_ends_at,
        min_players: 2,
        active_members: 1,
      },
      occurred_at_ms: deadline.getTime(),
    },
  ]);
  // The game is as it was: an edit at the same time is not lost.
  expect(await owner.get(`/games/${gameId}`)).toMatchObject({
    etag: revision,
    body: { status: 'enrollment_open' },
  });
});

test('a later deadline is notified again when it passes', async () => {
  const gameId = await makeOpenGame(owner);
  lobby.clock.set(deadline);
  await tick();
  const later = '2031-06-08T12:00:00.000Z';
  expect(await owner.patch(`/games/${gameId}`, { body: { game_name: 'Orion Spur' } })).toMatchObject({
    status: 200,
  });
  await tick();
  expect(await told(gameId)).toHaveLength(1);
  expect(await owner.patch(`/games/${gameId}`, { body: { enrollment_ends_at: later } })).toMatchObject({
    status: 200,
  });
  await tick();
  expect(await told(gameId)).toHaveLength(1);
  lobby.clock.set(new Date(later));
  await tick();
  expect((await told(gameId)).map(({ idempotency_key }) => idempotency_key)).toEqual([
    `lobby.enrollment.underfilled:${gameId}:${deadline.getTime()}`,
    `lobby.enrollment.underfilled:${gameId}:${Date.parse(later)}`,
  ]);
});

describe('nobody is told', () => {
  test('of a game that has enough players: it is closed', async () => {
    const gameId = await makeOpenGame(owner);
    await join(lobby.player(), owner, gameId, newName());
    await join(lobby.player(), owner, gameId, newName());
    lobby.clock.set(deadline);
    await tick();
    expect(await told(gameId)).toEqual([]);
    expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: { status: 'ready_to_start' } });
  });

  test('of a game that does not enroll', async () => {
    const [draft, cancelled] = [await makeDraft(owner), await makeOpenGame(owner)];
    await owner.post(`/games/${cancelled}/cancel`);
    lobby.clock.set(deadline);
    await tick();
    expect([...(await told(draft)), ...(await told(cancelled))]).toEqual([]);
  });

  test('of a game that has no owner, and nobody looks at it again', async () => {
    const gameId = await makeOpenGame(lobby.admin());
    lobby.clock.set(deadline);
    await tick();
    expect(await told(gameId)).toEqual([]);
    const { rows } = await lobby.pool.query('select underfilled_told_at from lobby.games');
    expect(rows).toEqual([{ underfilled_told_at: deadline }]);
  });

  test('once the worker is told to stop', async () => {
    const gameId = await makeOpenGame(owner);
    lobby.clock.set(deadline);
    await tick(AbortSignal.abort());
    expect(await told(gameId)).toEqual([]);
  });
});

test('a game whose owner was notified closes as soon as the minimum is there', async () => {
  const gameId = await makeOpenGame(owner);
  const waiting = [
    await apply(lobby.player(), gameId, newName()),
    await apply(lobby.player(), gameId, newName()),
  ];
  lobby.clock.set(deadline);
  await tick();
  for (const id of waiting)
    expect(await owner.post(`/applications/${id}/approve`)).toMatchObject({ status: 200 });
  await tick();
  expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: { status: 'ready_to_start' } });
  expect(await told(gameId)).toHaveLength(1);
});

test('replicas that tick at once tell every owner once, of more games than fit into one batch', async () => {
  await lobby.pool.query(
    `insert into lobby.games (game_id, game_type, owner_user_id, game_name, description, status, min_players,
       max_players, start_gap_hours, start_gap_players, enrollment_ends_at, opened_at, turn_schedule, time_zone,
       target_engine_version, created_at, updated_at, revision, active_members)
     select gen_random_uuid(), 'public', gen_random_uuid(), 'Orion Arm', '', 'enrollment_open', 2, 4, 0, 0, $1, $1,
       '0 0 * * *', 'UTC', '1.0.0', $1, $1, 1, 1 from generate_series(1, 230)`,
    [deadline],
  );
  lobby.clock.set(deadline);
  await Promise.all([tick(), tick(), tick()]);
  await tick();
  const { rows } = await lobby.pool.query(
    `select count(*)::int as told, count(distinct ordering_key)::int as games from lobby.outbox
     where ordering_key in (select game_id::text from lobby.games)`,
  );
  expect(rows).toEqual([{ told: 230, games: 230 }]);
});

test('what is due is found through an index without the games whose owners were notified', async () => {
  await lobby.pool.query(
    `insert into lobby.games (game_id, game_type, owner_user_id, game_name, description, status, min_players,
       max_players, start_gap_hours, start_gap_players, enrollment_ends_at, opened_at, turn_schedule, time_zone,
       target_engine_version, created_at, updated_at, revision, active_members, underfilled_told_at)
     select gen_random_uuid(), 'public', gen_random_uuid(), 'Orion Arm', '', 'enrollment_open', 2, 4, 0, 0,
       $1::timestamptz - n * interval '1 minute', $1, '0 0 * * *', 'UTC', '1.0.0', $1, $1, 1, 1, $1
     from generate_series(1, 20000) n`,
    [deadline],
  );
  await lobby.pool.query('analyze lobby.games');
  lobby.clock.set(deadline);
  const statements: { query: string; params: unknown[] }[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => statements.push({ query, params }) };
  const db = drizzle({ client: lobby.pool, logger });
  await notifyOwnersOfUnderfilledGames({ ...lobby, db }, log, new AbortController().signal);
  const claim = statements.find(({ query }) => query.includes('skip locked'));
  const { rows } = await lobby.pool.query(`explain ${claim?.query}`, claim?.params);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index Scan using games_underfilled_due');
});
