// Who may apply to a game and when an application can be approved. Of several problems the one
// that cannot be solved is reported first.
import { capacity } from './enrollment.ts';
import type { Application, Game, MembershipStatus } from './game.ts';

type Problem = {
  readonly code: 'invalid_state' | 'game_full' | 'forbidden' | 'already_applied' | 'already_member';
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

type Fillable = Pick<Game, 'status' | 'maxPlayers' | 'startGapPlayers' | 'gapOpenedAt'> & {
  readonly activeMembers: number;
};

/** Why `userId` cannot apply to a game, judged by the game alone. */
export function applyingProblem(
  game: Pick<Game, 'gameType' | 'ownerUserId' | 'status'>,
  userId: string,
): Problem | undefined {
  if (game.gameType === 'private' && game.ownerUserId !== userId) {
    return { code: 'forbidden', message: 'A private game takes no applications; its owner invites players.' };
  }
  return notEnrolling(game);
}

/** Why a user cannot apply, judged by the user's membership and applications in the game. */
export function applicantProblem(applicant: {
  readonly membership: Extract<MembershipStatus, 'active' | 'blocked'> | undefined;
  readonly hasPendingApplication: boolean;
}): Problem | undefined {
  if (applicant.membership === 'blocked') {
    return { code: 'forbidden', message: 'You have been blocked from this game.' };
  }
  if (applicant.membership === 'active') {
    return { code: 'already_member', message: 'You play in this game already.' };
  }
  if (applicant.hasPendingApplication) {
    return { code: 'already_applied', message: 'You have applied already; the owner has yet to decide.' };
  }
  return undefined;
}

/** Why a user cannot become a member, judged by an earlier membership of the same game. */
export function rejoiningProblem(
  membership: Extract<MembershipStatus, 'active' | 'blocked'> | undefined,
): Problem | undefined {
  switch (membership) {
    case 'blocked':
      return { code: 'forbidden', message: 'The user has been blocked from this game.' };
    case 'active':
      return { code: 'already_member', message: 'The user plays in this game already.' };
    case undefined:
      return undefined;
  }
}

/** Why an application cannot be approved. */
export function approvalProblem(
  application: Pick<Application, 'status'>,
  game: Fillable,
): Problem | undefined {
  const { status } = application;
  // Closing enrollment cancels what is pending; that the game is full says more.
  if (status === 'pending' || status === 'cancelled') {
    const gameProblem = fullProblem(game) ?? notEnrolling(game);
    if (gameProblem !== undefined || status === 'pending') return gameProblem;
  }
  return notPendingProblem(application, 'approved');
}

/** Why an application can no longer be decided. */
export function notPendingProblem(
  { status }: Pick<Application, 'status'>,
  decision: 'approved' | 'rejected' | 'withdrawn',
): Problem | undefined {
  if (status === 'pending') return undefined;
  return {
    code: 'invalid_state',
    message: `The application is ${status} already; only a pending one can be ${decision}.`,
    details: { application_status: status },
  };
}

/** Why a game has no room for another member. */
export function fullProblem(game: Fillable): Problem | undefined {
  const places = capacity(game);
  if (game.activeMembers < places) return undefined;
  return {
    code: 'game_full',
    message: `All ${places} places of the game are taken.`,
    details: { places, active_members: game.activeMembers },
  };
}

/** Why a game takes no new members at all. */
export function notEnrolling({ status }: Pick<Game, 'status'>): Problem | undefined {
  if (status === 'enrollment_open') return undefined;
  return {
    code: 'invalid_state',
    message: `The game is ${status}; players are taken only while it is enrollment_open.`,
    details: { status },
  };
}
