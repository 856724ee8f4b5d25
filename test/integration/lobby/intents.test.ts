// What users are notified of: by whose doing, whom, and with what a client needs to show it; and that nobody hears of what
// did not happen, or twice of what did.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apply, approve, field, gameBody, join, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
let bob: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
});
beforeEach(() => {
  [owner, bob] = [lobby.player(), lobby.player()];
});
afterAll(() => lobby.close());

type Intent = {
  notification_type: string;
  recipient_user_ids: string[];
  idempotency_key: string;
  payload: Record<string, unknown>;
};

/** The intents of a game so far, in order. */
async function intentsOf(gameId: string): Promise<Intent[]> {
  const { rows } = await lobby.pool.query<{ payload: Intent }>(
    `select payload from lobby.outbox where kind = 'notification_intent' and ordering_key = $1 order by position`,
    [gameId],
  );
  return rows.map(({ payload }) => payload);
}

const typesOf = async (gameId: string) =>
  (await intentsOf(gameId)).map(({ notification_type }) => notification_type);

/** The intents of a game while `work` runs. */
async function toldBy(gameId: string, work: () => Promise<unknown>): Promise<Intent[]> {
  const before = (await intentsOf(gameId)).length;
  await work();
  return (await intentsOf(gameId)).slice(before);
}

/** The types of what a user heard, in order. */
async function heardBy({ userId }: Client, gameId: string): Promise<string[]> {
  const heard = (await intentsOf(gameId)).filter((intent) => intent.recipient_user_ids.includes(userId));
  return heard.map(({ notification_type }) => notification_type);
}

function intent(
  type: string,
  gameId: string,
  to: Client[],
  subject: string,
  payload: Record<string, unknown> = {},
) {
  return {
    notification_type: type,
    producer: 'lobby',
    recipient_user_ids: to.map(({ userId }) => userId),
    idempotency_key: `${type}:${subject}`,
    payload: { game_id: gameId, game_name: gameBody.game_name, ...payload },
    occurred_at_ms: lobby.now().getTime(),
  };
}

const hasSame = (left: string[], right: string[]) =>
  left.length === right.length && left.every((item) => right.includes(item));

let named = 0;
const newName = () => `Told ${++named + 1_000}`;
const privateGame = (changes = {}) => makeOpenGame(owner, { game_type: 'private', ...changes });
const inviteTo = async (gameId: string, player: Client) =>
  field(await owner.post(`/games/${gameId}/invites`, { body: { user_id: player.userId } }), 'invite_id');
const makeCode = (gameId: string) =>
  owner.post(`/games/${gameId}/invites`, { body: { max_uses: 5, expires_at: '2031-05-30T12:00:00Z' } });
const membershipOf = async (player: Client, gameId: string): Promise<string> => {
  const { rows } = await lobby.pool.query(
    'select membership_id from lobby.memberships where game_id = $1 and user_id = $2 order by joined_at desc',
    [gameId, player.userId],
  );
  return rows[0].membership_id;
};

afterEach(async () => {
  const { rows } = await lobby.pool.query(
    `select payload ->> 'idempotency_key' as key from lobby.outbox where kind = 'notification_intent'
     group by 1 having count(*) > 1`,
  );
  expect(rows).toEqual([]);
});

describe('an application', () => {
  test('is told to the owner when it is sent, and to the applicant when it is approved', async () => {
    const gameId = await makeOpenGame(owner);
    const raceName = newName();
    const applicationId = await apply(bob, gameId, raceName);
    const about = { application_id: applicationId, user_id: bob.userId, race_name: raceName };
    expect(await intentsOf(gameId)).toEqual([
      intent('lobby.application.submitted', gameId, [owner], applicationId, about),
    ]);
    const told = await toldBy(gameId, () => approve(owner, applicationId));
    const membership_id = await membershipOf(bob, gameId);
    expect(told).toEqual([
      intent('lobby.application.approved', gameId, [bob], applicationId, { ...about, membership_id }),
    ]);
  });

  test.each(['owner', 'admin'])('that the %s rejects is told to the applicant', async (who) => {
    const gameId = await makeOpenGame(owner);
    const raceName = newName();
    const applicationId = await apply(bob, gameId, raceName);
    const manager = who === 'owner' ? owner : lobby.admin();
    const told = await toldBy(gameId, () => manager.post(`/applications/${applicationId}/reject`));
    expect(told).toEqual([
      intent('lobby.application.rejected', gameId, [bob], applicationId, {
        application_id: applicationId,
        user_id: bob.userId,
        race_name: raceName,
      }),
    ]);
  });

  test('of the owner is nobody else’s business, nor is one that is withdrawn', async () => {
    const gameId = await makeOpenGame(owner);
    await apply(owner, gameId, newName());
    expect(await intentsOf(gameId)).toEqual([]);
    const applicationId = await apply(bob, gameId, newName());
    const told = await toldBy(gameId, () => bob.post(`/applications/${applicationId}/withdraw`));
    expect(told).toEqual([]);
  });

  test('to a game that has no owner is told to nobody, but its approval to the applicant', async () => {
    const gameId = await makeOpenGame(lobby.admin());
    await join(bob, lobby.admin(), gameId, newName());
    expect(await typesOf(gameId)).toEqual(['lobby.application.approved']);
  });

  test('that is approved last is told before the end of enrollment that it brings', async () => {
    const gameId = await makeOpenGame(owner, { max_players: 2 });
    await join(lobby.player(), owner, gameId, newName());
    await join(bob, owner, gameId, newName());
    expect(await heardBy(bob, gameId)).toEqual(['lobby.application.approved', 'lobby.enrollment.closed']);
  });
});

describe('an invite', () => {
  test('is told to the invited user, and to the owner when it is redeemed', async () => {
    const gameId = await privateGame();
    const inviteId = await inviteTo(gameId, bob);
    expect(await intentsOf(gameId)).toEqual([
      intent('lobby.invite.created', gameId, [bob], inviteId, { invite_id: inviteId, user_id: bob.userId }),
    ]);
    const race_name = newName();
    const told = await toldBy(gameId, () => bob.post(`/invites/${inviteId}/redeem`, { body: { race_name } }));
    const membership_id = await membershipOf(bob, gameId);
    expect(told).toEqual([
      intent('lobby.invite.redeemed', gameId, [owner], membership_id, {
        membership_id,
        user_id: bob.userId,
        race_name,
        invite_id: inviteId,
      }),
    ]);
  });

  test('by a code is told to nobody when it is made or revoked, and to the owner with every use', async () => {
    const gameId = await privateGame();
    const invite = await makeCode(gameId);
    const [inviteId, code] = [field(invite, 'invite_id'), field(invite, 'code')];
    expect(await intentsOf(gameId)).toEqual([]);
    const [first, second] = [bob, lobby.player()];
    for (const player of [first, second]) {
      const body = { race_name: newName() };
      expect(await player.post(`/invite-codes/${code}/redeem`, { body })).toMatchObject({ status: 201 });
    }
    const told = await intentsOf(gameId);
    expect(told.map(({ payload }) => [payload.user_id, payload.invite_id])).toEqual([
      [first.userId, inviteId],
      [second.userId, inviteId],
    ]);
    expect(JSON.stringify(told)).not.toContain(code);
    expect(await toldBy(gameId, () => owner.post(`/invites/${inviteId}/revoke`))).toEqual([]);
  });

  test.each([
    ['decline', 'lobby.invite.declined'],
    ['revoke', 'lobby.invite.revoked'],
  ] as const)('%s is told to the other side', async (verb, type) => {
    const gameId = await privateGame();
    const inviteId = await inviteTo(gameId, bob);
    const [doer, other] = verb === 'decline' ? [bob, owner] : [owner, bob];
    const told = await toldBy(gameId, () => doer.post(`/invites/${inviteId}/${verb}`));
    expect(told).toEqual([
      intent(type, gameId, [other], inviteId, { invite_id: inviteId, user_id: bob.userId }),
    ]);
  });

  test('is used up, and told so, when its user comes in by a code', async () => {
    const gameId = await privateGame();
    const inviteId = await inviteTo(gameId, bob);
    const invite = await makeCode(gameId);
    const body = { race_name: newName() };
    await bob.post(`/invite-codes/${field(invite, 'code')}/redeem`, { body });
    expect((await intentsOf(gameId)).at(-1)).toMatchObject({
      notification_type: 'lobby.invite.redeemed',
      payload: { invite_id: inviteId },
    });
    expect(await owner.get(`/games/${gameId}/invites`)).toMatchObject({
      body: {
        items: [
          { invite_id: inviteId, status: 'redeemed', uses: 1 },
          { invite_id: field(invite, 'invite_id'), status: 'pending', uses: 0 },
        ],
      },
    });
  });
});

describe('the end of enrollment', () => {
  test('tells applicants that it is closed, once', async () => {
    const gameId = await makeOpenGame(owner);
    await join(lobby.player(), owner, gameId, newName());
    await join(lobby.player(), owner, gameId, newName());
    await apply(bob, gameId, newName());
    const told = await toldBy(gameId, () => owner.post(`/games/${gameId}/close-enrollment`));
    expect(told.map(({ notification_type }) => notification_type)).toEqual(['lobby.enrollment.closed']);
    expect(await heardBy(bob, gameId)).toEqual(['lobby.enrollment.closed']);
  });

  test('tells the invited that their invites have expired, once, and nobody else', async () => {
    const gameId = await privateGame();
    await apply(owner, gameId, newName());
    const invite = await makeCode(gameId);
    const player = lobby.player();
    await player.post(`/invite-codes/${field(invite, 'code')}/redeem`, { body: { race_name: newName() } });
    const eve = lobby.player();
    await inviteTo(gameId, bob);
    await inviteTo(gameId, eve);
    const told = await toldBy(gameId, () => owner.post(`/games/${gameId}/close-enrollment`));
    expect(told).toEqual([
      {
        ...intent('lobby.invite.expired', gameId, [], `${gameId}:3`),
        recipient_user_ids: expect.toSatisfy((to: string[]) => hasSame(to, [bob.userId, eve.userId])),
      },
      intent('lobby.enrollment.closed', gameId, [owner, player], `${gameId}:3`, {
        status: 'ready_to_start',
        trigger: 'close_enrollment',
      }),
    ]);
  });

  test('by cancelling notifies each user who waited that the game is off, once', async () => {
    const [publicId, privateId] = [await makeOpenGame(owner), await privateGame()];
    await apply(bob, publicId, newName());
    await inviteTo(privateId, bob);
    for (const gameId of [publicId, privateId]) {
      const told = await toldBy(gameId, () => owner.post(`/games/${gameId}/cancel`));
      expect(told).toEqual([
        intent('lobby.game.cancelled', gameId, [owner, bob], `${gameId}:3`, {
          status: 'cancelled',
          trigger: 'cancel',
        }),
      ]);
    }
  });
});

describe('a membership', () => {
  test.each([
    ['remove', 'lobby.membership.removed'],
    ['block', 'lobby.membership.blocked'],
  ])('that ends by %s is told to who had it', async (verb, type) => {
    const gameId = await makeOpenGame(owner);
    const race_name = newName();
    await join(bob, owner, gameId, race_name);
    const membershipId = await membershipOf(bob, gameId);
    const subject = verb === 'remove' ? membershipId : `${membershipId}:${lobby.now().getTime()}`;
    const told = await toldBy(gameId, () => owner.post(`/memberships/${membershipId}/${verb}`));
    expect(told).toEqual([
      intent(type, gameId, [bob], subject, {
        membership_id: membershipId,
        user_id: bob.userId,
        race_name,
      }),
    ]);
  });

  test('that is left is told to nobody', async () => {
    const gameId = await makeOpenGame(owner);
    await join(bob, owner, gameId, newName());
    expect(await toldBy(gameId, () => bob.post(`/games/${gameId}/leave`))).toEqual([]);
  });

  test('that ended before is notified of when it is blocked, and what was pending by then is not', async () => {
    const gameId = await makeOpenGame(owner);
    await join(bob, owner, gameId, newName());
    await bob.post(`/games/${gameId}/leave`);
    await apply(bob, gameId, newName());
    const membershipId = await membershipOf(bob, gameId);
    const told = await toldBy(gameId, () => owner.post(`/memberships/${membershipId}/block`));
    expect(told.map(({ notification_type }) => notification_type)).toEqual(['lobby.membership.blocked']);
  });

  test('of one who came back and is removed again is another one', async () => {
    const gameId = await makeOpenGame(owner);
    for (let time = 0; time < 2; time++) {
      lobby.clock.advance(1_000);
      await join(bob, owner, gameId, newName());
      await owner.post(`/memberships/${await membershipOf(bob, gameId)}/remove`);
    }
    const removed = (await intentsOf(gameId)).filter(
      ({ notification_type }) => notification_type === 'lobby.membership.removed',
    );
    expect(new Set(removed.map(({ idempotency_key }) => idempotency_key)).size).toBe(2);
  });
});

test('nobody hears of an approval that comes to nothing', async () => {
  const [gameId, other] = [await makeOpenGame(owner), await makeOpenGame(owner)];
  const name = newName();
  const applicationId = await apply(bob, gameId, name);
  await join(lobby.player(), owner, other, name);
  const before = await lobby.tables();
  expect(await owner.post(`/applications/${applicationId}/approve`)).toMatchObject({
    status: 409,
    body: { error: { code: 'race_name_taken' } },
  });
  expect(await lobby.tables()).toEqual(before);
});

test('a request that is repeated with its Idempotency-Key tells once', async () => {
  const gameId = await makeOpenGame(owner);
  const request = { body: { race_name: newName() }, headers: { 'idempotency-key': 'once' } };
  const first = await bob.post(`/games/${gameId}/applications`, request);
  expect(await bob.post(`/games/${gameId}/applications`, request)).toEqual(first);
  expect(await typesOf(gameId)).toEqual(['lobby.application.submitted']);
});
