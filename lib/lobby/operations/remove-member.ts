import { actorId, type Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Membership } from '../domain/game.ts';
import { removalProblem } from '../domain/leaving.ts';
import { memberRemoved } from '../outbox/intents.ts';
import { refuseIf } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { endMembership } from './end-membership.ts';
import { lockMembership } from './lock-membership.ts';
import { recordMembership } from './record-membership.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Puts a member out of a game; they may come back the way they came.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function removeMember(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  membershipId: string,
): Work<Membership> {
  return async (tx) => {
    const { membership, game } = await lockMembership(tx, caller, membershipId);
    refuseIf(removalProblem(membership));
    const occasion = { at: lobby.now(), traceparent: caller.traceparent };
    await recordMembership(tx, caller, 'membership.remove', membership);
    return endMembership(tx, lobby, game, membership, {
      status: 'removed',
      by: actorId(caller),
      intents: (removed) => memberRemoved(game, removed, occasion),
      ...occasion,
    });
  };
}
