// Many people who do everything that the lobby lets them do, all at once and again and again, in few games and under
// few names, many of which look alike. Whatever comes of it: places, names, invites and the games' histories hold, and
// others hear of it in the order in which it was decided.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lobbyPublishers } from '../../../lib/lobby/outbox/publishers.ts';
import { consumerStreams } from '../../../lib/lobby/process/consumer-streams.ts';
import { makeOpenGame } from '../../support/lobby/games.ts';
import { expectLobbyToHold } from '../../support/lobby/invariants.ts';
import { type Answer, type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

/** One for all, so that the order across kinds shows. */
const stream = 'everything';
const consumed = { gmEvents: 'gm', jobResults: 'results', userLifecycle: 'users' };
const streams = {
  ...{ startJobs: stream, stopJobs: stream, gameChanges: stream, notificationIntents: stream },
  ...consumed,
};
let testRedis: TestRedis;
let redis: Redis;
let lobby: TestLobby;
beforeAll(async () => {
  testRedis = await createTestRedis();
  redis = new Redis({ ...testRedis, protocol: 2 });
  lobby = await createTestLobby({
    publishers: lobbyPublishers(redis, streams, Object.values(consumerStreams(streams))),
  });
});
afterAll(async () => {
  await lobby.close();
  redis.disconnect();
  await testRedis.drop();
});

const rounds = 12;
const openAtOnce = 3;
/** What rules may refuse here; anything else is a fault. */
const expectedCodes = new Set([
  'ok',
  'forbidden',
  'not_found',
  'invalid_state',
  'already_applied',
  'already_member',
  'game_full',
  'race_name_taken',
  'rate_limited',
]);
/** Each in forms that count as one name. */
const names = ['Cosmo', 'Orbit', 'Rokoro', 'Bronto', 'Sorrow', 'Troll', 'Oracle', 'Novo'].flatMap((name) => [
  name,
  name.toUpperCase(),
  name.replace('o', 'о' /* Cyrillic */),
  name.replace('r', 'ｒ' /* full-width */),
]);

/** A generator that gives the same numbers in every run; what is decided by chance here is only who does what. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}
const roll = dice(20_260_131);
const oneIn = (sides: number) => roll(sides) === 0;
function pick<Item>(items: readonly Item[]): Item {
  const item = items[roll(items.length)];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

type Act = () => Promise<Answer>;
type Row = { id: string; game_id: string; user_id: string | null; code: string | null };

async function rowsOf(query: string): Promise<Row[]> {
  return (await lobby.pool.query<Row>(query)).rows;
}

async function idsOfGames(gameType: string, status: string): Promise<string[]> {
  const { rows } = await lobby.pool.query<{ game_id: string }>(
    'select game_id from lobby.games where game_type = $1 and status = $2 order by created_at, game_id',
    [gameType, status],
  );
  return rows.map(({ game_id }) => game_id);
}

const post =
  (client: Client, path: string, body?: unknown): Act =>
  () =>
    client.post(path, body === undefined ? {} : { body });

/** Everything that is tried at once in a round. */
async function acts(owner: Client, players: readonly Client[]): Promise<Act[]> {
  const admin = lobby.admin();
  const manager = () => (oneIn(4) ? admin : owner);
  const playerOf = (userId: string | null) =>
    players.find((player) => player.userId === userId) ?? pick(players);
  const named = ({ userId }: Client) => ({ race_name: oneIn(3) ? pick(names) : `Own ${userId.slice(-12)}` });
  const chosen: Act[] = [];

  const publicGames = await idsOfGames('public', 'enrollment_open');
  const privateGames = await idsOfGames('private', 'enrollment_open');
  for (const player of players) {
    chosen.push(post(player, `/games/${pick(publicGames)}/applications`, named(player)));
    if (oneIn(4)) chosen.push(post(player, `/games/${pick([...publicGames, ...privateGames])}/leave`));
    if (oneIn(3)) {
      const path = `/games/${pick(privateGames)}/invites`;
      chosen.push(post(manager(), path, { user_id: player.userId }));
    }
  }
  for (const gameId of privateGames) {
    const body = { max_uses: 2, expires_at: '2031-05-30T12:00:00Z' };
    if (oneIn(3)) chosen.push(post(owner, `/games/${gameId}/invites`, body));
  }

  const applications = await rowsOf(
    `select application_id as id, user_id from lobby.applications where status = 'pending' order by 1`,
  );
  for (const { id, user_id } of applications) {
    chosen.push(post(manager(), `/applications/${id}/approve`));
    if (oneIn(8)) chosen.push(post(manager(), `/applications/${id}/reject`));
    if (oneIn(8)) chosen.push(post(playerOf(user_id), `/applications/${id}/withdraw`));
  }
  const invites = await rowsOf(
    `select invite_id as id, user_id, code from lobby.invites where status = 'pending' order by 1`,
  );
  for (const { id, user_id, code } of invites) {
    const guests = code === null ? [playerOf(user_id)] : [pick(players), pick(players), pick(players)];
    const path = code === null ? `/invites/${id}/redeem` : `/invite-codes/${code}/redeem`;
    for (const guest of guests) chosen.push(post(guest, path, named(guest)));
    if (code === null && oneIn(6)) chosen.push(post(playerOf(user_id), `/invites/${id}/decline`));
    if (oneIn(10)) chosen.push(post(manager(), `/invites/${id}/revoke`));
  }
  const memberships = await rowsOf(
    `select membership_id as id, game_id, user_id from lobby.memberships where status = 'active' order by 1`,
  );
  for (const { id, game_id, user_id } of memberships) {
    if (oneIn(12)) chosen.push(post(playerOf(user_id), `/games/${game_id}/leave`));
    if (oneIn(12)) chosen.push(post(manager(), `/memberships/${id}/remove`));
    if (oneIn(40)) chosen.push(post(manager(), `/memberships/${id}/block`));
  }

  for (const gameId of [...publicGames, ...privateGames]) {
    if (oneIn(6)) chosen.push(post(owner, `/games/${gameId}/close-enrollment`));
    if (oneIn(6)) chosen.push(post(admin, `/games/${gameId}/close-enrollment`));
    if (oneIn(14)) chosen.push(post(manager(), `/games/${gameId}/cancel`));
  }
  const ready = [
    ...(await idsOfGames('public', 'ready_to_start')),
    ...(await idsOfGames('private', 'ready_to_start')),
  ];
  for (const gameId of ready) {
    if (oneIn(2)) chosen.push(post(owner, `/games/${gameId}/start`), post(admin, `/games/${gameId}/start`));
    if (oneIn(3)) chosen.push(post(manager(), `/games/${gameId}/cancel`));
  }
  return chosen;
}

/** What the outbox got, per game and in order, by the ids that consumers know it by. */
async function decided(): Promise<Map<string, string[]>> {
  const { rows } = await lobby.pool.query<{ game: string; key: string }>(
    `select ordering_key as game, coalesce(payload ->> 'idempotency_key', payload ->> 'change_id', payload ->> 'job_id') as key
     from lobby.outbox order by position`,
  );
  const keys = new Map<string, string[]>();
  for (const { game, key } of rows) keys.set(game, [...(keys.get(game) ?? []), key]);
  return keys;
}

/** The same of what Redis got, in the order in which it did. */
async function published(): Promise<Map<string, string[]>> {
  const keys = new Map<string, string[]>();
  for (const [, fields] of await redis.xrange(stream, '-', '+')) {
    const entry = new Map(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? '']] : [])));
    const game = entry.get('game_id') ?? JSON.parse(entry.get('payload') ?? '').game_id;
    const key = entry.get('idempotency_key') ?? entry.get('change_id') ?? entry.get('job_id') ?? '';
    keys.set(game, [...(keys.get(game) ?? []), key]);
  }
  return keys;
}

test('places, names, invites and histories hold whatever happens at once', { timeout: 120_000 }, async () => {
  const owner = lobby.player();
  const players = Array.from({ length: 12 }, () => lobby.player());
  const seen = new Map<string, number>();

  for (let round = 0; round < rounds; round++) {
    lobby.clock.advance(1_000);
    for (const game_type of ['public', 'private']) {
      while ((await idsOfGames(game_type, 'enrollment_open')).length < openAtOnce) {
        await makeOpenGame(owner, { game_type, max_players: 3, start_gap_players: 1 });
      }
    }
    const answers = await Promise.all((await acts(owner, players)).map((act) => act()));
    for (const { status, body } of answers) {
      const code = status < 300 ? 'ok' : (body as { error: { code: string } }).error.code;
      seen.set(code, (seen.get(code) ?? 0) + 1);
    }
    await expectLobbyToHold(lobby.pool, `after round ${round}`);
  }

  expect([...seen.keys()].filter((code) => !expectedCodes.has(code))).toEqual([]);
  await lobby.outbox.settled();
  expect(await published()).toEqual(await decided());

  // Enough has happened for this to mean something.
  expect(seen.get('ok')).toBeGreaterThan(150);
  expect(seen.get('race_name_taken')).toBeGreaterThan(10);
  const { rows } = await lobby.pool.query(`
    select 'membership ' || status as what, count(*)::int from lobby.memberships group by status
    union all select 'application ' || status, count(*)::int from lobby.applications group by status
    union all select 'invite ' || status, count(*)::int from lobby.invites where code is null group by status
    union all select 'code ' || status, count(*)::int from lobby.invites where code is not null group by status
    union all select trigger, count(*)::int from lobby.timeline group by trigger`);
  const counts = new Map(rows.map(({ what, count }) => [what, count]));
  const happened = [
    ...['left', 'removed'].map((status) => `membership ${status}`),
    ...['approved', 'rejected', 'withdrawn', 'cancelled'].map((status) => `application ${status}`),
    ...['redeemed', 'declined', 'revoked'].map((status) => `invite ${status}`),
    'code redeemed',
    ...['gap', 'close_enrollment', 'start', 'cancel'],
  ];
  expect(
    happened.filter((what) => !counts.has(what)),
    JSON.stringify([...counts]),
  ).toEqual([]);
});
