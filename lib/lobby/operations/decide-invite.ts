import { recordAct } from '../../audit/audit.ts';
import { Refusal } from '../../errors/table.ts';
import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { type Invite, inviteOverProblem } from '../domain/invite.ts';
import { inviteDeclined, inviteRevoked } from '../outbox/intents.ts';
import { noSuchInvite, refuseIf } from '../refusals.ts';
import type { Tx, Work } from '../store/database.ts';
import { lockAnyGame, type StoredGame } from '../store/games.ts';
import { findInvite, saveInvite } from '../store/invites.ts';
import { auditEntries } from '../store/schema.ts';

/**
 * Turns an invite down, for the user whom it is for.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function declineInvite(
  lobby: Pick<Lobby, 'now' | 'outbox'>,
  caller: Caller,
  inviteId: string,
): Work<Invite> {
  return decideInvite(lobby, caller, inviteId, 'declined', (invite) => {
    if (caller.actor.kind === 'user' && caller.actor.userId === invite.userId) return;
    throw new Refusal('forbidden', 'Only the user whom it is for can decline an invite; revoke it instead.');
  });
}

/**
 * Takes an invite back, for the owner of the game and admins.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function revokeInvite(
  lobby: Pick<Lobby, 'now' | 'outbox'>,
  caller: Caller,
  inviteId: string,
): Work<Invite> {
  return decideInvite(lobby, caller, inviteId, 'revoked', (_, game) => {
    managerOf(caller, game);
  });
}

function decideInvite(
  lobby: Pick<Lobby, 'now' | 'outbox'>,
  caller: Caller,
  inviteId: string,
  status: 'declined' | 'revoked',
  permit: (invite: Invite, game: StoredGame) => void,
): Work<Invite> {
  return async (tx) => {
    const { invite, game } = await lockInvite(tx, caller, inviteId);
    permit(invite, game);
    const at = lobby.now();
    refuseIf(inviteOverProblem(invite, status, at));
    const decided = await saveInvite(tx, inviteId, { status, decidedAt: at });
    const intent = status === 'declined' ? inviteDeclined : inviteRevoked;
    await lobby.outbox.write(tx, intent(game, decided, { at, traceparent: caller.traceparent }));
    await recordAct(tx, auditEntries, caller, {
      action: 'invite.revoke',
      subject: { kind: 'invite', id: inviteId },
      before: { status: invite.status },
      after: { status: decided.status, game_id: game.gameId },
    });
    return decided;
  };
}

/** Only the invited user and those who manage the game learn that an invite exists. */
async function lockInvite(tx: Tx, { actor }: Caller, inviteId: string) {
  const seen = await findInvite(tx, inviteId);
  const game = seen && (await lockAnyGame(tx, seen.gameId));
  // Read again, as it may have ended during the wait for the lock.
  const invite = await findInvite(tx, inviteId);
  if (game === undefined || invite === undefined) throw noSuchInvite();
  const mayBeSeen = actor.kind === 'admin' || [invite.userId, game.ownerUserId].includes(actor.userId);
  if (!mayBeSeen) throw noSuchInvite();
  return { invite, game };
}
