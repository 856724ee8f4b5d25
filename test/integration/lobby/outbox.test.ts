// What the lobby tells others through Redis: start and stop jobs and notification intents, field by field, published
// right after the commit and in the order of their game.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { lobbyPublishers } from '../../../lib/lobby/outbox/publishers.ts';
import { consumerStreams } from '../../../lib/lobby/process/consumer-streams.ts';
import { apply, field, gameBody, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

/** What the lobby consumes is of no matter here. */
const consumed = { gmEvents: 'gm', jobResults: 'results', userLifecycle: 'users' };
const streams = {
  startJobs: 'jobs:start',
  gameChanges: 'lobby:game_changes',
  stopJobs: 'jobs:stop',
  notificationIntents: 'intents',
  ...consumed,
};

let testRedis: TestRedis;
let redis: Redis;
let lobby: TestLobby;
let redisIsAway = false;
beforeAll(async () => {
  testRedis = await createTestRedis();
  const { host, port, password, db } = testRedis;
  redis = new Redis({ host, port, password, db, protocol: 2 });
  const publishers = Object.entries(
    lobbyPublishers(redis, streams, Object.values(consumerStreams(streams))),
  ).map(([kind, publish]) => [
    kind,
    async (message: Parameters<typeof publish>[0]) => {
      if (redisIsAway) throw new Error('connection refused');
      await publish(message);
    },
  ]);
  lobby = await createTestLobby({ publishers: Object.fromEntries(publishers) });
});
beforeEach(async () => {
  redisIsAway = false;
  await lobby.outbox.settled();
  await redis.flushdb();
});
afterAll(async () => {
  await lobby.close();
  redis.disconnect();
  await testRedis.drop();
});

/** The entries of a stream, once nothing is being published any more. */
async function entriesOf(stream: string): Promise<Record<string, string>[]> {
  await lobby.outbox.settled();
  const entries = await redis.xrange(stream, '-', '+');
  return entries.map(([, fields]) =>
    Object.fromEntries(
      fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1] ?? '']] : [])),
    ),
  );
}
const intentTypes = async () =>
  (await entriesOf('intents')).map(({ notification_type }) => notification_type);

async function makeReadyGame(owner = lobby.player()) {
  const [bob, eve] = [lobby.player(), lobby.player()];
  const gameId = await makeOpenGame(owner, { max_players: 2 });
  await join(bob, owner, gameId, `Bob ${gameId.slice(-12)}`);
  await join(eve, owner, gameId, `Eve ${gameId.slice(-12)}`);
  return { owner, bob, eve, gameId };
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a start asks the Runtime Manager for a container, with everything that it needs', async () => {
  const { owner, bob, eve, gameId } = await makeReadyGame();
  expect(await owner.post(`/games/${gameId}/start`, { headers: { traceparent } })).toMatchObject({
    status: 200,
  });
  const jobId = field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
  const now = lobby.now().getTime();
  const players = [
    { user_id: bob.userId, race_name: `Bob ${gameId.slice(-12)}` },
    { user_id: eve.userId, race_name: `Eve ${gameId.slice(-12)}` },
  ];
  const [job, ...others] = await entriesOf('jobs:start');
  expect({ ...job, players: JSON.parse(job?.players ?? '') }).toEqual({
    job_id: jobId,
    game_id: gameId,
    engine_family: 'test-game',
    engine_version: gameBody.target_engine_version,
    turn_schedule: gameBody.turn_schedule,
    time_zone: gameBody.time_zone,
    players,
    requested_at_ms: String(now),
    expires_at_ms: String(now + 300_000),
    traceparent,
  });
  expect(others).toEqual([]);
});

test('cancelling a game that runs asks for its container to be stopped', async () => {
  const { owner, gameId } = await makeReadyGame();
  await owner.post(`/games/${gameId}/start`);
  await lobby.pool.query(
    `update lobby.games set status = 'paused', container_id = 'c1', engine_endpoint = 'http://10.0.0.1:9000',
       bound_at = now() where game_id = $1`,
    [gameId],
  );
  await owner.post(`/games/${gameId}/cancel`);
  const startJobId = field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
  const jobs = await entriesOf('jobs:stop');
  expect(jobs).toEqual([
    {
      job_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      start_job_id: startJobId,
      game_id: gameId,
      container_id: 'c1',
      reason: 'cancelled',
      requested_at_ms: String(lobby.now().getTime()),
      traceparent: '',
    },
  ]);
  expect(jobs[0]?.job_id).not.toBe(startJobId);
});

test('a game without a container is cancelled without a stop job', async () => {
  const { owner, gameId } = await makeReadyGame();
  await owner.post(`/games/${gameId}/cancel`);
  expect(await intentTypes()).toContain('lobby.game.cancelled');
  expect(await entriesOf('jobs:stop')).toEqual([]);
});

test('the end of enrollment is told to owner, players and those who are still waiting, once each', async () => {
  const [owner, bob, eve] = [lobby.player(), lobby.player(), lobby.player()];
  const gameId = await makeOpenGame(owner);
  await apply(owner, gameId, `Own ${gameId.slice(-12)}`);
  await join(bob, owner, gameId, `Bob ${gameId.slice(-12)}`);
  await apply(eve, gameId, `Eve ${gameId.slice(-12)}`);
  await lobby.outbox.settled();
  await redis.flushdb();
  await owner.post(`/games/${gameId}/close-enrollment`, { headers: { traceparent } });
  const intents = await entriesOf('intents');
  expect(intents).toEqual([
    {
      notification_type: 'lobby.enrollment.closed',
      producer: 'lobby',
      recipient_user_ids: JSON.stringify([owner.userId, bob.userId, eve.userId]),
      idempotency_key: `lobby.enrollment.closed:${gameId}:3`,
      payload: expect.any(String),
      occurred_at_ms: String(lobby.now().getTime()),
      traceparent,
    },
  ]);
  expect(JSON.parse(intents[0]?.payload ?? '')).toEqual({
    game_id: gameId,
    game_name: gameBody.game_name,
    status: 'ready_to_start',
    trigger: 'close_enrollment',
  });
});

test('what becomes of an application is told as soon as it is decided', async () => {
  const [owner, bob] = [lobby.player(), lobby.player()];
  const gameId = await makeOpenGame(owner);
  const applicationId = await apply(bob, gameId, `Bob ${gameId.slice(-12)}`);
  expect(await intentTypes()).toEqual(['lobby.application.submitted']);
  await owner.post(`/applications/${applicationId}/approve`, { headers: { traceparent } });
  const [, approved] = await entriesOf('intents');
  expect({ ...approved, payload: JSON.parse(approved?.payload ?? '') }).toEqual({
    notification_type: 'lobby.application.approved',
    producer: 'lobby',
    recipient_user_ids: JSON.stringify([bob.userId]),
    idempotency_key: `lobby.application.approved:${applicationId}`,
    payload: {
      game_id: gameId,
      game_name: gameBody.game_name,
      application_id: applicationId,
      membership_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user_id: bob.userId,
      race_name: `Bob ${gameId.slice(-12)}`,
    },
    occurred_at_ms: String(lobby.now().getTime()),
    traceparent,
  });
});

test('no user is notified of a game that concerns nobody', async () => {
  const gameId = await makeDraft(lobby.admin());
  expect(await lobby.admin().post(`/games/${gameId}/cancel`)).toMatchObject({ status: 200 });
  expect(await intentTypes()).toEqual([]);
});

test('a refused request tells nobody anything', async () => {
  const { owner, gameId } = await makeReadyGame();
  await lobby.outbox.settled();
  await redis.flushdb();
  expect(await owner.post(`/games/${gameId}/pause`)).toMatchObject({ status: 409 });
  expect(await entriesOf('intents')).toEqual([]);
});

test('a repeat with the same Idempotency-Key starts no second job', async () => {
  const { owner, gameId } = await makeReadyGame();
  const headers = { 'idempotency-key': `start-${gameId}` };
  const first = await owner.post(`/games/${gameId}/start`, { headers });
  expect(await owner.post(`/games/${gameId}/start`, { headers })).toEqual(first);
  expect(await entriesOf('jobs:start')).toHaveLength(1);
});

test('while Redis is away requests succeed; what they decided waits and comes in its order', async () => {
  const { owner, gameId } = await makeReadyGame();
  await lobby.outbox.settled();
  await redis.flushdb();
  redisIsAway = true;
  expect(await owner.post(`/games/${gameId}/start`)).toMatchObject({ status: 200 });
  await lobby.pool.query(
    `update lobby.games set status = 'running', bound_at = now(), container_id = 'c1' where game_id = $1`,
    [gameId],
  );
  expect(await owner.post(`/games/${gameId}/pause`)).toMatchObject({ status: 200 });
  await lobby.outbox.settled();
  expect(await redis.dbsize()).toBe(0);

  redisIsAway = false;
  expect(await owner.post(`/games/${gameId}/cancel`)).toMatchObject({ status: 200 });
  expect(await entriesOf('jobs:start')).toHaveLength(1);
  expect(await entriesOf('jobs:stop')).toHaveLength(1);
  expect(await intentTypes()).toEqual(['lobby.game.paused', 'lobby.game.cancelled']);
});
