import { recordAct } from '../../audit/audit.ts';
import { Refusal } from '../../errors/table.ts';
import { invalidFields } from '../../http/field-problems.ts';
import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { rejoiningProblem } from '../domain/admission.ts';
import { type Invite, invitingProblem } from '../domain/invite.ts';
import { inviteFloodProblem, reinvitingProblem, repeatBounds, repeatWindows } from '../domain/repeats.ts';
import { newInviteCode } from '../invite-code.ts';
import { inviteCreated } from '../outbox/intents.ts';
import { noSuchGame, refuseIf } from '../refusals.ts';
import type { Tx, Work } from '../store/database.ts';
import { findGame, lockGame, type StoredGame } from '../store/games.ts';
import { endedInvitesOf, findPendingInviteOf, insertInvite, recentInvitesBy } from '../store/invites.ts';
import { memberStatusInGame } from '../store/memberships.ts';
import { auditEntries } from '../store/schema.ts';
import { lockUserGuard } from '../store/user-guards.ts';

/** Whom an invite is for: one user, or any user who has the new code. */
export type Invited = { readonly userId: string } | { readonly maxUses: number; readonly expiresAt: Date };

/**
 * Invites to a private game that enrolls. The User Service is asked whether it knows the invited user.
 * @throws Refusal `invalid_request` for a code that would have expired, `not_found`, `forbidden`, `invalid_state`,
 *   `already_member`, `subject_not_found`, `service_unavailable`, `rate_limited`.
 */
export async function createInvite(
  lobby: Pick<Lobby, 'db' | 'eligibility' | 'now' | 'newId' | 'outbox'>,
  caller: Caller,
  gameId: string,
  invited: Invited,
): Promise<Work<Invite>> {
  if ('userId' in invited) {
    // Checked before the User Service is asked; decided under the game's lock.
    inviting(caller, await findGame(lobby.db, caller.actor, gameId));
    await lobby.eligibility.lookup(invited.userId, caller);
  }
  return async (tx) => {
    if ('userId' in invited) await lockUserGuard(tx, invited.userId);
    const game = inviting(caller, await lockGame(tx, caller.actor, gameId));
    const at = lobby.now();
    const pending = { inviteId: lobby.newId(), gameId, uses: 0, createdAt: at, decidedAt: null };
    const invite: Invite = { ...pending, status: 'pending', ...(await addressee(tx, game, invited, at)) };
    await insertInvite(tx, invite);
    await lobby.outbox.write(tx, inviteCreated(game, invite, { at, traceparent: caller.traceparent }));
    await recordAct(tx, auditEntries, caller, {
      action: 'invite.create',
      subject: { kind: 'invite', id: invite.inviteId },
      after: { status: invite.status, game_id: gameId },
    });
    return invite;
  };
}

/** The game, if the caller can invite to it now. */
function inviting(caller: Caller, game: StoredGame | undefined): StoredGame {
  if (game === undefined) throw noSuchGame();
  managerOf(caller, game);
  refuseIf(invitingProblem(game));
  return game;
}

async function addressee(
  tx: Tx,
  game: StoredGame,
  invited: Invited,
  at: Date,
): Promise<Pick<Invite, 'userId' | 'code' | 'maxUses' | 'expiresAt'>> {
  if (!('userId' in invited)) {
    const { maxUses, expiresAt } = invited;
    if (expiresAt <= at) throw invalidFields([{ field: 'expires_at', problem: 'must lie ahead' }]);
    return { userId: null, code: newInviteCode(), maxUses, expiresAt };
  }
  const { userId } = invited;
  const { gameId } = game;
  if (userId === game.ownerUserId) {
    throw new Refusal('forbidden', 'The owner of a game needs no invite to it; apply instead.');
  }
  refuseIf(rejoiningProblem(await memberStatusInGame(tx, gameId, userId)));
  const earlier = await findPendingInviteOf(tx, gameId, userId);
  if (earlier !== undefined) {
    throw new Refusal('invalid_state', 'The user is invited already and has yet to respond.', {
      invite_id: earlier.inviteId,
    });
  }
  refuseIf(reinvitingProblem(await endedInvitesOf(tx, gameId, userId), at));
  if (game.ownerUserId !== null) {
    const since = new Date(at.getTime() - repeatWindows.invitesMs);
    const from = { ownerUserId: game.ownerUserId, userId, since, limit: repeatBounds.invitesADay };
    refuseIf(inviteFloodProblem(await recentInvitesBy(tx, from), at));
  }
  return { userId, code: null, maxUses: 1, expiresAt: null };
}
