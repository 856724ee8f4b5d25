// What only operators do in the lobby, on the internal listener.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameKeys } from '../../../lib/names/keys.ts';
import { column, field, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Answer, type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let admin: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
  admin = lobby.admin();
});
afterAll(() => lobby.close());

/** The names of the fields that a request was refused for. */
function refusedFields({ status, body }: Answer): string[] {
  expect(status).toBe(400);
  const { error } = body as { error: { details: { fields: { field: string }[] } } };
  return error.details.fields.map((one) => one.field);
}

const uniqueName = (text: string) => `${text} ${uuidv7().slice(-8)}`;

describe('the games of a user', () => {
  test('are those that they own, play in or have left, the newest first', async () => {
    const [bob, owner] = [lobby.player(), lobby.player()];
    const left = await makeOpenGame(owner);
    await join(bob, owner, left, uniqueName('Left'));
    expect(await bob.post(`/games/${left}/leave`)).toMatchObject({ status: 200 });
    lobby.clock.advance(1_000);
    const played = await makeOpenGame(owner, { game_type: 'private' });
    const invited = await owner.post(`/games/${played}/invites`, { body: { user_id: bob.userId } });
    const body = { race_name: uniqueName('Plays') };
    await bob.post(`/invites/${field(invited, 'invite_id')}/redeem`, { body });
    lobby.clock.advance(1_000);
    const owned = await makeDraft(bob);
    await makeOpenGame(owner);

    const path = `/users/${bob.userId}/games`;
    const first = await admin.get(`${path}?page_size=2`);
    expect(first.body).toMatchObject({
      items: [
        { game: { game_id: owned, status: 'draft' }, is_owner: true, memberships: [] },
        {
          game: { game_id: played },
          is_owner: false,
          memberships: [{ race_name: body.race_name, status: 'active', ended_at: null }],
        },
      ],
    });
    const token = field(first, 'next_page_token');
    const second = await admin.get(`${path}?page_size=2&page_token=${token}`);
    expect(second.body).toMatchObject({
      items: [{ game: { game_id: left }, memberships: [{ status: 'left', ended_at: expect.any(String) }] }],
    });
    expect(second.body).not.toHaveProperty('next_page_token');
    expect((await admin.get(`${path}?status=draft`)).body).toMatchObject({
      items: [{ game: { game_id: owned } }],
    });
    // A token belongs to one user.
    const other = await admin.get(`/users/${owner.userId}/games?page_size=2&page_token=${token}`);
    expect(refusedFields(other)).toEqual(['page_token']);
  });

  test('of a user whom the lobby does not know are none', async () => {
    expect((await admin.get(`/users/${uuidv7()}/games`)).body).toEqual({ items: [] });
  });
});

describe('the search of games', () => {
  const ids = async (query: string) => column(await admin.get(`/game-search?${query}`), 'game_id');

  test('finds games of all kinds by owner, time, status, engine version and text', async () => {
    const owner = lobby.player();
    const text = uuidv7().slice(-12);
    lobby.clock.advance(60_000);
    const from = lobby.now();
    const older = await makeDraft(owner, { game_type: 'private', game_name: `Quasar ${text}` });
    lobby.clock.advance(60_000);
    const later = lobby.now();
    const newer = await makeOpenGame(owner, { game_type: 'private', game_name: `Pulsar ${text}` });
    const others = await makeOpenGame(lobby.player(), { game_name: `Pulsar ${text} of others` });

    const ofOwner = `owner_user_id=${owner.userId}`;
    expect(await ids(ofOwner)).toEqual([newer, older]);
    expect(await ids(`${ofOwner}&status=draft`)).toEqual([older]);
    expect(await ids(`${ofOwner}&created_before=${later.toISOString()}`)).toEqual([older]);
    expect(await ids(`${ofOwner}&created_from=${later.toISOString()}`)).toEqual([newer]);
    expect(await ids(`created_from=${from.toISOString()}&created_before=${later.toISOString()}`)).toEqual([
      older,
    ]);
    expect(await ids(`${ofOwner}&target_engine_version=1.4.0`)).toEqual([newer, older]);
    expect(await ids(`${ofOwner}&target_engine_version=9.9.9`)).toEqual([]);
    expect((await ids(`q=pulsar%20${text}`)).toSorted()).toEqual([newer, others].toSorted());
    expect(await ids(`q=pulsar%20${text}&${ofOwner}`)).toEqual([newer]);
  });

  test('comes in pages', async () => {
    const owner = lobby.player();
    const games = [await makeDraft(owner), await makeDraft(owner), await makeDraft(owner)];
    const path = `/game-search?owner_user_id=${owner.userId}&page_size=2`;
    const first = await admin.get(path);
    const second = await admin.get(`${path}&page_token=${field(first, 'next_page_token')}`);
    const found = [...column(first, 'game_id'), ...column(second, 'game_id')];
    expect(found.toSorted()).toEqual(games.toSorted());
    expect(second.body).not.toHaveProperty('next_page_token');
  });

  test('refuses what is not an id or a time', async () => {
    const answer = await admin.get('/game-search?owner_user_id=bob&created_from=today&created_before=');
    expect(refusedFields(answer)).toEqual(['owner_user_id', 'created_from', 'created_before']);
  });
});

describe('race names', () => {
  const lookUp = async (name: string) =>
    (await admin.get(`/race-name-lookup?name=${encodeURIComponent(name)}`)).body;
  const body = (race_name: string) => ({ body: { race_name, reason: 'a complaint' } });

  /** A name that a user has registered. */
  async function register(player: Client, name: string): Promise<string> {
    const raceNameId = uuidv7();
    const gameId = await makeDraft(player);
    const { userId } = player;
    const at = lobby.now();
    await lobby.db.transaction(async (tx) => {
      await lobby.raceNames.reserve(tx, { raceNameId, userId, gameId, name, keys: nameKeys(name), at });
      await lobby.raceNames.allowRegistration(tx, { userId, gameId }, new Date(at.getTime() + 3_600_000));
    });
    expect(await player.post('/race-names/register', { body: { race_name_id: raceNameId } })).toMatchObject({
      status: 200,
    });
    return raceNameId;
  }

  test('are found with their holder, by any name that counts as them, and by their keys', async () => {
    const [bob, owner] = [lobby.player(), lobby.player()];
    const name = uniqueName('Vega');
    const gameId = await makeOpenGame(owner);
    await join(bob, owner, gameId, name);
    const held = { kind: 'reservation', race_name: name, user_id: bob.userId, game_id: gameId };
    for (const given of [name, name.toUpperCase(), name.replace('a', 'а'), nameKeys(name).folded]) {
      expect(await lookUp(given), given).toMatchObject({ held: [held], withheld: [] });
    }
    expect(await lookUp('Ad.min')).toMatchObject({ reason: 'reserved', held: [], withheld: [] });
    expect(await lookUp(uniqueName('Free'))).toMatchObject({ reason: null, held: [], withheld: [] });
    expect((await admin.get(`/users/${bob.userId}/race-names?kind=reservation`)).body).toMatchObject({
      items: [held],
    });
    expect((await admin.get(`/users/${bob.userId}/race-names?kind=registered`)).body).toEqual({ items: [] });
  });

  test('are released with a reason, and free for others then', async () => {
    const [bob, eve] = [lobby.player(), lobby.player()];
    const name = uniqueName('Mizar');
    const id = await register(bob, name);
    const path = `/race-names/${id}/release`;
    expect(refusedFields(await admin.post(path, { body: {} }))).toEqual(['reason']);
    const released = await admin.post(path, { body: { reason: 'a complaint' } });
    expect(released.body).toMatchObject({ race_name: name, user_id: bob.userId, kind: 'registered' });
    expect(await lookUp(name)).toMatchObject({ held: [] });
    await register(eve, name);
    expect(await admin.post(path, { body: { reason: 'again' } })).toMatchObject({ status: 404 });
  });

  test('are not released while a member plays under them', async () => {
    const [bob, owner] = [lobby.player(), lobby.player()];
    const name = uniqueName('Alcor');
    const gameId = await makeOpenGame(owner);
    await join(bob, owner, gameId, name);
    const { held } = (await lookUp(name)) as { held: { race_name_id: string }[] };
    const answer = await admin.post(`/race-names/${held[0]?.race_name_id}/release`, {
      body: { reason: 'why' },
    });
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state', details: { kind: 'reservation', game_id: gameId } } },
    });
    expect(await lookUp(name)).toMatchObject({ held: [{ user_id: bob.userId }] });
  });

  test('that are registered are renamed by the rules for names', async () => {
    const [bob, eve] = [lobby.player(), lobby.player()];
    const [before, after, others] = [uniqueName('Rigel'), uniqueName('Deneb'), uniqueName('Others')];
    const id = await register(bob, before);
    await register(eve, others);
    const rename = (name: string) => admin.post(`/race-names/${id}/rename`, body(name));

    expect(refusedFields(await rename('Admin'))).toEqual(['race_name']);
    expect(await rename(others.replace('O', 'О' /* Cyrillic */))).toMatchObject({
      status: 409,
      body: { error: { code: 'race_name_taken' } },
    });
    const own = uniqueName('Second');
    const second = await register(bob, own);
    expect(await rename(own.toUpperCase())).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state', details: { registered_race_name_id: second } } },
    });
    expect(await lookUp(before)).toMatchObject({ held: [{ race_name_id: id, race_name: before }] });

    expect((await rename(after)).body).toMatchObject({
      race_name_id: id,
      race_name: after,
      kind: 'registered',
    });
    expect(await lookUp(before)).toMatchObject({ held: [] });
    expect((await bob.get('/my/race-names')).body).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ race_name_id: id, race_name: after })]),
    });
    expect(await admin.post(`/race-names/${uuidv7()}/rename`, body(uniqueName('X')))).toMatchObject({
      status: 404,
    });
  });

  test('that are withheld are refused to players, and to nobody once they are released', async () => {
    const [bob, owner] = [lobby.player(), lobby.player()];
    const name = uniqueName('Marque');
    const withheld = await admin.post('/withheld-race-names', body(name));
    expect(withheld.body).toMatchObject({
      race_name: name,
      reason: 'a complaint',
      withheld_by: admin.userId,
    });
    const gameId = await makeOpenGame(owner);
    const lookAlike = name.replace('a', 'а' /* Cyrillic */);
    for (const race_name of [name, lookAlike]) {
      expect(await bob.post(`/games/${gameId}/applications`, { body: { race_name } })).toMatchObject({
        status: 409,
        body: {
          error: {
            code: 'race_name_taken',
            message: `No player can have the race name "${race_name}", or one that looks like it. Choose another one.`,
          },
        },
      });
      const query = `name=${encodeURIComponent(race_name)}`;
      expect((await bob.get(`/race-names/availability?${query}`)).body).toMatchObject({
        available: false,
        reason: 'reserved',
      });
    }
    expect(await admin.post('/withheld-race-names', body(name.toUpperCase()))).toMatchObject({ status: 409 });
    expect(await lookUp(lookAlike)).toMatchObject({ held: [], withheld: [{ race_name: name }] });
    expect((await admin.get('/withheld-race-names')).body).toMatchObject({ items: [withheld.body] });

    const path = `/withheld-race-names/${field(withheld, 'withheld_name_id')}/release`;
    expect((await admin.post(path, { body: { reason: 'settled' } })).body).toEqual(withheld.body);
    expect(await admin.post(path, { body: { reason: 'settled' } })).toMatchObject({ status: 404 });
    await join(bob, owner, gameId, name);
  });

  test('that a player has, or nobody could have, are not withheld', async () => {
    const [bob, owner] = [lobby.player(), lobby.player()];
    const name = uniqueName('Castor');
    const gameId = await makeOpenGame(owner);
    await join(bob, owner, gameId, name);
    expect(await admin.post('/withheld-race-names', body(name.toLowerCase()))).toMatchObject({
      status: 409,
      body: { error: { code: 'race_name_taken' } },
    });
    expect(refusedFields(await admin.post('/withheld-race-names', body('Admin')))).toEqual(['race_name']);
    expect(await lookUp(name)).toMatchObject({ held: [{ user_id: bob.userId }], withheld: [] });
  });

  test('are withheld once per idempotency key', async () => {
    const headers = { 'Idempotency-Key': uuidv7() };
    const request = { ...body(uniqueName('Twice')), headers };
    const [first, second] = [
      await admin.post('/withheld-race-names', request),
      await admin.post('/withheld-race-names', request),
    ];
    expect(first.status).toBe(200);
    expect(second.body).toEqual(first.body);
  });
});

test('what only operators do is not on the public listener', async () => {
  const player = lobby.player();
  for (const path of [`/users/${player.userId}/games`, '/game-search', '/race-name-lookup?name=Vega']) {
    expect(await player.get(path), path).toMatchObject({ status: 404 });
  }
});
