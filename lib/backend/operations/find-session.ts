import type { BackendContext } from '../context.ts';
import type { DeviceSession } from '../domain/user.ts';
import { sessionNotFound } from '../refusals.ts';

/** @throws Refusal not_found. */
export async function findSession(
  deps: Pick<BackendContext, 'findDeviceSession'>,
  deviceSessionId: string,
): Promise<DeviceSession> {
  const session = await deps.findDeviceSession(deviceSessionId);
  if (session === undefined) throw sessionNotFound(deviceSessionId);
  return session;
}
