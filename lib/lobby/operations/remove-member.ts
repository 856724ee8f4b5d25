import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Membership } from '../domain/game.ts';
import { removalProblem } from '../domain/leaving.ts';
import { memberRemoved } from '../outbox/intents.ts';
import { refuseIf } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { endMembership } from './end-membership.ts';
import { lockMembership } from './lock-membership.ts';

/**
 * Puts a member out of a game; they may come back the way they came.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function removeMember(
  lobby: Pick<Lobby, 'now' | 'outbox' | 'raceNames'>,
  caller: Caller,
  membershipId: string,
): Work<Membership> {
  return async (tx) => {
    const { membership, game } = await lockMembership(tx, caller, membershipId);
    refuseIf(removalProblem(membership));
    const at = lobby.now();
    const removed = await endMembership(tx, lobby, game, membership, 'removed', at);
    await lobby.outbox.write(tx, memberRemoved(game, removed, { at, traceparent: caller.traceparent }));
    return removed;
  };
}
