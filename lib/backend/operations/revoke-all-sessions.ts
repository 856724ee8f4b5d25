import { inTransaction } from '../../postgres/transaction.ts';
import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { userNotFound } from '../refusals.ts';
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
export function revokeSessionsOfUser(deps: Deps, revocation: Revocation): Promise<string[]> {
  return revokeAll(deps, revocation, (user) => {
    if (user === undefined) throw userNotFound(revocation.userId);
  });
}

async function revokeAll(
  deps: Deps,
  { userId, traceparent }: Revocation,
  admit: (user: User | undefined) => void,
): Promise<string[]> {
  const revoked = await inTransaction(deps.db, async (tx) => {
    admit(await lockUser(tx, userId));
    return endSessions(deps, tx, { userId, reason: 'revoked', at: deps.now(), traceparent });
  });
  deps.outbox.publishSoon([userId]);
  return revoked;
}
