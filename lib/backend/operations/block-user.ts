import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../../http/caller.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import { keptTraceparent } from '../../telemetry/trace.ts';
import type { BackendContext } from '../context.ts';
import type { User } from '../domain/user.ts';
import { userLifecycleEvent } from '../outbox/messages.ts';
import { userNotFound } from '../refusals.ts';
import { auditEntries } from '../store/schema.ts';
import { lockUser, markBlocked } from '../store/users.ts';
import { endSessions } from './end-sessions.ts';

/**
 * Blocks a user permanently: they cannot sign in, all their sessions are revoked, and the lobby is notified. A repeat
 * changes nothing. One transaction, under the lock that signing in waits for, so that no new session escapes it.
 * @throws Refusal not_found, for a deleted user too.
 */
export async function blockUser(
  deps: Pick<BackendContext, 'db' | 'outbox' | 'now' | 'newId'>,
  caller: Caller,
  { userId, reasonCode }: { userId: string; reasonCode: string },
): Promise<User> {
  const traceparent = keptTraceparent(caller.traceparent);
  const blocked = await inTransaction(deps.db, async (tx) => {
    const user = await lockUser(tx, userId);
    if (user === undefined || user.deletedAt !== null) throw userNotFound(userId);
    if (user.blockedAt !== null) return user;
    const at = deps.now();
    await markBlocked(tx, userId, at);
    const ended = await endSessions(deps, tx, { userId, reason: 'account_blocked', at, traceparent });
    await recordAct(tx, auditEntries, caller, {
      action: 'user.block',
      subject: { kind: 'user', id: userId },
      before: { status: 'active' },
      after: { status: 'blocked', reason_code: reasonCode, sessions_ended: ended.length },
    });
    await deps.outbox.write(tx, [
      userLifecycleEvent({
        eventId: deps.newId(),
        eventType: 'permanent_blocked',
        userId,
        reasonCode,
        at,
        traceparent,
      }),
    ]);
    return { ...user, blockedAt: at };
  });
  deps.outbox.publishSoon([userId]);
  return blocked;
}
