import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { invalidFields, join, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let holder: Client;
let other: Client;
let gameId: string;
beforeAll(async () => {
  lobby = await createTestLobby();
  [holder, other] = [lobby.player(), lobby.player()];
  const owner = lobby.player();
  gameId = await makeOpenGame(owner);
  await join(holder, owner, gameId, 'Zorblax');
});
afterAll(() => lobby.close());

const check = (player: Client, name: string) =>
  player.get(`/race-names/availability?name=${encodeURIComponent(name)}`);
const available = { status: 200, body: { available: true, reason: null, message: null }, etag: null };
const taken = {
  status: 200,
  body: {
    available: false,
    reason: 'taken',
    message: 'Another player has this race name, or one that looks like it.',
  },
  etag: null,
};

describe('the check of a race name', () => {
  test('says that a name is available that nobody has', async () => {
    expect(await check(other, 'Quux of Orion')).toEqual(available);
    expect(await check(other, 'Звёздный')).toEqual(available);
  });

  test.each([
    ['itself', 'Zorblax'],
    ['in other letters', 'ZORBLAX'],
    ['in letters that look the same', 'Zоrblax' /* Cyrillic о */],
  ])('says that a name is taken, %s, and not by whom or where', async (_, name) => {
    const answer = await check(other, name);
    expect(answer).toEqual(taken);
    expect(JSON.stringify(answer.body)).not.toContain(holder.userId);
    expect(JSON.stringify(answer.body)).not.toContain(gameId);
  });

  test('counts the caller’s own name as available to them', async () => {
    expect(await check(holder, 'Zorblax')).toEqual(available);
    expect(await check(holder, 'ZORBLAX')).toEqual(available);
  });

  test.each([
    ['', 'length', 'A race name has 3 to 24 characters; this one has 0.'],
    ['ab', 'length', 'A race name has 3 to 24 characters; this one has 2.'],
    ['x'.repeat(25), 'length', 'A race name has 3 to 24 characters; this one has 25.'],
    ['x'.repeat(2_000), 'length', 'A race name has at most 24 characters.'],
    ['Zorb_lax', 'character', expect.stringContaining('"_" (U+005F)')],
    ['Zorb\u200blax', 'character', expect.stringContaining('U+200B')],
    ['Zorb\u202elax', 'character', expect.stringContaining('U+202E')],
    ['Zorb\u0001lax', 'character', expect.stringContaining('U+0001')],
    [' Zorblax', 'spacing', expect.stringContaining('space')],
    ['Rex\u0331\u0331', 'marks', expect.stringContaining('combining mark')],
    ['א1abc', 'direction', expect.stringContaining('right-to-left')],
    ['Аdmin', 'reserved', expect.stringContaining('reserved')],
  ])('names the rule that %j breaks: %s', async (name, reason, message) => {
    expect(await check(other, name)).toEqual({
      status: 200,
      body: { available: false, reason, message },
      etag: null,
    });
  });

  test('takes a name in any normalisation form, and with spaces written either way', async () => {
    expect(await check(other, 'E\u0301clair')).toEqual(available);
    expect(await other.get('/race-names/availability?name=Tau+Ceti')).toEqual(available);
  });

  test.each([
    ['', { field: 'name', problem: 'is missing' }],
    ['?name=Zorb&user_id=1', { field: 'user_id', problem: 'is not a known field' }],
  ])('refuses the query %j', async (query, problem) => {
    expect(await other.get(`/race-names/availability${query}`)).toEqual(invalidFields(problem));
  });

  test('changes nothing', async () => {
    const before = await lobby.tables();
    await check(other, 'Quux');
    await check(other, 'Zorblax');
    expect(await lobby.tables()).toEqual(before);
  });

  test('tells an admin whether anybody has a name', async () => {
    expect(await check(lobby.admin(), 'Quux of Orion')).toEqual(available);
    expect(await check(lobby.admin(), 'ZORBLAX')).toEqual(taken);
    expect(await check(lobby.admin(), 'Zorb_lax')).toMatchObject({ body: { reason: 'character' } });
  });
});
