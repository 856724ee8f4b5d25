import { actorId, type Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Membership } from '../domain/game.ts';
import { blockingProblem } from '../domain/leaving.ts';
import { memberBlocked } from '../outbox/intents.ts';
import { refuseIf } from '../refusals.ts';
import { endPendingApplicationOf } from '../store/applications.ts';
import type { Work } from '../store/database.ts';
import { endPendingInvites } from '../store/invites.ts';
import { blockEndedMembership, findActiveMembership } from '../store/memberships.ts';
import { endMembership } from './end-membership.ts';
import { lockMembership } from './lock-membership.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Puts a member, or a former one, out of a game permanently: no application of theirs is taken or approved, no invite
 * redeemed. What they have pending ends.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function blockMember(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  membershipId: string,
): Work<Membership> {
  return async (tx) => {
    const { membership, game } = await lockMembership(tx, caller, membershipId);
    const { gameId, userId } = membership;
    const active = await findActiveMembership(tx, gameId, userId);
    refuseIf(blockingProblem(game, membership, active));
    const at = lobby.now();
    await endPendingApplicationOf(tx, { gameId, userId }, 'rejected', at);
    await endPendingInvites(tx, { gameId, userId }, 'revoked', at);
    const occasion = { at, traceparent: caller.traceparent };
    // One notification; it covers what they had pending, too.
    const intents = (blocked: Membership) => memberBlocked(game, blocked, occasion);
    if (active !== undefined) {
      const end = { status: 'blocked', by: actorId(caller), intents, ...occasion } as const;
      return endMembership(tx, lobby, game, active, end);
    }
    const blocked = await blockEndedMembership(tx, membershipId);
    await lobby.outbox.write(tx, intents(blocked));
    return blocked;
  };
}
