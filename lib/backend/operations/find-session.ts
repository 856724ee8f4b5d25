import type { BackendContext } from '../context.ts';
import type { DeviceSession } from '../domain/user.ts';
import { sessionNotFound } from '../refusals.ts';
import { findDeviceSession, recordUse } from '../store/device-sessions.ts';

/** How precisely the last use of a session is known; every command looks its session up. */
export const useIntervalMs = 3_600_000;

/**
 * Looks a session up for the gateway, which does so for every request in its name. The signature is not verified yet, so
 * this does not count as a use of the session: anyone who knows its id can cause it.
 * @returns also whether its next use is to be recorded.
 * @throws Refusal not_found.
 */
export async function findSession(
  deps: Pick<BackendContext, 'db' | 'now'>,
  deviceSessionId: string,
): Promise<DeviceSession & { useIsDue: boolean }> {
  const session = await findDeviceSession(deps.db, deviceSessionId);
  if (session === undefined) throw sessionNotFound(deviceSessionId);
  const { lastUsedAt, revokedAt } = session;
  const recorded = lastUsedAt !== null && lastUsedAt.getTime() > deps.now().getTime() - useIntervalMs;
  return { ...session, useIsDue: revokedAt === null && !recorded };
}

/** Records that a session was used, at most once an hour; not for one that was revoked or does not exist. */
export async function recordSessionUse(
  deps: Pick<BackendContext, 'db' | 'now'>,
  deviceSessionId: string,
): Promise<void> {
  const at = deps.now();
  await recordUse(deps.db, { deviceSessionId, at, notSince: new Date(at.getTime() - useIntervalMs) });
}
