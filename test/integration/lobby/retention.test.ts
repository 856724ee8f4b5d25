// What is deleted after a while, and what stays; and words that an earlier release has not written.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sweepGames } from '../../../lib/lobby/automation/retention.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { apply, column, field, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { insertGames, insertRows } from '../../support/stores/many-rows.ts';

const day = 86_400_000;
const retention = { draftsMs: 90 * day, endedGamesMs: 180 * day, decisionsMs: 30 * day };
const log = createLogger({ service: 'test', level: 'silent' });

let lobby: TestLobby;
let owner: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
});
beforeEach(async () => {
  owner = lobby.player();
  lobby.clock.set(new Date('2031-05-01T12:00:00.000Z'));
  await lobby.pool.query('truncate lobby.games, lobby.race_name_keys cascade');
});
afterAll(() => lobby.close());

const sweep = (stop = new AbortController().signal) => sweepGames(lobby, retention, log, stop);
/** The applications of a game, or the invites to it, that are left, with the number that each stands for. */
const left = async (table: 'applications' | 'invites', gameId: string) =>
  (
    await lobby.pool.query(
      `select status, attempts from lobby.${table} where game_id = $1 order by created_at`,
      [gameId],
    )
  ).rows.map(({ status, attempts }) => `${status} ${attempts}`);
const statusOf = async (gameId: string) => (await lobby.admin().get(`/games/${gameId}`)).status;
const rowsOf = async (gameId: string) => {
  const counts: Record<string, number> = {};
  for (const table of [
    'applications',
    'invites',
    'timeline',
    'member_statistics',
    'listed_words',
    'memberships',
  ]) {
    const { rows } = await lobby.pool.query(`select from lobby.${table} where game_id = $1`, [gameId]);
    counts[table] = rows.length;
  }
  return counts;
};

test('a game that was never opened is deleted some time after its last change, cancelled or not', async () => {
  const [draft, cancelled, edited] = [await makeDraft(owner), await makeDraft(owner), await makeDraft(owner)];
  await owner.post(`/games/${cancelled}/cancel`);
  const open = await makeOpenGame(owner);
  lobby.clock.advance(retention.draftsMs);
  await owner.patch(`/games/${edited}`, { body: { description: 'Still wanted.' } });
  await sweep();
  for (const gameId of [draft, cancelled]) expect(await statusOf(gameId)).toBe(200);

  lobby.clock.advance(1);
  await sweep();
  for (const gameId of [draft, cancelled]) expect(await statusOf(gameId)).toBe(404);
  for (const gameId of [edited, open]) expect(await statusOf(gameId)).toBe(200);
  expect(column(await owner.get('/my/games'), 'game_id').toSorted()).toEqual([edited, open].toSorted());
});

test('of a game that is over the history goes after its time, and the game with its members stays', async () => {
  const gameId = await makeOpenGame(owner);
  const player = lobby.player();
  await join(player, owner, gameId, 'Old Ones');
  await apply(lobby.player(), gameId, 'Older Ones');
  await lobby.pool.query(`insert into lobby.member_statistics values ($1, $2, 1, 1, 1, 1);`, [
    gameId,
    player.userId,
  ]);
  await owner.post(`/games/${gameId}/cancel`);
  const other = await makeOpenGame(owner);
  const [before, others] = [await rowsOf(gameId), await rowsOf(other)];
  expect(before).toMatchObject({ applications: 2, timeline: 2, member_statistics: 1, memberships: 1 });

  lobby.clock.advance(retention.endedGamesMs);
  await sweep();
  expect(await rowsOf(gameId)).toEqual(before);
  lobby.clock.advance(1);
  await sweep();
  await sweep();
  const nothing = { applications: 0, invites: 0, timeline: 0, member_statistics: 0, listed_words: 0 };
  expect(await rowsOf(gameId)).toEqual({ ...nothing, memberships: 1 });
  expect(await rowsOf(other)).toEqual(others);
  expect(await player.get(`/games/${gameId}`)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
  expect(await owner.get(`/games/${gameId}/timeline`)).toMatchObject({ status: 200, body: { items: [] } });
});

test('a history that is longer than one piece goes completely, and a sweep that is stopped ends early', async () => {
  const gameId = await makeOpenGame(owner);
  await owner.post(`/games/${gameId}/cancel`);
  await insertRows(lobby.pool, 'lobby.applications', 'generate_series(1, 2500) n', {
    application_id: 'gen_random_uuid()',
    game_id: `'${gameId}'`,
    user_id: 'gen_random_uuid()',
    race_name: `'Many'`,
    status: `'cancelled'`,
    created_at: 'now()',
    decided_at: 'now()',
  });
  lobby.clock.advance(retention.endedGamesMs + 1);
  await sweep(AbortSignal.abort());
  expect(await rowsOf(gameId)).toMatchObject({ applications: 2_500 });
  await sweep();
  expect(await rowsOf(gameId)).toMatchObject({ applications: 0, timeline: 0 });
});

test('a game that is locked is left for the next sweep', async () => {
  const gameId = await makeDraft(owner);
  lobby.clock.advance(retention.draftsMs + 1);
  const other = await lobby.pool.connect();
  try {
    await other.query('begin');
    await other.query('select from lobby.games where game_id = $1 for update', [gameId]);
    await sweep();
    expect(await statusOf(gameId)).toBe(200);
  } finally {
    await other.query('rollback');
    other.release();
  }
  await sweep();
  expect(await statusOf(gameId)).toBe(404);
});

const enrolling = { enrollment_ends_at: '2032-05-01T12:00:00.000Z' };

test.each([
  ['withdraw', 'withdrawn'],
  ['reject', 'rejected'],
])(
  'of applications that end by %s the last one stays, and the bound on repeats is the same',
  async (verb, status) => {
    const bob = lobby.player();
    const gameId = await makeOpenGame(owner, enrolling);
    const again = () => bob.post(`/games/${gameId}/applications`, { body: { race_name: 'Again' } });
    const end = async (times: number) => {
      for (let time = 0; time < times; time += 1) {
        lobby.clock.advance(day);
        const id = await apply(bob, gameId, 'Again');
        await (verb === 'reject' ? owner : bob).post(`/applications/${id}/${verb}`);
      }
    };
    await end(5);
    await apply(lobby.player(), gameId, 'Waiting');
    lobby.clock.advance(retention.decisionsMs + 1);
    await sweep();
    await sweep();
    expect(await left('applications', gameId)).toEqual([`${status} 5`, 'pending 1']);

    await end(1);
    const wait = { retry_after_seconds: 15_360 };
    expect(await again()).toMatchObject({ status: 429, body: { error: { details: wait } } });
    await end(4);
    await sweep();
    const young = Array.from({ length: 4 }, () => `${status} 1`);
    expect(await left('applications', gameId)).toEqual(['pending 1', ...young, `${status} 6`]);
    const most = { reason: 'too_many_attempts' };
    expect(await again()).toMatchObject({ status: 403, body: { error: { details: most } } });
    lobby.clock.advance(retention.decisionsMs + 1);
    await sweep();
    expect(await left('applications', gameId)).toEqual(['pending 1', `${status} 10`]);
    expect(await again()).toMatchObject({ status: 403, body: { error: { details: most } } });
  },
);

test('of ended invites the last one that was revoked stays, or the one that was declined', async () => {
  const [bob, eve] = [lobby.player(), lobby.player()];
  const gameId = await makeOpenGame(owner, { ...enrolling, game_type: 'private' });
  const post = (player: Client) =>
    owner.post(`/games/${gameId}/invites`, { body: { user_id: player.userId } });
  const end = async (player: Client, by: Client, verb: string) => {
    lobby.clock.advance(day);
    const inviteId = field(await post(player), 'invite_id');
    expect(await by.post(`/invites/${inviteId}/${verb}`)).toMatchObject({ status: 200 });
  };
  for (let times = 0; times < 3; times += 1) await end(bob, owner, 'revoke');
  for (let times = 0; times < 2; times += 1) await end(eve, owner, 'revoke');
  await end(eve, eve, 'decline');
  lobby.clock.advance(retention.decisionsMs + 1);
  await sweep();
  expect(await left('invites', gameId)).toEqual(['revoked 3', 'declined 3']);

  await end(bob, owner, 'revoke');
  const wait = { retry_after_seconds: 960 };
  expect(await post(bob)).toMatchObject({ status: 429, body: { error: { details: wait } } });
  const no = { reason: 'declined' };
  expect(await post(eve)).toMatchObject({ status: 403, body: { error: { details: no } } });
});

test('of ended applications and invites that no rule remembers nothing stays, and what is pending does', async () => {
  const [member, bob] = [lobby.player(), lobby.player()];
  const gameId = await makeOpenGame(owner, enrolling);
  await join(member, owner, gameId, 'Old Ones');
  const closed = await makeOpenGame(owner, { ...enrolling, game_type: 'private' });
  const expires_at = '2031-05-02T12:00:00.000Z';
  const makeInvite = async (body: object) => owner.post(`/games/${closed}/invites`, { body });
  const redeemed = field(await makeInvite({ user_id: bob.userId }), 'invite_id');
  await bob.post(`/invites/${redeemed}/redeem`, { body: { race_name: 'Bobs' } });
  await makeInvite({ max_uses: 3, expires_at });
  const lasting = await makeInvite({ max_uses: 3, expires_at: '2032-04-01T12:00:00.000Z' });
  await makeInvite({ user_id: lobby.player().userId });
  const revoked = field(await makeInvite({ max_uses: 3, expires_at }), 'invite_id');
  await owner.post(`/invites/${revoked}/revoke`);
  expect(lasting.status).toBe(201);

  await sweep();
  expect((await left('invites', closed)).length).toBe(5);
  lobby.clock.advance(retention.decisionsMs + 2 * day);
  await sweep();
  expect(await left('applications', gameId)).toEqual([]);
  expect(await left('invites', closed)).toEqual(['pending 1', 'pending 1']);
  for (const id of [gameId, closed]) expect(await rowsOf(id)).toMatchObject({ memberships: 1 });
  expect(await bob.get(`/games/${closed}`)).toMatchObject({ status: 200 });
});

test('many ended applications go in pieces, and those to a locked game with the next sweep', async () => {
  const gameId = await makeOpenGame(owner, enrolling);
  await insertRows(lobby.pool, 'lobby.applications', 'generate_series(0, 2999) n', {
    application_id: 'gen_random_uuid()',
    game_id: `'${gameId}'`,
    user_id: `('01960000-0000-7000-8000-' || lpad((n % 500)::text, 12, '0'))::uuid`,
    race_name: `'Many'`,
    status: `case when n % 1000 < 500 then 'withdrawn' else 'rejected' end`,
    created_at: `'2031-01-01'`,
    decided_at: `timestamp '2031-01-01' + n * interval '1 second'`,
  });
  const counts = async () =>
    (
      await lobby.pool.query(
        'select count(*)::int as rows, sum(attempts)::int as attempts from lobby.applications',
      )
    ).rows[0];
  const other = await lobby.pool.connect();
  try {
    await other.query('begin');
    await other.query('select from lobby.games where game_id = $1 for update', [gameId]);
    await sweep();
    expect(await counts()).toEqual({ rows: 3_000, attempts: 3_000 });
  } finally {
    await other.query('rollback');
    other.release();
  }
  await Promise.all([sweep(), sweep(), sweep()]);
  await sweep();
  expect(await counts()).toEqual({ rows: 500, attempts: 3_000 });
  const { rows } = await lobby.pool.query(
    `select distinct attempts, status from lobby.applications where decided_at >= timestamp '2031-01-01' + interval '2500 s'`,
  );
  expect(rows).toEqual([{ attempts: 6, status: 'rejected' }]);
});

test('games of earlier releases, and those that one of them renames, are found after a sweep', async () => {
  await insertGames(lobby.pool, 1, 2, { search_words: 'null', search_words_of: 'null' });
  const ours = await makeOpenGame(owner, { game_name: 'Café' });
  const find = async (q: string) => column(await owner.get(`/games?q=${q}`), 'game_name');
  expect(await find('game')).toEqual([]);
  await lobby.pool.query(`update lobby.games set game_name = 'Große' where game_id = $1`, [ours]);
  await sweep();
  expect((await find('game')).toSorted()).toEqual(['Game 1', 'Game 2']);
  expect(await find('grosse')).toEqual(['Große']);
  expect(await find('cafe')).toEqual([]);
  const before = await lobby.tables();
  await sweep();
  expect(await lobby.tables()).toEqual(before);
});
