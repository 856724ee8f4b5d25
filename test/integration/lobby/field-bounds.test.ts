// What stands at the bounds of its field is taken as it is; bad-fields.test.ts has what lies beyond them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { field, gameBody, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
  owner = lobby.player();
});
afterAll(() => lobby.close());

const schedule = `${'0,'.repeat(45)}30 * * * *`;
const games: [string, unknown][] = [
  ['game_name', 'Ori'],
  ['game_name', 'x'.repeat(60)],
  ['game_name', '👾'.repeat(60)],
  ['game_name', '👩‍🚀 ❤️ นักบินอวกาศ'],
  ['game_name', 'اوریون‌ها'],
  ['description', ''],
  ['description', 'x'.repeat(2_000)],
  ['description', 'First line\n\tSecond line'],
  ['min_players', 1],
  ['max_players', 2],
  ['max_players', 1_000],
  ['start_gap_hours', 0],
  ['start_gap_hours', 336],
  ['start_gap_players', 0],
  ['start_gap_players', 100],
  ['enrollment_ends_at', '2031-05-01T12:00:00.001Z'],
  ['enrollment_ends_at', '9998-12-31T23:59:59.999Z'],
  ['turn_schedule', schedule],
  // As often as this lobby allows.
  ['turn_schedule', '*/15 * * * *'],
  ['time_zone', 'America/Argentina/ComodRivadavia'],
  ['min_turn_seconds', null],
  ['min_turn_seconds', 1],
  // From one weekday to the next.
  ['min_turn_seconds', 86_399],
  ['quiet_days', []],
  ['quiet_days', [1, 2, 3, 4, 6, 7]],
  ['grace_seconds', 0],
  ['grace_seconds', 43_199],
  ['early', 'all_ready'],
  ['auto_approve', true],
  ['spectators', true],
  ['options', {}],
  ['options', { bots: 0 }],
  ['options', { text: 'x'.repeat(16_384 - '{"text":""}'.length) }],
  ['options', { a: [{ b: [{ c: [{ d: [] }] }] }] }],
  ['options', { bots: 100, least: 1e-6, most: 999_999_999_999_999, ' ': null, no: false }],
  ['target_engine_version', `1.0.0-${'a'.repeat(58)}`],
];

test.each(games)('%s of a game is taken: %j', async (name, value) => {
  expect(schedule).toHaveLength(100);
  const made = await owner.post('/games', { body: { ...gameBody, [name]: value } });
  expect(made).toMatchObject({ status: 201, body: { [name]: value } });
  const draftId = await makeDraft(owner);
  const changed = await owner.patch(`/games/${draftId}`, { body: { [name]: value } });
  expect(changed).toMatchObject({ status: 200, body: { [name]: value } });
});

test('texts are kept in one normal form, so that they are found whichever was typed', async () => {
  const decomposed = 'Nébuleuse'.normalize('NFD');
  const body = { ...gameBody, game_name: decomposed };
  const made = await owner.post('/games', { body });
  expect(field(made, 'game_name')).toBe('Nébuleuse');
  for (const q of ['Nébul', 'Nébul'.normalize('NFD')]) {
    expect(await owner.get(`/games?q=${encodeURIComponent(q)}`)).toMatchObject({
      body: { items: [{ game_name: 'Nébuleuse' }] },
    });
  }
});

test.each(['Abc', 'x'.repeat(24), "D'Arc-en-ciel 2."])('a race name is taken: %j', async (race_name) => {
  const gameId = await makeOpenGame(owner);
  const answer = await lobby.player().post(`/games/${gameId}/applications`, { body: { race_name } });
  expect(answer).toMatchObject({ status: 201, body: { race_name } });
});

test.each([
  [1, '2031-05-01T12:00:00.001Z'],
  [1_000, '9998-12-31T23:59:59.999Z'],
])('a code is made: for %i uses until %s', async (max_uses, expires_at) => {
  const gameId = await makeOpenGame(owner, { game_type: 'private' });
  const path = `/games/${gameId}/invites`;
  expect(await owner.post(path, { body: { max_uses, expires_at } })).toMatchObject({
    status: 201,
    body: { max_uses, expires_at, status: 'pending' },
  });
});

test.each(['page_size=1', 'page_size=200', `q=${'a'.repeat(100)}`, 'target_engine_version=1'])(
  'a list is given: %s',
  async (query) => {
    expect(await owner.get(`/games?${query}`)).toMatchObject({ status: 200 });
  },
);

test.each(['a', 'A0_-'.repeat(16)])('an Idempotency-Key is taken: %s', async (key) => {
  const headers = { 'idempotency-key': key };
  expect(await owner.post('/games', { body: gameBody, headers })).toMatchObject({ status: 201 });
});
