// What belongs to somebody else: private things look as if they were not there, public ones can be seen but not touched,
// and the request has no effect on other users.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noSuchApplication, noSuchGame, notTheOwner, refusal } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { makeWorld, operations, type Request, request, type World } from '../../support/lobby/world.ts';

let lobby: TestLobby;
let world: World;
beforeAll(async () => {
  lobby = await createTestLobby();
  world = await makeWorld(lobby);
});
afterAll(() => lobby.close());

const noSuchInvite = refusal(404, 'not_found', 'There is no such invite, or it is not for you to see.');
const noSuchMembership = refusal(
  404,
  'not_found',
  'There is no such membership, or it is not for you to see.',
);
const noSuchRaceName = refusal(404, 'not_found', 'You hold no race name with this id.');
const noApplications = refusal(
  403,
  'forbidden',
  'A private game takes no applications; its owner invites players.',
);
const notIn = refusal(409, 'invalid_state', 'You do not play in this game.');
const notTheirInvite = refusal(
  403,
  'forbidden',
  'Only the user whom it is for can decline an invite; revoke it instead.',
);
const notToBeRedeemed = refusal(
  403,
  'forbidden',
  'Only the user whom it is for can redeem an invite, and a code by itself.',
);
const notTheirApplication = refusal(
  403,
  'forbidden',
  'Only the applicant can withdraw an application; reject it instead.',
);

const ofOneGame = [...operations.keys()].filter((operation) => operation.includes('/games/{game_id}'));
/** Every user who sees a game may request this. */
const forAll = [
  'GET /games/{game_id}',
  'GET /games/{game_id}/applications',
  'GET /games/{game_id}/invites',
  'GET /games/{game_id}/memberships',
  'POST /games/{game_id}/applications',
  'POST /games/{game_id}/leave',
];
const toManage = ofOneGame.filter((operation) => !forAll.includes(operation));

/** A request gets this answer, changes nothing, and costs the User Service no question. */
async function expectRefused(operation: string, changes: Request, answer: unknown): Promise<void> {
  const [before, asked] = [await lobby.tables(), lobby.users.lookups()];
  expect(await request(world, operation, changes), operation).toEqual(answer);
  expect(await lobby.tables()).toEqual(before);
  expect(lobby.users.lookups()).toBe(asked);
}

describe.each(ofOneGame)('%s', (operation) => {
  test('does not find a game that is not there, a draft, or a private game', async () => {
    const { stranger, applicant, draftId, privateId } = world;
    for (const as of [stranger, applicant]) {
      for (const game_id of [uuidv7(), draftId, privateId]) {
        await expectRefused(operation, { as, params: { game_id } }, noSuchGame);
      }
    }
  });
});

test('most of what can be done to a game is for those who manage it', () => {
  expect(toManage).toHaveLength(11);
});

describe.each(toManage)('%s', (operation) => {
  test('is not for those who only see the game', async () => {
    const { stranger, applicant, member, guest, publicId, privateId } = world;
    for (const as of [stranger, applicant, member]) {
      await expectRefused(operation, { as, params: { game_id: publicId } }, notTheOwner);
    }
    for (const as of [member, guest]) {
      await expectRefused(operation, { as, params: { game_id: privateId } }, notTheOwner);
    }
  });
});

type Row = [operation: string, as: keyof World, thing: Partial<Record<string, keyof World>>, answer: unknown];
test.each<Row>([
  ['POST /games/{game_id}/applications', 'member', { game_id: 'privateId' }, noApplications],
  ['POST /games/{game_id}/applications', 'guest', { game_id: 'privateId' }, noApplications],
  ['POST /games/{game_id}/leave', 'stranger', { game_id: 'publicId' }, notIn],
  ['POST /games/{game_id}/leave', 'owner', { game_id: 'publicId' }, notIn],
  ['POST /games/{game_id}/leave', 'guest', { game_id: 'privateId' }, notIn],

  ['POST /applications/{application_id}/approve', 'stranger', {}, noSuchApplication],
  ['POST /applications/{application_id}/approve', 'member', {}, noSuchApplication],
  ['POST /applications/{application_id}/approve', 'applicant', {}, notTheOwner],
  ['POST /applications/{application_id}/reject', 'stranger', {}, noSuchApplication],
  ['POST /applications/{application_id}/reject', 'member', {}, noSuchApplication],
  ['POST /applications/{application_id}/reject', 'applicant', {}, notTheOwner],
  ['POST /applications/{application_id}/withdraw', 'stranger', {}, noSuchApplication],
  ['POST /applications/{application_id}/withdraw', 'member', {}, noSuchApplication],
  ['POST /applications/{application_id}/withdraw', 'owner', {}, notTheirApplication],

  ['POST /invites/{invite_id}/redeem', 'stranger', {}, noSuchInvite],
  ['POST /invites/{invite_id}/redeem', 'member', {}, noSuchInvite],
  ['POST /invites/{invite_id}/redeem', 'owner', {}, notToBeRedeemed],
  ['POST /invites/{invite_id}/redeem', 'guest', { invite_id: 'codeInviteId' }, noSuchInvite],
  ['POST /invites/{invite_id}/redeem', 'owner', { invite_id: 'codeInviteId' }, notToBeRedeemed],
  ['POST /invites/{invite_id}/decline', 'stranger', {}, noSuchInvite],
  ['POST /invites/{invite_id}/decline', 'member', {}, noSuchInvite],
  ['POST /invites/{invite_id}/decline', 'owner', {}, notTheirInvite],
  ['POST /invites/{invite_id}/decline', 'guest', { invite_id: 'codeInviteId' }, noSuchInvite],
  ['POST /invites/{invite_id}/decline', 'owner', { invite_id: 'codeInviteId' }, notTheirInvite],
  ['POST /invites/{invite_id}/revoke', 'stranger', {}, noSuchInvite],
  ['POST /invites/{invite_id}/revoke', 'member', {}, noSuchInvite],
  ['POST /invites/{invite_id}/revoke', 'guest', {}, notTheOwner],
  ['POST /invites/{invite_id}/revoke', 'guest', { invite_id: 'codeInviteId' }, noSuchInvite],

  ...['remove', 'block', 'unblock'].flatMap((verb): Row[] => {
    const operation = `POST /memberships/{membership_id}/${verb}`;
    return [
      [operation, 'stranger', {}, notTheOwner],
      [operation, 'applicant', {}, notTheOwner],
      [operation, 'member', {}, notTheOwner],
      [operation, 'stranger', { membership_id: 'privateMembershipId' }, noSuchMembership],
      [operation, 'member', { membership_id: 'privateMembershipId' }, notTheOwner],
      [operation, 'guest', { membership_id: 'privateMembershipId' }, notTheOwner],
    ];
  }),

  ['POST /race-names/register', 'stranger', {}, noSuchRaceName],
  ['POST /race-names/register', 'owner', {}, noSuchRaceName],
])('%s by the %s of %j is refused', async (operation, as, thing, answer) => {
  const params = Object.fromEntries(
    Object.entries(thing).map(([name, key]) => [name, world[key as keyof World] as string]),
  );
  await expectRefused(operation, { as: world[as] as Client, params }, answer);
});

describe('an id that nothing has', () => {
  test('is no game for admins, either', async () => {
    const path = `/games/${uuidv7()}`;
    const { get, post, patch } = lobby.admin();
    const before = await lobby.tables();
    for (const list of ['', '/timeline', '/applications', '/invites', '/memberships']) {
      expect(await get(`${path}${list}`)).toEqual(noSuchGame);
    }
    expect(await patch(path, { body: { game_name: 'Orion' } })).toEqual(noSuchGame);
    expect(await post(`${path}/invites`, { body: { user_id: world.stranger.userId } })).toEqual(noSuchGame);
    expect(await post(`${path}/reopen-enrollment`, { body: {} })).toEqual(noSuchGame);
    for (const verb of [
      'open-enrollment',
      'close-enrollment',
      'start',
      'retry-start',
      'pause',
      'resume',
      'cancel',
    ]) {
      expect(await post(`${path}/${verb}`)).toEqual(noSuchGame);
    }
    expect(await lobby.tables()).toEqual(before);
  });

  test.each<[string, unknown]>([
    ['POST /applications/{application_id}/approve', noSuchApplication],
    ['POST /applications/{application_id}/reject', noSuchApplication],
    ['POST /applications/{application_id}/withdraw', noSuchApplication],
    ['POST /invites/{invite_id}/redeem', noSuchInvite],
    ['POST /invites/{invite_id}/decline', noSuchInvite],
    ['POST /invites/{invite_id}/revoke', noSuchInvite],
    ['POST /memberships/{membership_id}/remove', noSuchMembership],
    ['POST /memberships/{membership_id}/block', noSuchMembership],
    ['POST /memberships/{membership_id}/unblock', noSuchMembership],
  ])('is not found by %s', async (operation, answer) => {
    // Also the ids of other things are no ids of this one.
    for (const id of [uuidv7(), world.publicId]) {
      const params = { application_id: id, invite_id: id, membership_id: id };
      await expectRefused(operation, { params }, answer);
      if (/withdraw|redeem|decline/.test(operation)) continue;
      const path = operation.replace('POST ', '').replace(/\{\w+\}/, id);
      expect(await lobby.admin().post(path)).toEqual(answer);
    }
  });

  test('is not found as a code or a race name', async () => {
    await expectRefused(
      'POST /invite-codes/{code}/redeem',
      { params: { code: 'a'.repeat(22) } },
      noSuchInvite,
    );
    await expectRefused('POST /race-names/register', { body: { race_name_id: uuidv7() } }, noSuchRaceName);
  });

  test('is one in capital letters, too', async () => {
    const game_id = world.publicId.toUpperCase();
    expect(await request(world, 'GET /games/{game_id}', { params: { game_id } })).toMatchObject({
      status: 200,
      body: { game_id: world.publicId },
    });
  });
});

test('lists show of others’ things what everybody may see', async () => {
  const { stranger, member, publicId, privateId } = world;
  const ofPublic = `/games/${publicId}`;
  expect(await stranger.get(`${ofPublic}/applications`)).toMatchObject({ body: { items: [] } });
  expect(await stranger.get(`${ofPublic}/invites`)).toMatchObject({ body: { items: [] } });
  expect(await member.get(`/games/${privateId}/invites`)).toMatchObject({ body: { items: [] } });
  for (const list of ['games', 'applications', 'invites', 'race-names']) {
    expect(await stranger.get(`/my/${list}`)).toEqual({ status: 200, body: { items: [] }, etag: null });
  }
});
