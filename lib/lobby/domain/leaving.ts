// When members can leave or be put out of a game, and when their race names are free again. Before a game starts,
// the name and the place are free at once. Afterwards the name stays reserved until the game ends, so that no other
// player appears under a name that the game still knows.
import type { Game, GameStatus, Membership, TransitionActor } from './game.ts';

type Problem = {
  readonly code: 'invalid_state' | 'forbidden';
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

const beforeStart: readonly GameStatus[] = ['draft', 'enrollment_open', 'ready_to_start', 'start_failed'];

/** Whether a member who leaves the game now gives up the race name. */
export function leavingFreesName({ status }: Pick<Game, 'status'>): boolean {
  return beforeStart.includes(status);
}

const underWay: readonly GameStatus[] = ['starting', 'running', 'paused'];

/** Whether a member who leaves now leaves a seat behind, of which the others and the Game Master must hear. */
export function leavesSeat({ status }: Pick<Game, 'status'>): boolean {
  return underWay.includes(status);
}

const played: readonly GameStatus[] = ['running', 'paused'];
const enrolled: readonly GameStatus[] = ['ready_to_start', 'start_failed'];

/**
 * What the end of a membership does to the game, if anything: nobody is left to play it, or too few are left to start
 * it. A game that is starting waits for the result of its start.
 */
export function departureTrigger(
  { status, minPlayers }: Pick<Game, 'status' | 'minPlayers'>,
  activeMembers: number,
): 'abandoned' | 'reopen_enrollment' | undefined {
  if (played.includes(status) && activeMembers === 0) return 'abandoned';
  return enrolled.includes(status) && activeMembers < minPlayers ? 'reopen_enrollment' : undefined;
}

/** Why members can no longer leave the game or be put out of it. */
export function overProblem({ status }: Pick<Game, 'status'>): Problem | undefined {
  if (status !== 'finished' && status !== 'cancelled') return undefined;
  return {
    code: 'invalid_state',
    message: `The game is ${status}; its members can no longer change.`,
    details: { status },
  };
}

/**
 * Why members cannot be put out of a game by its owner: once it has started the owner may be their rival, and they would
 * lose their right to the race name.
 */
export function rivalProblem({ status }: Pick<Game, 'status'>, by: TransitionActor): Problem | undefined {
  if (by === 'admin' || !underWay.includes(status)) return undefined;
  return {
    code: 'forbidden',
    message: 'The game has started: only an admin can remove or block its members now.',
    details: { status },
  };
}

/** Why a membership cannot be ended by removing the member. */
export function removalProblem({ status }: Pick<Membership, 'status'>): Problem | undefined {
  return status === 'active' ? undefined : endedAlready(status, 'Only an active one can be removed.');
}

/**
 * Why a user cannot be blocked from a game by way of a membership, which may have ended.
 * @param active the membership by which the user plays in the game now, if any.
 */
export function blockingProblem(
  game: Pick<Game, 'ownerUserId'>,
  membership: Membership,
  active: Membership | undefined,
): Problem | undefined {
  if (membership.userId === game.ownerUserId) {
    return { code: 'forbidden', message: 'The owner of a game cannot be blocked from it.' };
  }
  if (membership.status === 'blocked') return endedAlready('blocked', 'The user cannot join again.');
  if (active !== undefined && active.membershipId !== membership.membershipId) {
    const advice = `The user has joined again; block membership ${active.membershipId}.`;
    return endedAlready(membership.status, advice);
  }
  return undefined;
}

/** Why there is no block to undo. */
export function unblockingProblem({ status }: Pick<Membership, 'status'>): Problem | undefined {
  if (status === 'blocked') return undefined;
  return {
    code: 'invalid_state',
    message: `The membership is ${status}; only a blocked one can be unblocked.`,
    details: { membership_status: status },
  };
}

function endedAlready(status: Membership['status'], advice: string): Problem {
  return {
    code: 'invalid_state',
    message: `The membership is ${status} already. ${advice}`,
    details: { membership_status: status },
  };
}
