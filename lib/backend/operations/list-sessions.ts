import type { BackendContext } from '../context.ts';
import type { DeviceSession } from '../domain/user.ts';
import { listDeviceSessions } from '../store/device-sessions.ts';
import { getAccount } from './get-account.ts';
import { getUser } from './get-user.ts';

export type SessionPage = {
  sessions: DeviceSession[];
  /** Where the next page begins. */
  next: string | undefined;
};

/** A user's own sessions, newest first, revoked ones too. @throws Refusal as for `getAccount`. */
export async function listSessions(
  deps: Pick<BackendContext, 'db'>,
  userId: string,
  page: { size: number; before: string | undefined },
): Promise<SessionPage> {
  await getAccount(deps, userId);
  return readPage(deps, userId, page);
}

/** The same for an admin, of blocked and deleted users too. @throws Refusal not_found. */
export async function listSessionsOfUser(
  deps: Pick<BackendContext, 'db'>,
  userId: string,
  page: { size: number; before: string | undefined },
): Promise<SessionPage> {
  await getUser(deps, userId);
  return readPage(deps, userId, page);
}

async function readPage(
  deps: Pick<BackendContext, 'db'>,
  userId: string,
  page: { size: number; before: string | undefined },
): Promise<SessionPage> {
  const found = await listDeviceSessions(deps.db, { userId, before: page.before, limit: page.size + 1 });
  const sessions = found.slice(0, page.size);
  return { sessions, next: found.length > page.size ? sessions.at(-1)?.deviceSessionId : undefined };
}
