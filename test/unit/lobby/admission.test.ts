import { describe, expect, test } from 'vitest';
import {
  applicantProblem,
  applyingProblem,
  approvalProblem,
  fullProblem,
} from '../../../lib/lobby/domain/admission.ts';
import { applicationStatuses, gameStatuses } from '../../../lib/lobby/domain/game.ts';

const open = {
  gameType: 'public',
  ownerUserId: 'owner',
  status: 'enrollment_open',
  maxPlayers: 3,
  startGapPlayers: 2,
  gapOpenedAt: null,
  activeMembers: 2,
} as const;
const inGap = { ...open, gapOpenedAt: new Date(), activeMembers: 4 };

describe('a user can apply', () => {
  test('to a public game, and to a private one that is theirs', () => {
    expect(applyingProblem(open, 'somebody')).toBeUndefined();
    expect(applyingProblem({ ...open, gameType: 'private' }, 'owner')).toBeUndefined();
    expect(applyingProblem({ ...open, gameType: 'private' }, 'somebody')).toMatchObject({
      code: 'forbidden',
    });
  });

  test.each(gameStatuses.filter((status) => status !== 'enrollment_open'))(
    'to no game that is %s',
    (status) => {
      expect(applyingProblem({ ...open, status }, 'somebody')).toMatchObject({
        code: 'invalid_state',
        details: { status },
      });
    },
  );

  test('unless they are in, out for good, or waiting already', () => {
    const standing = { membership: undefined, hasPendingApplication: false };
    expect(applicantProblem(standing)).toBeUndefined();
    expect(applicantProblem({ ...standing, membership: 'active' })).toMatchObject({ code: 'already_member' });
    expect(applicantProblem({ ...standing, membership: 'blocked' })).toMatchObject({ code: 'forbidden' });
    expect(applicantProblem({ ...standing, hasPendingApplication: true })).toMatchObject({
      code: 'already_applied',
    });
  });
});

describe('an application can be approved', () => {
  test('while it is pending and the game has a place', () => {
    expect(approvalProblem({ status: 'pending' }, open)).toBeUndefined();
    expect(approvalProblem({ status: 'pending' }, inGap)).toBeUndefined();
  });

  test.each(applicationStatuses.filter((status) => status !== 'pending'))('not when it is %s', (status) => {
    expect(approvalProblem({ status }, open)).toMatchObject({
      code: 'invalid_state',
      details: { application_status: status },
    });
  });

  test.each(gameStatuses.filter((status) => status !== 'enrollment_open'))(
    'not when the game is %s',
    (status) => {
      expect(approvalProblem({ status: 'pending' }, { ...open, status })).toMatchObject({
        code: 'invalid_state',
        details: { status },
      });
    },
  );

  test('not when the game is full, which is also said of one that was cancelled for that', () => {
    const full = { ...open, status: 'ready_to_start', activeMembers: 5, gapOpenedAt: new Date() } as const;
    expect(approvalProblem({ status: 'pending' }, full)).toMatchObject({ code: 'game_full' });
    expect(approvalProblem({ status: 'cancelled' }, full)).toMatchObject({ code: 'game_full' });
    expect(approvalProblem({ status: 'approved' }, full)).toMatchObject({ code: 'invalid_state' });
  });
});

test('a game is full at max_players, and at as many more as the gap has places once it is open', () => {
  expect(fullProblem({ ...open, activeMembers: 2 })).toBeUndefined();
  expect(fullProblem({ ...open, activeMembers: 3 })).toMatchObject({ details: { places: 3 } });
  expect(fullProblem({ ...inGap, activeMembers: 4 })).toBeUndefined();
  expect(fullProblem({ ...inGap, activeMembers: 5 })).toMatchObject({
    code: 'game_full',
    details: { places: 5 },
  });
});
