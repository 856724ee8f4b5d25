import { Refusal } from '../../errors/table.ts';
import type { UserActor } from '../../http/env.ts';
import { invalidFields } from '../../http/field-problems.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { mayJoin } from '../domain/eligibility.ts';
import type { Membership } from '../domain/game.ts';
import { type Invite, inviteOverProblem, useInvite } from '../domain/invite.ts';
import { parseRaceName } from '../domain/race-name/canonical.ts';
import { inviteRedeemed } from '../outbox/intents.ts';
import { noSuchInvite, refuseIf, refuseUnless } from '../refusals.ts';
import type { Db, Work } from '../store/database.ts';
import { findGame, lockAnyGame } from '../store/games.ts';
import { findInvite, findInviteByCode, findPendingInviteOf, saveInvite } from '../store/invites.ts';
import { countActiveMemberships } from '../store/memberships.ts';
import { lockUserGuard } from '../store/user-guards.ts';
import { admitPlayer } from './admit-player.ts';

/** Identifies an invite: by its id, for the invited user, or by its code, for any user who has it. */
export type InviteName = { readonly inviteId: string } | { readonly code: string };

/**
 * Joins a private game by an invite, and ends enrollment when that exhausts the gap. It asks the User Service first.
 * @throws Refusal `invalid_request` for a race name that cannot be one, `not_found`, `forbidden`, `invalid_state`,
 *   `already_member`, `game_full`, `race_name_taken`, `not_eligible`, `subject_not_found`, `service_unavailable`.
 */
export async function redeemInvite(
  lobby: Lobby,
  caller: Caller & { actor: UserActor },
  name: InviteName,
  rawRaceName: string,
): Promise<Work<Membership>> {
  const raceName = parseRaceName(rawRaceName);
  if (!raceName.ok) throw invalidFields([{ field: 'race_name', problem: raceName.message }]);
  const { userId } = caller.actor;
  // Checked before the User Service is asked; decided under the game's lock.
  const seen = await redeemable(lobby, caller, name, lobby.db);
  const eligibility = await lobby.eligibility.lookup(userId, caller);

  return async (tx) => {
    await lockUserGuard(tx, userId);
    // The invite says that the user may see it; the game itself does so only while the invite is pending.
    const game = await lockAnyGame(tx, seen.gameId);
    if (game === undefined) throw noSuchInvite();
    const named = await redeemable(lobby, caller, name, tx);
    // A user who has a code and a personal invite redeems the invite, so that it does not stay pending.
    const invite = (await findPendingInviteOf(tx, game.gameId, userId)) ?? named;
    refuseUnless(mayJoin(eligibility, await countActiveMemberships(tx, userId)));
    const occasion = { at: lobby.now(), traceparent: caller.traceparent };
    // Before the player is admitted: that may end enrollment, and with it what is pending.
    await saveInvite(tx, invite.inviteId, useInvite(invite, occasion.at));
    return admitPlayer(tx, lobby, game, {
      userId,
      addressHash: eligibility.addressHash,
      raceName: raceName.name,
      admittedBy: userId,
      ...occasion,
      intents: (membership) => inviteRedeemed(game, invite, membership, occasion),
    });
  };
}

async function redeemable(
  { now }: Pick<Lobby, 'now'>,
  caller: Caller & { actor: UserActor },
  name: InviteName,
  db: Db,
): Promise<Invite> {
  const invite = 'code' in name ? await findInviteByCode(db, name.code) : await findInvite(db, name.inviteId);
  if (invite === undefined) throw noSuchInvite();
  if (!('code' in name) && invite.userId !== caller.actor.userId) {
    const game = await findGame(db, caller.actor, invite.gameId);
    if (game?.ownerUserId !== caller.actor.userId) throw noSuchInvite();
    throw new Refusal(
      'forbidden',
      'Only the user whom it is for can redeem an invite, and a code by itself.',
    );
  }
  refuseIf(inviteOverProblem(invite, 'redeemed', now()));
  return invite;
}
