import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../../http/caller.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import { keptTraceparent } from '../../telemetry/trace.ts';
import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { userNotFound } from '../refusals.ts';
import { auditEntries } from '../store/schema.ts';
import { lockUser } from '../store/users.ts';
import { endSessions } from './end-sessions.ts';
import { requireActing } from './get-account.ts';

type Deps = Pick<BackendContext, 'db' | 'outbox' | 'now'>;
type Revocation = { userId: string; traceparent: string | undefined };

/**
 * Revokes all sessions of a user, that of the request included.
 * @returns the ids of the sessions that this revoked. @throws Refusal as for `getAccount`.
 */
export function revokeOwnSessions(deps: Deps, revocation: Revocation): Promise<string[]> {
  return revokeAll(deps, revocation, requireActing);
}

/** The same for an admin, of blocked and deleted users too. @throws Refusal not_found. */
export function revokeSessionsOfUser(deps: Deps, caller: Caller, userId: string): Promise<string[]> {
  const revocation = { userId, traceparent: keptTraceparent(caller.traceparent), caller };
  return revokeAll(deps, revocation, (user) => {
    if (user === undefined) throw userNotFound(userId);
  });
}

async function revokeAll(
  deps: Deps,
  { userId, traceparent, caller }: Revocation & { caller?: Caller },
  admit: (user: User | undefined) => void,
): Promise<string[]> {
  const revoked = await inTransaction(deps.db, async (tx) => {
    admit(await lockUser(tx, userId));
    const ended = await endSessions(deps, tx, { userId, reason: 'revoked', at: deps.now(), traceparent });
    if (caller !== undefined) {
      await recordAct(tx, auditEntries, caller, {
        action: 'user.revoke_sessions',
        subject: { kind: 'user', id: userId },
        after: { sessions_ended: ended.length },
      });
    }
    return ended;
  });
  deps.outbox.publishSoon([userId]);
  return revoked;
}
