import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gameStatuses } from '../../../lib/lobby/domain/game.ts';
import {
  type Invite,
  inviteBounds,
  inviteOverProblem,
  inviteStatusAt,
  inviteStatuses,
  invitingProblem,
  useInvite,
} from '../../../lib/lobby/domain/invite.ts';

const now = new Date('2031-05-01T12:00:00.000Z');
const later = (ms: number) => new Date(now.getTime() + ms);
const ofUser: Invite = {
  inviteId: '0197a000-0000-7000-8000-000000000001',
  gameId: '0197a000-0000-7000-8000-000000000002',
  userId: '0197a000-0000-7000-8000-000000000003',
  code: null,
  maxUses: 1,
  uses: 0,
  expiresAt: null,
  status: 'pending',
  createdAt: later(-1_000),
  decidedAt: null,
};
const code: Invite = { ...ofUser, userId: null, code: 'a'.repeat(22), maxUses: 3, expiresAt: later(1_000) };

describe('the status of an invite', () => {
  test('of a user does not change by itself', () => {
    for (const status of inviteStatuses) {
      expect(inviteStatusAt({ ...ofUser, status }, later(1e12))).toBe(status);
    }
  });

  test('of a code that is pending is expired from its time on', () => {
    expect(inviteStatusAt(code, later(999))).toBe('pending');
    expect(inviteStatusAt(code, later(1_000))).toBe('expired');
    expect(inviteStatusAt(code, later(1_001))).toBe('expired');
  });

  test('of a code that was over before its time stays what it was', () => {
    for (const status of inviteStatuses.filter((status) => status !== 'pending')) {
      expect(inviteStatusAt({ ...code, status }, later(2_000))).toBe(status);
    }
  });
});

describe('inviting', () => {
  test('is for private games that enroll', () => {
    expect(invitingProblem({ gameType: 'private', status: 'enrollment_open' })).toBeUndefined();
    for (const status of gameStatuses.filter((status) => status !== 'enrollment_open')) {
      expect(invitingProblem({ gameType: 'private', status })).toEqual({
        code: 'invalid_state',
        message: `The game is ${status}; players are invited only while it is enrollment_open.`,
        details: { status },
      });
    }
  });

  test('to a public game is never possible, whatever its status', () => {
    for (const status of gameStatuses) {
      expect(invitingProblem({ gameType: 'public', status })).toEqual({
        code: 'forbidden',
        message: 'A public game takes no invites; players apply to it.',
      });
    }
  });
});

describe('deciding an invite', () => {
  const decisions = ['redeemed', 'declined', 'revoked'] as const;

  test.each(decisions)('as %s needs it to be pending', (decision) => {
    expect(inviteOverProblem(ofUser, decision, now)).toBeUndefined();
    expect(inviteOverProblem(code, decision, now)).toBeUndefined();
    for (const status of inviteStatuses.filter((status) => status !== 'pending')) {
      expect(inviteOverProblem({ ...ofUser, status }, decision, now)).toEqual({
        code: 'invalid_state',
        message: `The invite is ${status} already; only a pending one can be ${decision}.`,
        details: { invite_status: status },
      });
    }
  });

  test.each(decisions)('as %s is too late for a code whose time has come', (decision) => {
    expect(inviteOverProblem(code, decision, later(999))).toBeUndefined();
    expect(inviteOverProblem(code, decision, later(1_000))).toMatchObject({
      details: { invite_status: 'expired' },
    });
  });
});

describe('using an invite', () => {
  test('of a user redeems it', () => {
    expect(useInvite(ofUser, now)).toEqual({ uses: 1, status: 'redeemed', decidedAt: now });
  });

  test('of several uses redeems it with the last one', () => {
    expect(useInvite(code, now)).toEqual({ uses: 1, status: 'pending', decidedAt: null });
    expect(useInvite({ ...code, uses: 1 }, now)).toEqual({ uses: 2, status: 'pending', decidedAt: null });
    expect(useInvite({ ...code, uses: 2 }, now)).toEqual({ uses: 3, status: 'redeemed', decidedAt: now });
  });

  test('is possible exactly as often as it may be', () => {
    fc.assert(
      fc.property(fc.integer(inviteBounds.maxUses), (maxUses) => {
        let invite: Invite = { ...code, maxUses };
        let used = 0;
        while (inviteOverProblem(invite, 'redeemed', now) === undefined) {
          invite = { ...invite, ...useInvite(invite, now) };
          used += 1;
        }
        expect(used).toBe(maxUses);
        expect(invite).toMatchObject({ uses: maxUses, status: 'redeemed', decidedAt: now });
      }),
      { numRuns: 30 },
    );
  });
});
