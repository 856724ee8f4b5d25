// What only operators do in the lobby, on the internal listener.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

test('what only operators do is not on the public listener', async () => {
  const player = lobby.player();
  for (const path of [`/users/${player.userId}/games`, '/game-search']) {
    expect(await player.get(path), path).toMatchObject({ status: 404 });
  }
});
