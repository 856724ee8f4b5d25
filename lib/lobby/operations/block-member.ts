import { Refusal } from '../../errors/table.ts';
import { actorId, type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Membership } from '../domain/game.ts';
import { blockingProblem } from '../domain/leaving.ts';
import { memberBlocked } from '../outbox/intents.ts';
import { noSuchMembership, refuseIf } from '../refusals.ts';
import { endPendingApplicationOf } from '../store/applications.ts';
import { insertBlockedAddress } from '../store/blocked-addresses.ts';
import type { Tx, Work } from '../store/database.ts';
import { findGame } from '../store/games.ts';
import { endPendingInvites } from '../store/invites.ts';
import { blockEndedMembership, findActiveMembership, findMembership } from '../store/memberships.ts';
import { endMembership } from './end-membership.ts';
import { lockMembership } from './lock-membership.ts';
import { recordMembership } from './record-membership.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Puts a member, or a former one, out of a game permanently: no application of theirs is taken or approved, no invite
 * redeemed. What they have pending ends. The block holds for the person's e-mail address, too.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export async function blockMember(
  lobby: TransitionParts & Pick<Lobby, 'db' | 'eligibility' | 'now'>,
  caller: Caller,
  membershipId: string,
): Promise<Work<Membership>> {
  const addressHash = await addressHashFor(lobby, caller, membershipId);
  return async (tx) => {
    const { membership, game } = await lockMembership(tx, caller, membershipId);
    const { gameId, userId } = membership;
    const active = await findActiveMembership(tx, gameId, userId);
    refuseIf(blockingProblem(game, membership, active));
    await recordMembership(tx, caller, 'membership.block', membership);
    const at = lobby.now();
    await endPendingApplicationOf(tx, { gameId, userId }, 'rejected', at);
    await endPendingInvites(tx, { gameId, userId }, 'revoked', at);
    const occasion = { at, traceparent: caller.traceparent };
    // One notification; it covers what they had pending, too.
    const intents = (blocked: Membership) => memberBlocked(game, blocked, occasion);
    const remember = async (tx: Tx, { membershipId }: Pick<Membership, 'membershipId'>) => {
      if (addressHash !== undefined) await insertBlockedAddress(tx, { gameId, membershipId, addressHash });
    };
    if (active !== undefined) {
      const end = { status: 'blocked', by: actorId(caller), intents, ...occasion } as const;
      await remember(tx, active);
      return endMembership(tx, lobby, game, active, end);
    }
    const blocked = await blockEndedMembership(tx, membershipId);
    await remember(tx, blocked);
    await lobby.outbox.write(tx, intents(blocked));
    return blocked;
  };
}

/**
 * A block must not wait for the User Service, so it is made without the hash where that cannot say; the event of the
 * account's deletion brings it, too.
 */
async function addressHashFor(
  { db, eligibility }: Pick<Lobby, 'db' | 'eligibility'>,
  caller: Caller,
  membershipId: string,
): Promise<string | undefined> {
  const seen = await findMembership(db, membershipId);
  const game = seen && (await findGame(db, caller.actor, seen.gameId));
  if (seen === undefined || game === undefined) throw noSuchMembership();
  managerOf(caller, game);
  try {
    return (await eligibility.lookup(seen.userId, caller)).addressHash;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
