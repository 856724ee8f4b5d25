// Invites to private games: for one user or as a code, and what ends them. What is refused is in invite-refusals.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { column, field, makeOpenGame, noSuchGame, refusal } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
  owner = lobby.player();
});
afterAll(() => lobby.close());

const noSuchInvite = refusal(404, 'not_found', 'There is no such invite, or it is not for you to see.');
const expires_at = '2031-05-20T12:00:00.000Z';
const privateGame = (changes = {}) => makeOpenGame(owner, { game_type: 'private', ...changes });
const invite = async (gameId: string, player: Client) =>
  field(await owner.post(`/games/${gameId}/invites`, { body: { user_id: player.userId } }), 'invite_id');
const makeCode = async (gameId: string, max_uses: number) =>
  field(await owner.post(`/games/${gameId}/invites`, { body: { max_uses, expires_at } }), 'code');
const named = (race_name: string) => ({ body: { race_name } });
const over = (status: string, decision: string) =>
  refusal(409, 'invalid_state', `The invite is ${status} already; only a pending one can be ${decision}.`, {
    invite_status: status,
  });
const statuses = async (gameId: string) => column(await owner.get(`/games/${gameId}/invites`), 'status');

test('who has declined an invite is not invited again, but can still use a code', async () => {
  const bob = lobby.player();
  const gameId = await privateGame();
  await bob.post(`/invites/${await invite(gameId, bob)}/decline`);
  const before = await lobby.tables();
  for (const manager of [owner, lobby.admin()]) {
    expect(await manager.post(`/games/${gameId}/invites`, { body: { user_id: bob.userId } })).toEqual(
      refusal(
        403,
        'forbidden',
        'The user has declined an invite to this game. Give them a code, if they want to join after all.',
        { reason: 'declined' },
      ),
    );
  }
  expect(await lobby.tables()).toEqual(before);
  const code = await makeCode(gameId, 1);
  expect(await bob.post(`/invite-codes/${code}/redeem`, named('Declined One'))).toMatchObject({
    status: 201,
  });
});

test('an invite that was revoked is followed by a pause that grows', async () => {
  const bob = lobby.player();
  const gameId = await privateGame();
  const loop = async () => owner.post(`/invites/${await invite(gameId, bob)}/revoke`);
  await loop();
  await loop();
  const message = 'You can invite the user to this game again in 60 seconds.';
  expect(await owner.post(`/games/${gameId}/invites`, { body: { user_id: bob.userId } })).toEqual(
    refusal(429, 'rate_limited', message, { retry_after_seconds: 60 }),
  );
  lobby.clock.advance(60_000);
  expect(await loop()).toMatchObject({ status: 200 });
});

test('an owner invites the same user ten times a day, in however many games', async () => {
  const bob = lobby.player();
  const games = await Promise.all(Array.from({ length: 11 }, () => privateGame()));
  const last = games.pop() ?? '';
  for (const gameId of games) await invite(gameId, bob);
  expect(await owner.post(`/games/${last}/invites`, { body: { user_id: bob.userId } })).toMatchObject({
    status: 429,
    body: { error: { code: 'rate_limited', details: { retry_after_seconds: 86_400 } } },
  });
  await invite(last, lobby.player());
  const other = lobby.player();
  const otherGame = await makeOpenGame(other, { game_type: 'private' });
  expect(await other.post(`/games/${otherGame}/invites`, { body: { user_id: bob.userId } })).toMatchObject({
    status: 201,
  });
  lobby.clock.advance(86_400_000);
  await invite(last, bob);
});

test('an invited user sees the game, and joins it by redeeming', async () => {
  const bob = lobby.player();
  const gameId = await privateGame();
  expect(await bob.get(`/games/${gameId}`)).toEqual(noSuchGame);
  const inviteId = await invite(gameId, bob);
  expect(await bob.get(`/games/${gameId}`)).toMatchObject({ status: 200 });
  expect(column(await bob.get('/games'), 'game_id')).toContain(gameId);
  expect(column(await bob.get(`/games/${gameId}/invites`), 'invite_id')).toEqual([inviteId]);
  const asked = lobby.users.lookups();
  expect(await bob.post(`/invites/${inviteId}/redeem`, named('Guest One'))).toMatchObject({
    status: 201,
    body: { game_id: gameId, user_id: bob.userId, race_name: 'Guest One', status: 'active' },
  });
  expect(lobby.users.lookups()).toBe(asked + 1);
  expect(await statuses(gameId)).toEqual(['redeemed']);
  const before = await lobby.tables();
  expect(await bob.post(`/invites/${inviteId}/redeem`, named('Guest One'))).toEqual(
    over('redeemed', 'redeemed'),
  );
  expect(await lobby.tables()).toEqual(before);
});

test.each([
  ['decline', 'declined'],
  ['revoke', 'revoked'],
])('%s ends an invite, and with it the sight of the game', async (verb, status) => {
  const [bob, stranger] = [lobby.player(), lobby.player()];
  const gameId = await privateGame();
  const inviteId = await invite(gameId, bob);
  const [may, mayNot] = verb === 'decline' ? [bob, owner] : [owner, bob];
  const before = await lobby.tables();
  expect(await stranger.post(`/invites/${inviteId}/${verb}`)).toEqual(noSuchInvite);
  expect(await mayNot.post(`/invites/${inviteId}/${verb}`)).toMatchObject({ status: 403 });
  expect(await stranger.post(`/invites/${inviteId}/redeem`, named('Stranger'))).toEqual(noSuchInvite);
  expect(await owner.post(`/invites/${inviteId}/redeem`, named('Stranger'))).toMatchObject({ status: 403 });
  expect(await lobby.tables()).toEqual(before);
  expect(await may.post(`/invites/${inviteId}/${verb}`)).toMatchObject({ status: 200, body: { status } });
  expect(await bob.get(`/games/${gameId}`)).toEqual(noSuchGame);
  expect(await bob.post(`/invites/${inviteId}/redeem`, named('Too Late'))).toEqual(over(status, 'redeemed'));
});

test('a code lets in as many as it may, until its time, and is seen by the owner only', async () => {
  const gameId = await privateGame({ max_players: 6 });
  const code = await makeCode(gameId, 3);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      lobby.player().post(`/invite-codes/${code}/redeem`, named(`Coded ${index}`)),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expect(answer).toEqual(over('redeemed', 'redeemed'));
  }
  const late = await makeCode(gameId, 3);
  expect(late).not.toBe(code);
  const now = lobby.clock.now();
  lobby.clock.set(new Date(expires_at));
  expect(await lobby.player().post(`/invite-codes/${late}/redeem`, named('Late'))).toEqual(
    over('expired', 'redeemed'),
  );
  expect(await statuses(gameId)).toEqual(['redeemed', 'expired']);
  lobby.clock.set(now);
  const bob = lobby.player();
  await invite(gameId, bob);
  expect(column(await bob.get(`/games/${gameId}/invites`), 'code')).toEqual([null]);
  expect(await bob.post(`/invite-codes/${'a'.repeat(22)}/redeem`, named('Guess'))).toEqual(noSuchInvite);
});

test('a blocked user redeems nothing and is not invited again', async () => {
  const bob = lobby.player();
  const gameId = await privateGame();
  const code = await makeCode(gameId, 5);
  const membershipId = field(
    await bob.post(`/invite-codes/${code}/redeem`, named('Barred')),
    'membership_id',
  );
  expect(await bob.post(`/invite-codes/${code}/redeem`, named('Barred'))).toMatchObject({
    body: { error: { code: 'already_member' } },
  });
  await owner.post(`/memberships/${membershipId}/block`);
  const before = await lobby.tables();
  const blocked = refusal(403, 'forbidden', 'The user has been blocked from this game.');
  expect(await bob.post(`/invite-codes/${code}/redeem`, named('Barred'))).toEqual(blocked);
  expect(await owner.post(`/games/${gameId}/invites`, { body: { user_id: bob.userId } })).toEqual(blocked);
  expect(await lobby.tables()).toEqual(before);
});

test('invites end with enrollment, and with the game', async () => {
  for (const [verb, status] of [
    ['gap', 'expired'],
    ['cancel', 'cancelled'],
  ] as const) {
    const [bob, eve] = [lobby.player(), lobby.player()];
    const gameId = await privateGame({ max_players: 2 });
    const code = await makeCode(gameId, 5);
    await invite(gameId, bob);
    if (verb === 'cancel') await owner.post(`/games/${gameId}/cancel`);
    else
      for (const name of ['Filler A', 'Filler B'])
        await lobby.player().post(`/invite-codes/${code}/redeem`, named(name));
    expect(await statuses(gameId)).toEqual([status, status]);
    expect(await bob.get(`/games/${gameId}`)).toEqual(noSuchGame);
    expect(await eve.post(`/invite-codes/${code}/redeem`, named('Evening'))).toEqual(
      over(status, 'redeemed'),
    );
  }
});
