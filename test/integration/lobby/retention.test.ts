// What is deleted after a while, and what stays; and words that an earlier release has not written.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sweepGames } from '../../../lib/lobby/automation/retention.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { apply, column, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { insertGames, insertRows } from '../../support/stores/many-rows.ts';

const day = 86_400_000;
const retention = { draftsMs: 90 * day, endedGamesMs: 180 * day };
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
