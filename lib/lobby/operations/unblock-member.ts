import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Membership } from '../domain/game.ts';
import { unblockingProblem } from '../domain/leaving.ts';
import { memberUnblocked } from '../outbox/intents.ts';
import { noSuchMembership, refuseIf } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { findGame } from '../store/games.ts';
import { findMembership, unblockMemberships } from '../store/memberships.ts';
import { lockUserGuard } from '../store/user-guards.ts';
import { lockMembership } from './lock-membership.ts';
import { recordMembership } from './record-membership.ts';

/**
 * Undoes a block: the user may join the game again, the way they came.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`, `subject_not_found` for a user who is gone.
 */
export function unblockMember(
  lobby: Pick<Lobby, 'now' | 'outbox'>,
  caller: Caller,
  membershipId: string,
): Work<Membership> {
  return async (tx) => {
    // The user's guard is locked before the game, but only those who manage the game learn what it says.
    const seen = await findMembership(tx, membershipId);
    const seenGame = seen && (await findGame(tx, caller.actor, seen.gameId));
    if (seen === undefined || seenGame === undefined) throw noSuchMembership();
    managerOf(caller, seenGame);
    await lockUserGuard(tx, seen.userId);
    const { membership, game } = await lockMembership(tx, caller, membershipId);
    refuseIf(unblockingProblem(membership));
    const { gameId, userId } = membership;
    await recordMembership(tx, caller, 'membership.unblock', membership);
    await unblockMemberships(tx, { gameId, userId });
    const unblocked = { ...membership, status: 'removed' } as const;
    const occasion = { at: lobby.now(), traceparent: caller.traceparent };
    await lobby.outbox.write(tx, memberUnblocked(game, unblocked, occasion));
    return unblocked;
  };
}
