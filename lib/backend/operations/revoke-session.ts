import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../../http/caller.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import { keptTraceparent } from '../../telemetry/trace.ts';
import type { BackendContext } from '../context.ts';
import type { DeviceSession } from '../domain/user.ts';
import { sessionNotFound } from '../refusals.ts';
import type { Database } from '../store/database.ts';
import { findDeviceSession } from '../store/device-sessions.ts';
import { auditEntries } from '../store/schema.ts';
import { lockUser } from '../store/users.ts';
import { endSessions } from './end-sessions.ts';
import { requireActing } from './get-account.ts';

type Deps = Pick<BackendContext, 'db' | 'outbox' | 'now'>;

/**
 * Revokes one of the user's own sessions permanently; a repeat changes nothing.
 * @throws Refusal not_found, for another user's session too; and as for `getAccount`.
 */
export async function revokeOwnSession(
  deps: Deps,
  revocation: { userId: string; deviceSessionId: string; traceparent: string | undefined },
): Promise<DeviceSession> {
  const { userId, deviceSessionId } = revocation;
  const session = await inTransaction(deps.db, async (tx) => {
    requireActing(await lockUser(tx, userId));
    const found = await findDeviceSession(tx, deviceSessionId);
    if (found?.userId !== userId) throw sessionNotFound(deviceSessionId);
    return end(deps, tx, found, revocation.traceparent);
  });
  deps.outbox.publishSoon([userId]);
  return session;
}

/**
 * Revokes the session of any user, for an admin; a repeat changes nothing.
 * @throws Refusal not_found.
 */
export async function revokeAnySession(
  deps: Deps,
  caller: Caller,
  deviceSessionId: string,
): Promise<DeviceSession> {
  const session = await inTransaction(deps.db, async (tx) => {
    const found = await findDeviceSession(tx, deviceSessionId);
    if (found === undefined) throw sessionNotFound(deviceSessionId);
    await lockUser(tx, found.userId);
    const ended = await end(deps, tx, found, keptTraceparent(caller.traceparent));
    await recordAct(tx, auditEntries, caller, {
      action: 'session.revoke',
      subject: { kind: 'session', id: deviceSessionId },
      before: { user_id: found.userId, revoked: found.revokedAt !== null },
      after: { revoked: true },
    });
    return ended;
  });
  deps.outbox.publishSoon([session.userId]);
  return session;
}

/** Revokes a session that was found before. One that was revoked already keeps its time. */
async function end(
  deps: Deps,
  tx: Database,
  { userId, deviceSessionId }: DeviceSession,
  traceparent: string | undefined,
): Promise<DeviceSession> {
  await endSessions(deps, tx, { userId, deviceSessionId, reason: 'revoked', at: deps.now(), traceparent });
  const session = await findDeviceSession(tx, deviceSessionId);
  if (session === undefined) throw new Error('a session was not found after it was revoked');
  return session;
}
