import type { BackendContext } from '../context.ts';
import { type InvalidationReason, sessionInvalidations } from '../outbox/messages.ts';
import type { Database } from '../store/database.ts';
import { revokeActiveSessions } from '../store/device-sessions.ts';

/**
 * Revokes sessions of a user whose row the transaction has locked, and writes the invalidations for the gateways.
 * @param ending.deviceSessionId undefined for all sessions, but for `keptSessionId`.
 * @returns the ids of those that were active until now.
 */
export async function endSessions(
  deps: Pick<BackendContext, 'outbox'>,
  tx: Database,
  ending: {
    userId: string;
    deviceSessionId?: string;
    keptSessionId?: string | undefined;
    reason: InvalidationReason;
    at: Date;
    traceparent: string | undefined;
  },
): Promise<string[]> {
  const deviceSessionIds = await revokeActiveSessions(tx, ending);
  await deps.outbox.write(tx, sessionInvalidations({ ...ending, deviceSessionIds }));
  return deviceSessionIds;
}
