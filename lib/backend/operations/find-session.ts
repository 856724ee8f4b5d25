import { throttled } from '../../telemetry/throttled.ts';
import type { BackendContext } from '../context.ts';
import type { DeviceSession } from '../domain/user.ts';
import { sessionNotFound } from '../refusals.ts';
import { recordUse } from '../store/device-sessions.ts';

/** How precisely the last use of a session is known; every command looks its session up. */
const useIntervalMs = 3_600_000;
const logEveryMs = 30_000;

/**
 * Looks a session up for the gateway, which does so for every request in its name, and records that it is used.
 * @throws Refusal not_found.
 */
export function createFindSession(
  deps: Pick<BackendContext, 'db' | 'findDeviceSession' | 'now' | 'log'>,
): (deviceSessionId: string) => Promise<DeviceSession> {
  let failure: unknown;
  const logFailure = throttled(logEveryMs, (times) =>
    deps.log.warn({ error: failure, times }, 'the use of sessions could not be recorded'),
  );
  return async (deviceSessionId) => {
    const session = await deps.findDeviceSession(deviceSessionId);
    if (session === undefined) throw sessionNotFound(deviceSessionId);
    const { lastUsedAt, revokedAt } = session;
    const at = deps.now();
    const notSince = new Date(at.getTime() - useIntervalMs);
    if (revokedAt !== null || (lastUsedAt !== null && lastUsedAt > notSince)) return session;
    try {
      await recordUse(deps.db, { deviceSessionId, at, notSince });
    } catch (error) {
      // No command may fail for that; the next one tries again.
      failure = error;
      logFailure();
    }
    return session;
  };
}
