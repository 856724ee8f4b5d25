import type { BackendContext } from '../context.ts';
import { countUsersSince } from '../store/device-sessions.ts';
import { useIntervalMs } from './find-session.ts';

/** Most sessions that are counted, so that the cost is bounded. */
const countedAtMost = 10_000;

/** How many users have sent a signed request lately; uses of sessions are recorded once an hour. */
export async function countActivePlayers({
  db,
  now,
}: Pick<BackendContext, 'db' | 'now'>): Promise<{ players: number; since: Date; isComplete: boolean }> {
  const since = new Date(now().getTime() - useIntervalMs);
  const { users, sessions } = await countUsersSince(db, { since, limit: countedAtMost });
  return { players: users, since, isComplete: sessions < countedAtMost };
}
