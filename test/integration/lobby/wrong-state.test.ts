// What comes at the wrong time: every request of a game in every status that it does not fit, and of applications,
// invites and memberships that are decided. The answer says what the state is; nothing is changed.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  applicationStatuses,
  type GameStatus,
  gameStatuses,
  membershipStatuses,
} from '../../../lib/lobby/domain/game.ts';
import { inviteStatuses } from '../../../lib/lobby/domain/invite.ts';
import { transition } from '../../../lib/lobby/domain/state-machine.ts';
import { gameBody, invalidFields, makeOpenGame, refusal } from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { inviteUntil, makeWorld, type Request, request, type World } from '../../support/lobby/world.ts';

let lobby: TestLobby;
let world: World;
const start = new Date('2031-05-01T12:00:00.000Z');
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

/** Without those before it, which would have to be compared after every request. What is refused changes none. */
async function newWorld(): Promise<void> {
  lobby.clock.set(start);
  await lobby.pool.query('truncate lobby.games, lobby.race_name_keys cascade');
  world = await makeWorld(lobby);
}

async function expectRefused(operation: string, changes: Request, answer: unknown): Promise<void> {
  const before = await lobby.tables();
  expect(await request(world, operation, changes), operation).toEqual(answer);
  expect(await lobby.tables()).toEqual(before);
}

const invalidState = (message: string, details?: Record<string, unknown>) =>
  refusal(409, 'invalid_state', message, details);

/** Some of it cannot be by way of the lobby: what is pending ends with enrollment. It is refused all the same. */
const setStatus = (status: GameStatus) =>
  lobby.pool.query(`update lobby.games set status = $2 where game_id = any($1)`, [
    [world.publicId, world.privateId],
    status,
  ]);

const triggers = [
  'open_enrollment',
  'close_enrollment',
  'reopen_enrollment',
  'start',
  'retry_start',
  'pause',
  'resume',
  'cancel',
] as const;

describe.each(gameStatuses)('a game that is %s', (status) => {
  beforeAll(newWorld);

  test('refuses what would move it elsewhere, and says what can be done', async () => {
    await setStatus(status);
    for (const trigger of triggers) {
      for (const by of ['owner', 'admin'] as const) {
        const refused = transition({ status, boundAt: null }, trigger, by);
        if (refused.ok) continue;
        const path = `/games/${world.publicId}/${trigger.replace('_', '-')}`;
        const before = await lobby.tables();
        const client = by === 'owner' ? world.owner : lobby.admin();
        const code = refused.code === 'forbidden' ? 403 : 409;
        const body = trigger === 'reopen_enrollment' ? {} : undefined;
        expect(await client.post(path, { body }), path).toEqual(
          refusal(code, refused.code, refused.message, refused.details),
        );
        expect(await lobby.tables()).toEqual(before);
      }
    }
  });

  test('takes nobody unless it enrolls', async () => {
    await setStatus(status);
    if (status === 'enrollment_open') return;
    const details = { status };
    const notTaken = `The game is ${status}; players are taken only while it is enrollment_open.`;
    const notInvited = `The game is ${status}; players are invited only while it is enrollment_open.`;
    const { owner } = world;
    const apply = 'POST /games/{game_id}/applications';
    await expectRefused(apply, {}, invalidState(notTaken, details));
    await expectRefused(apply, { as: owner }, invalidState(notTaken, details));
    await expectRefused(
      apply,
      { as: owner, params: { game_id: world.privateId } },
      invalidState(notTaken, details),
    );
    await expectRefused('POST /applications/{application_id}/approve', {}, invalidState(notTaken, details));
    await expectRefused('POST /games/{game_id}/invites', {}, invalidState(notInvited, details));
    await expectRefused('POST /invites/{invite_id}/redeem', {}, invalidState(notTaken, details));
    await expectRefused('POST /invite-codes/{code}/redeem', {}, invalidState(notTaken, details));
  });

  test('is not changed in what is settled', async () => {
    await setStatus(status);
    const open = status === 'enrollment_open';
    const allowed = open ? ['game_name', 'description', 'enrollment_ends_at', 'auto_approve'] : [];
    const { game_type, ...settings } = gameBody;
    for (const [name, value] of Object.entries(settings)) {
      if (status === 'draft' || (open && allowed.includes(name))) continue;
      const instead = open ? `Only ${allowed.join(', ')} can.` : 'Nothing of it can.';
      await expectRefused(
        'PATCH /games/{game_id}',
        { params: { game_id: world.publicId }, body: { [name]: value } },
        invalidState(`The game is ${status}; ${name} can no longer be changed. ${instead}`, {
          status,
          allowed,
        }),
      );
    }
    expect(game_type).toBe('public');
  });

  test('keeps its members once it is over', async () => {
    await setStatus(status);
    if (status !== 'finished' && status !== 'cancelled') return;
    const over = invalidState(`The game is ${status}; its members can no longer change.`, { status });
    await expectRefused('POST /games/{game_id}/leave', {}, over);
    await expectRefused('POST /memberships/{membership_id}/remove', {}, over);
    await expectRefused('POST /memberships/{membership_id}/block', {}, over);
    await expectRefused('POST /memberships/{membership_id}/unblock', {}, over);
  });
});

describe.each(applicationStatuses.filter((status) => status !== 'pending'))(
  'an application that is %s',
  (status) => {
    beforeAll(newWorld);

    test.each([
      ['approve', 'approved'],
      ['reject', 'rejected'],
      ['withdraw', 'withdrawn'],
    ])('cannot be decided again: %s', async (verb, decision) => {
      await lobby.pool.query(
        'update lobby.applications set status = $2, decided_at = now() where application_id = $1',
        [world.applicationId, status],
      );
      await expectRefused(
        `POST /applications/{application_id}/${verb}`,
        {},
        invalidState(`The application is ${status} already; only a pending one can be ${decision}.`, {
          application_status: status,
        }),
      );
    });
  },
);

describe.each(inviteStatuses.filter((status) => status !== 'pending'))('an invite that is %s', (status) => {
  beforeAll(newWorld);

  test.each([
    ['POST /invites/{invite_id}/redeem', 'redeemed'],
    ['POST /invites/{invite_id}/decline', 'declined'],
    ['POST /invites/{invite_id}/revoke', 'revoked'],
    ['POST /invite-codes/{code}/redeem', 'redeemed'],
  ])('cannot be decided again: %s', async (operation, decision) => {
    await lobby.pool.query(
      'update lobby.invites set status = $2, decided_at = now() where invite_id = any($1)',
      [[world.inviteId, world.codeInviteId], status],
    );
    await expectRefused(
      operation,
      {},
      invalidState(`The invite is ${status} already; only a pending one can be ${decision}.`, {
        invite_status: status,
      }),
    );
  });
});

describe.each(membershipStatuses.filter((status) => status !== 'active'))(
  'a membership that is %s',
  (status) => {
    beforeEach(async () => {
      await newWorld();
      const { member, publicId, membershipId } = world;
      if (status === 'left') await member.post(`/games/${publicId}/leave`);
      else
        await world.owner.post(`/memberships/${membershipId}/${status === 'removed' ? 'remove' : 'block'}`);
    });

    test('does not end again', async () => {
      await expectRefused('POST /games/{game_id}/leave', {}, invalidState('You do not play in this game.'));
      await expectRefused(
        'POST /memberships/{membership_id}/remove',
        {},
        invalidState(`The membership is ${status} already. Only an active one can be removed.`, {
          membership_status: status,
        }),
      );
      if (status !== 'blocked') return;
      await expectRefused(
        'POST /memberships/{membership_id}/block',
        {},
        invalidState('The membership is blocked already. The user cannot join again.', {
          membership_status: status,
        }),
      );
    });
  },
);

test('only a block is undone', async () => {
  await newWorld();
  await expectRefused(
    'POST /memberships/{membership_id}/unblock',
    {},
    invalidState('The membership is active; only a blocked one can be unblocked.', {
      membership_status: 'active',
    }),
  );
});

describe('a deadline that has passed', () => {
  beforeEach(newWorld);

  test('keeps a draft from being opened', async () => {
    lobby.clock.set(new Date(gameBody.enrollment_ends_at));
    await expectRefused(
      'POST /games/{game_id}/open-enrollment',
      { params: { game_id: world.draftId } },
      invalidState(
        `The enrollment deadline ${gameBody.enrollment_ends_at} has passed. Set a later enrollment_ends_at first.`,
        { status: 'draft', enrollment_ends_at: gameBody.enrollment_ends_at },
      ),
    );
  });

  test('keeps a game that was to be started from taking players again', async () => {
    await setStatus('ready_to_start');
    lobby.clock.set(new Date(gameBody.enrollment_ends_at));
    const operation = 'POST /games/{game_id}/reopen-enrollment';
    await expectRefused(
      operation,
      { body: {} },
      invalidState(
        `The enrollment deadline ${gameBody.enrollment_ends_at} has passed. Give a later enrollment_ends_at.`,
        { status: 'ready_to_start', enrollment_ends_at: gameBody.enrollment_ends_at },
      ),
    );
    await expectRefused(
      operation,
      { body: { enrollment_ends_at: gameBody.enrollment_ends_at } },
      invalidFields({
        field: 'enrollment_ends_at',
        problem: `must lie ahead; it is now ${gameBody.enrollment_ends_at}`,
      }),
    );
  });

  test('is not set, nor moved to an earlier time', async () => {
    const operation = 'PATCH /games/{game_id}';
    const params = { game_id: world.publicId };
    await expectRefused(
      operation,
      { params, body: { enrollment_ends_at: '2031-05-31T12:00:00Z' } },
      invalidState(
        `While players enroll, the deadline can only be moved to a later time than ${gameBody.enrollment_ends_at}.`,
        {
          status: 'enrollment_open',
          allowed: ['game_name', 'description', 'enrollment_ends_at', 'auto_approve'],
        },
      ),
    );
    lobby.clock.set(new Date('2031-06-03T12:00:00.000Z'));
    await expectRefused(
      operation,
      { params, body: { enrollment_ends_at: '2031-06-02T12:00:00Z' } },
      invalidFields({
        field: 'enrollment_ends_at',
        problem: 'must lie ahead; it is now 2031-06-03T12:00:00.000Z',
      }),
    );
  });

  test('of a code ends it at that very moment, for users who have it and for its owner', async () => {
    const expired = (decision: string) =>
      invalidState(`The invite is expired already; only a pending one can be ${decision}.`, {
        invite_status: 'expired',
      });
    lobby.clock.set(new Date(inviteUntil));
    await expectRefused('POST /invite-codes/{code}/redeem', {}, expired('redeemed'));
    const params = { invite_id: world.codeInviteId };
    await expectRefused('POST /invites/{invite_id}/revoke', { params }, expired('revoked'));
    lobby.clock.set(new Date(Date.parse(inviteUntil) - 1));
    expect(await request(world, 'POST /invite-codes/{code}/redeem')).toMatchObject({ status: 201 });
  });

  test('of registering a race name is the last moment at which it is too late', async () => {
    lobby.clock.set(new Date(start.getTime() + 3_600_000));
    const before = await lobby.tables();
    expect(await request(world, 'POST /race-names/register')).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state' } },
    });
    expect(await lobby.tables()).toEqual(before);
    lobby.clock.set(new Date(start.getTime() + 3_599_999));
    expect(await request(world, 'POST /race-names/register')).toMatchObject({ status: 200 });
  });

  test('does not keep players from a game that waits for them', async () => {
    const gameId = await makeOpenGame(world.owner);
    lobby.clock.set(new Date(gameBody.enrollment_ends_at));
    const body = { race_name: 'Latecomers' };
    expect(await lobby.player().post(`/games/${gameId}/applications`, { body })).toMatchObject({
      status: 201,
    });
  });
});
