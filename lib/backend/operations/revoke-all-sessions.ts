import type { BackendContext } from '../context.ts';
import { revokeAllDeviceSessions } from '../store/device-sessions.ts';
import { getAccount } from './get-account.ts';

/**
 * Signs a user out everywhere, the device that asks included.
 * @returns the ids of the sessions that this revoked. @throws Refusal as for `getAccount`.
 */
export async function revokeAllSessions(
  deps: Pick<BackendContext, 'db' | 'now'>,
  userId: string,
): Promise<string[]> {
  await getAccount(deps, userId);
  return revokeAllDeviceSessions(deps.db, { userId, at: deps.now() });
}
