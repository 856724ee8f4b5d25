// Who sees which game: drafts are for their owner, private games for owner and members, everything for admins. What is
// not to be seen looks like what is not there.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  apply,
  column,
  makeDraft,
  makeOpenGame,
  noSuchApplication,
  noSuchGame,
  notTheOwner,
} from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

/** Invites come later; until then a member of a private game besides its owner is written by hand. */
async function makeMember(gameId: string, player: Client, status: 'active' | 'left' = 'active') {
  await lobby.pool.query(
    `insert into lobby.memberships (membership_id, game_id, user_id, race_name, status, joined_at, ended_at)
     values ($1, $2, $3, 'Invited', $4, now(), case $4 when 'active' then null else now() end)`,
    [uuidv7(), gameId, player.userId, status],
  );
}

async function sees(client: Client, gameId: string): Promise<boolean> {
  const listed = column(await client.get('/games?page_size=200'), 'game_id').includes(gameId);
  const answers = [
    await client.get(`/games/${gameId}`),
    await client.get(`/games/${gameId}/memberships`),
    await client.get(`/games/${gameId}/applications`),
  ];
  const found = answers.map(({ status }) => status === 200);
  // A list and the routes of one game never disagree.
  expect(found).toEqual([listed, listed, listed]);
  if (!listed) for (const answer of answers) expect(answer).toEqual(noSuchGame);
  return listed;
}

test.each(['public', 'private'])('a %s draft is seen by its owner and by admins', async (game_type) => {
  const owner = lobby.player();
  const gameId = await makeDraft(owner, { game_type });
  expect(await sees(owner, gameId)).toBe(true);
  expect(await sees(lobby.admin(), gameId)).toBe(true);
  expect(await sees(lobby.player(), gameId)).toBe(false);
});

test('a draft of an admin is seen by admins', async () => {
  const gameId = await makeDraft(lobby.admin());
  expect(await sees(lobby.admin('grace'), gameId)).toBe(true);
  expect(await sees(lobby.player(), gameId)).toBe(false);
});

test('an open public game is seen by everybody', async () => {
  const gameId = await makeOpenGame(lobby.player());
  expect(await sees(lobby.player(), gameId)).toBe(true);
});

describe('an open private game', () => {
  test('is seen by its owner, its members and admins', async () => {
    const [owner, member, former] = [lobby.player(), lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner, { game_type: 'private' });
    await makeMember(gameId, member);
    await makeMember(gameId, former, 'left');
    expect(await sees(owner, gameId)).toBe(true);
    expect(await sees(member, gameId)).toBe(true);
    expect(await sees(lobby.admin(), gameId)).toBe(true);
    expect(await sees(former, gameId)).toBe(false);
    expect(await sees(lobby.player(), gameId)).toBe(false);
  });

  test('is not found by strangers, whatever they want of it', async () => {
    const [owner, stranger] = [lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner, { game_type: 'private' });
    const before = await lobby.tables();
    const body = { race_name: 'Sneakers' };
    expect(await stranger.post(`/games/${gameId}/applications`, { body })).toEqual(noSuchGame);
    expect(await stranger.patch(`/games/${gameId}`, { body: { game_name: 'Mine' } })).toEqual(noSuchGame);
    expect(await stranger.post(`/games/${gameId}/open-enrollment`)).toEqual(noSuchGame);
    expect(await stranger.get(`/games/${gameId}/timeline`)).toEqual(noSuchGame);
    expect(await lobby.tables()).toEqual(before);
  });

  test('is not managed by its members, and takes no applications', async () => {
    const [owner, member] = [lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner, { game_type: 'private' });
    await makeMember(gameId, member);
    const before = await lobby.tables();
    expect(await member.patch(`/games/${gameId}`, { body: { game_name: 'Ours' } })).toEqual(notTheOwner);
    expect(await member.get(`/games/${gameId}/timeline`)).toEqual(notTheOwner);
    expect(
      await member.post(`/games/${gameId}/applications`, { body: { race_name: 'Members' } }),
    ).toMatchObject({
      status: 403,
      body: { error: { message: 'A private game takes no applications; its owner invites players.' } },
    });
    expect(await lobby.tables()).toEqual(before);
  });

  test('hides the applications to it', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner, { game_type: 'private' });
    const applicationId = await apply(owner, gameId, 'Hiders');
    expect(await lobby.player().post(`/applications/${applicationId}/approve`)).toEqual(noSuchApplication);
  });
});

test('where a game runs is for admins', async () => {
  const owner = lobby.player();
  const gameId = await makeOpenGame(owner);
  const jobId = uuidv7();
  await lobby.pool.query(
    `update lobby.games set runtime_job_id = $2, container_id = 'c1', engine_endpoint = 'http://10.0.0.1:9000',
       bound_at = '2031-05-01T12:00:00Z', registered_at = '2031-05-01T12:00:01Z' where game_id = $1`,
    [gameId, jobId],
  );
  const binding = {
    runtime_job_id: jobId,
    container_id: 'c1',
    engine_endpoint: 'http://10.0.0.1:9000',
    bound_at: '2031-05-01T12:00:00.000Z',
    registered_at: '2031-05-01T12:00:01.000Z',
  };
  const hidden = Object.fromEntries(Object.keys(binding).map((name) => [name, null]));
  expect(await lobby.admin().get(`/games/${gameId}`)).toMatchObject({ body: binding });
  expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: hidden });
  expect(await owner.get('/games?page_size=1')).toMatchObject({ body: { items: [hidden] } });
});
