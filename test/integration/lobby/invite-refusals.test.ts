// Every reason for which the lobby makes no invite, and lets nobody in by one, beside what bad-fields, not-yours and
// wrong-state have: word by word, and nothing is changed.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import { column, field, join, makeOpenGame, refusal } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
let guest: Client;
let gameId: string;
let inviteId: string;
let code: string;
beforeAll(async () => {
  lobby = await createTestLobby();
});
beforeEach(async () => {
  [owner, guest] = [lobby.player(), lobby.player()];
  gameId = await makeOpenGame(owner, { game_type: 'private', max_players: 2, start_gap_players: 1 });
  inviteId = field(await invite({ user_id: guest.userId }), 'invite_id');
  code = field(await invite({ max_uses: 5, expires_at: '2031-05-20T12:00:00Z' }), 'code');
});
afterAll(() => lobby.close());

const invite = (body: unknown, by: Client = owner) => by.post(`/games/${gameId}/invites`, { body });
let named = 0;
const newName = () => `Guest ${++named + 1_000}`;
const redeemCode = (player: Client, race_name = newName()) =>
  player.post(`/invite-codes/${code}/redeem`, { body: { race_name } });

async function expectUnchanged(request: () => Promise<unknown>, answer: unknown): Promise<void> {
  const before = await lobby.tables();
  expect(await request()).toEqual(answer);
  expect(await lobby.tables()).toEqual(before);
}

describe('an invite is not made', () => {
  test('to a public game, by its owner or an admin', async () => {
    const answer = refusal(403, 'forbidden', 'A public game takes no invites; players apply to it.');
    gameId = await makeOpenGame(owner);
    for (const by of [owner, lobby.admin()]) {
      await expectUnchanged(() => invite({ user_id: guest.userId }, by), answer);
      await expectUnchanged(() => invite({ max_uses: 1, expires_at: '2031-05-20T12:00:00Z' }, by), answer);
    }
  });

  test('for the owner of the game', async () => {
    await expectUnchanged(
      () => invite({ user_id: owner.userId }, lobby.admin()),
      refusal(403, 'forbidden', 'The owner of a game needs no invite to it; apply instead.'),
    );
  });

  test('for a user who is invited and has yet to respond', async () => {
    await expectUnchanged(
      () => invite({ user_id: guest.userId.toUpperCase() }),
      refusal(409, 'invalid_state', 'The user is invited already and has yet to respond.', {
        invite_id: inviteId,
      }),
    );
  });

  test('for a user who plays in the game, or is blocked from it', async () => {
    const joined = await redeemCode(guest);
    await expectUnchanged(
      () => invite({ user_id: guest.userId }),
      refusal(409, 'already_member', 'The user plays in this game already.'),
    );
    await owner.post(`/memberships/${field(joined, 'membership_id')}/block`);
    await expectUnchanged(
      () => invite({ user_id: guest.userId }),
      refusal(403, 'forbidden', 'The user has been blocked from this game.'),
    );
  });

  test('for a user who is gone', async () => {
    const userId = uuidv7();
    await lobby.pool.query('insert into lobby.user_guards values ($1, now())', [userId]);
    await expectUnchanged(
      () => invite({ user_id: userId }),
      refusal(404, 'subject_not_found', 'There is no such user.'),
    );
  });

  test('for an id that no user has', async () => {
    lobby.users.failWith(new Refusal('subject_not_found', 'There is no such user.'));
    try {
      await expectUnchanged(
        () => invite({ user_id: uuidv7() }),
        refusal(404, 'subject_not_found', 'There is no such user.'),
      );
      // A code is for everyone who has it.
      expect(await invite({ max_uses: 1, expires_at: '2031-05-20T12:00:00Z' })).toMatchObject({
        status: 201,
      });
    } finally {
      lobby.users.failWith(undefined);
    }
  });

  test('twice by one Idempotency-Key, for one or for another', async () => {
    const headers = { 'idempotency-key': `invite-${gameId}` };
    const path = `/games/${gameId}/invites`;
    const body = { user_id: uuidv7() };
    const first = await owner.post(path, { body, headers });
    await expectUnchanged(() => owner.post(path, { body, headers }), first);
    await expectUnchanged(
      () => owner.post(path, { body: { user_id: uuidv7() }, headers }),
      refusal(
        409,
        'idempotency_conflict',
        `The Idempotency-Key invite-${gameId} came with another request before. Use a new key for a new request.`,
      ),
    );
  });
});

describe.each(['an invite', 'a code'])('nobody comes in by %s', (what) => {
  const redeem = (race_name = newName(), headers: Record<string, string> = {}) =>
    guest.post(what === 'a code' ? `/invite-codes/${code}/redeem` : `/invites/${inviteId}/redeem`, {
      body: { race_name },
      headers,
    });

  test('under a race name that another player has, or one that looks like it', async () => {
    const raceName = newName();
    await join(lobby.player(), owner, await makeOpenGame(owner), raceName);
    for (const name of [raceName, raceName.toUpperCase(), raceName.replace('e', 'е' /* Cyrillic */)]) {
      await expectUnchanged(
        () => redeem(name),
        refusal(
          409,
          'race_name_taken',
          `Another player has the race name ${JSON.stringify(name)}, or one that looks like it. Choose another one.`,
          { race_name: name },
        ),
      );
    }
  });

  test.each([
    [{ canJoinGame: false }, 'the account lacks that right', 'may_not_join_games'],
    [
      { maxActiveMemberships: 0 },
      'its limit of 0 active memberships is reached',
      'active_memberships_limit_reached',
    ],
  ])('whom the User Service does not let play: %j', async (rights, why, reason) => {
    lobby.users.restrict(guest.userId, rights);
    await expectUnchanged(
      redeem,
      refusal(403, 'not_eligible', `The user may not join a game: ${why}.`, { reasons: [reason] }),
    );
  });

  test.each([
    ['subject_not_found', 404, 'There is no such user.'],
    ['service_unavailable', 503, 'The User Service does not answer.'],
  ] as const)('while the User Service says %s', async (refusalCode, status, message) => {
    lobby.users.failWith(new Refusal(refusalCode, message));
    try {
      await expectUnchanged(redeem, refusal(status, refusalCode, message));
    } finally {
      lobby.users.failWith(undefined);
    }
  });

  test('who is gone, though the User Service has not heard of it', async () => {
    await lobby.pool.query('update lobby.user_guards set gone_at = now() where user_id = $1', [guest.userId]);
    await expectUnchanged(redeem, refusal(404, 'subject_not_found', 'There is no such user.'));
  });

  test('when all places are taken', async () => {
    for (let place = 0; place < 2; place++) await redeemCode(lobby.player());
    // A gap that is full ends enrollment, and with it the invites; this one is as if somebody had been faster by a hair.
    await lobby.pool.query(
      `update lobby.games set start_gap_players = 0, gap_opened_at = now() where game_id = $1`,
      [gameId],
    );
    await expectUnchanged(
      redeem,
      refusal(409, 'game_full', 'All 2 places of the game are taken.', { places: 2, active_members: 2 }),
    );
  });

  test('who plays in the game already', async () => {
    await redeemCode(guest);
    const usedUp = 'The invite is redeemed already; only a pending one can be redeemed.';
    await expectUnchanged(
      redeem,
      what === 'a code'
        ? refusal(409, 'already_member', 'The user plays in this game already.')
        : refusal(409, 'invalid_state', usedUp, { invite_status: 'redeemed' }),
    );
  });

  test('who is blocked from the game', async () => {
    const joined = await redeemCode(guest);
    await owner.post(`/memberships/${field(joined, 'membership_id')}/block`);
    // The invite is as if it had been overlooked by the block.
    await lobby.pool.query(
      `update lobby.invites set status = 'pending', decided_at = null, uses = 0 where invite_id = $1`,
      [inviteId],
    );
    await expectUnchanged(redeem, refusal(403, 'forbidden', 'The user has been blocked from this game.'));
  });

  test('by the same Idempotency-Key under another name', async () => {
    const headers = { 'idempotency-key': `in-${gameId}` };
    const name = newName();
    const first = await redeem(name, headers);
    expect(first.status).toBe(201);
    await expectUnchanged(() => redeem(name, headers), first);
    await expectUnchanged(
      () => redeem(newName(), headers),
      refusal(
        409,
        'idempotency_conflict',
        `The Idempotency-Key in-${gameId} came with another request before. Use a new key for a new request.`,
      ),
    );
  });
});

test.each(['decline', 'revoke'])('%s by twenty at once happens once', async (verb) => {
  const by = verb === 'decline' ? guest : owner;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => by.post(`/invites/${inviteId}/${verb}`)),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expect(answer).toMatchObject({ status: 409, body: { error: { code: 'invalid_state' } } });
  }
});

test.each(['decline', 'revoke'])(
  'whichever comes first, %s and redeem at once end in one way',
  async (verb) => {
    for (let round = 0; round < 4; round++) {
      const player = lobby.player();
      const id = field(await invite({ user_id: player.userId }), 'invite_id');
      const before = column(await owner.get(`/games/${gameId}/memberships`), 'user_id');
      const [redeemed, ended] = await Promise.all([
        player.post(`/invites/${id}/redeem`, { body: { race_name: newName() } }),
        (verb === 'decline' ? player : owner).post(`/invites/${id}/${verb}`),
      ]);
      const statuses = [redeemed.status, ended.status];
      expect([
        [201, 409],
        [409, 200],
      ]).toContainEqual(statuses);
      const members = column(await owner.get(`/games/${gameId}/memberships`), 'user_id');
      expect(members).toEqual(redeemed.status === 201 ? [...before, player.userId] : before);
      if (redeemed.status === 201) await player.post(`/games/${gameId}/leave`);
    }
  },
);
