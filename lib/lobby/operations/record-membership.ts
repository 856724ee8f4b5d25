import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../caller.ts';
import type { Membership } from '../domain/game.ts';
import type { Tx } from '../store/database.ts';
import { auditEntries } from '../store/schema.ts';

/** What an admin does with a member, as it is before. */
export function recordMembership(
  tx: Tx,
  caller: Caller,
  action: 'membership.remove' | 'membership.block' | 'membership.unblock',
  { membershipId, gameId, userId, status }: Membership,
): Promise<void> {
  return recordAct(tx, auditEntries, caller, {
    action,
    subject: { kind: 'membership', id: membershipId },
    before: { status, game_id: gameId, user_id: userId },
  });
}
