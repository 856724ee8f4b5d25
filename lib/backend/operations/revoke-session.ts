import type { BackendContext } from '../context.ts';
import type { DeviceSession } from '../domain/user.ts';
import { revokeDeviceSession } from '../store/device-sessions.ts';
import { sessionNotFound } from './find-session.ts';
import { getAccount } from './get-account.ts';

/**
 * Revokes one of the user's own sessions for good; doing it again changes nothing.
 * @throws Refusal not_found, for another user's session too; and as for `getAccount`.
 */
export async function revokeSession(
  deps: Pick<BackendContext, 'db' | 'now'>,
  userId: string,
  deviceSessionId: string,
): Promise<DeviceSession> {
  await getAccount(deps, userId);
  const session = await revokeDeviceSession(deps.db, { userId, deviceSessionId, at: deps.now() });
  if (session === undefined) throw sessionNotFound(deviceSessionId);
  return session;
}
