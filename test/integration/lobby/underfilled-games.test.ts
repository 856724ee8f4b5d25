// Games whose deadline has passed without enough players: their owners hear of it once per deadline, and after a grace
// they are cancelled, as are drafts that are never opened and games that nobody starts.
import { drizzle } from 'drizzle-orm/node-postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cancelIdleGames, closeDueEnrollments } from '../../../lib/lobby/automation/enrollment-automation.ts';
import { notifyOwnersOfUnderfilledGames } from '../../../lib/lobby/automation/underfilled-games.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { apply, gameBody, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { intentsOf } from '../../support/lobby/outbox.ts';

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
  await cancelIdleGames(lobby, log, stop);
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
        cancels_at: '2031-06-15T12:00:00.000Z',
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

describe('when the grace is over', () => {
  const grace = 14 * 86_400_000;
  const graceAfter = (time: Date) => new Date(time.getTime() + grace);
  const statusOf = async (gameId: string) => {
    const { body } = await owner.get(`/games/${gameId}`);
    return (body as { status: string }).status;
  };
  const lastMove = async (gameId: string) => {
    const { body } = await owner.get(`/games/${gameId}/timeline`);
    return (body as { items: unknown[] }).items.at(-1);
  };

  test('a game that lacks players is cancelled: names are free, and everybody in it hears of it', async () => {
    const gameId = await makeOpenGame(owner);
    const [player, applicant] = [lobby.player(), lobby.player()];
    const [playersName, applicantsName] = [newName(), newName()];
    await join(player, owner, gameId, playersName);
    await apply(applicant, gameId, applicantsName);
    lobby.clock.set(new Date(graceAfter(deadline).getTime() - 1));
    await tick();
    expect(await statusOf(gameId)).toBe('enrollment_open');

    lobby.clock.set(graceAfter(deadline));
    await Promise.all([tick(), tick()]);
    expect(await statusOf(gameId)).toBe('cancelled');
    expect(await lastMove(gameId)).toMatchObject({
      trigger: 'idle_timeout',
      actor: 'worker',
      reason: `too few players have joined; the deadline was ${gameBody.enrollment_ends_at}`,
    });
    const recipients = [owner, player, applicant].map(({ userId }) => userId);
    expect(await intentsOf(lobby, gameId, 'lobby.game.cancelled')).toMatchObject([
      { to: recipients, payload: { trigger: 'idle_timeout' } },
    ]);
    const other = await makeOpenGame(owner, { enrollment_ends_at: '2031-09-01T12:00:00.000Z' });
    await apply(lobby.player(), other, playersName);
  });

  test('a draft that was never opened is cancelled', async () => {
    const gameId = await makeDraft(owner);
    lobby.clock.set(new Date(graceAfter(deadline).getTime() - 1));
    await tick();
    expect(await statusOf(gameId)).toBe('draft');
    lobby.clock.set(graceAfter(deadline));
    await tick();
    expect(await lastMove(gameId)).toMatchObject({ trigger: 'idle_timeout', from: 'draft' });
  });

  test.each(['ready_to_start', 'start_failed'])(
    'a game that is %s and that nobody starts is cancelled, a grace after it came there',
    async (status) => {
      const gameId = await makeOpenGame(owner, { max_players: 2 });
      await join(lobby.player(), owner, gameId, newName());
      await join(lobby.player(), owner, gameId, newName());
      await lobby.pool.query('update lobby.games set status = $2 where game_id = $1', [gameId, status]);
      lobby.clock.set(new Date(graceAfter(start).getTime() - 1));
      await tick();
      expect(await statusOf(gameId)).toBe(status);
      lobby.clock.set(graceAfter(start));
      await tick();
      expect(await lastMove(gameId)).toMatchObject({
        trigger: 'idle_timeout',
        from: status,
        to: 'cancelled',
        reason: 'the game was not started',
      });
    },
  );

  test('games that have moved on stay', async () => {
    const later = await makeOpenGame(owner);
    const filled = await makeOpenGame(owner);
    await join(lobby.player(), owner, filled, newName());
    await join(lobby.player(), owner, filled, newName());
    const running = await makeOpenGame(owner);
    await lobby.pool.query(`update lobby.games set status = 'running' where game_id = $1`, [running]);
    const enrollment_ends_at = new Date(graceAfter(deadline).getTime() + 1).toISOString();
    await owner.patch(`/games/${later}`, { body: { enrollment_ends_at } });
    lobby.clock.set(graceAfter(deadline));
    await tick();
    expect(await Promise.all([later, filled, running].map(statusOf))).toEqual([
      'enrollment_open',
      'ready_to_start',
      'running',
    ]);
  });
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

test('games that have lain for too long are found through an index', async () => {
  await lobby.pool.query(
    `insert into lobby.games (game_id, game_type, owner_user_id, game_name, description, status, min_players,
       max_players, start_gap_hours, start_gap_players, enrollment_ends_at, opened_at, turn_schedule, time_zone,
       target_engine_version, created_at, updated_at, revision, active_members)
     select gen_random_uuid(), 'public', gen_random_uuid(), 'Orion Arm', '', 'enrollment_open', 2, 4, 0, 0,
       $1::timestamptz + n * interval '1 minute', $1, '0 0 * * *', 'UTC', '1.0.0', $1, $1, 1, 1
     from generate_series(1, 20000) n`,
    [deadline],
  );
  await lobby.pool.query('analyze lobby.games');
  lobby.clock.set(deadline);
  const statements: { query: string; params: unknown[] }[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => statements.push({ query, params }) };
  const db = drizzle({ client: lobby.pool, logger });
  await cancelIdleGames({ ...lobby, db }, log, new AbortController().signal);
  const claim = statements.find(({ query }) => query.includes('skip locked'));
  const { rows } = await lobby.pool.query(`explain ${claim?.query}`, claim?.params);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index Scan using games_idle');
});
