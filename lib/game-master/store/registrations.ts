import { inArray } from 'drizzle-orm';
import type { Db } from './database.ts';
import { games } from './schema.ts';

/** The runtimes that are known, by game. */
export async function knownRuntimes(db: Db, gameIds: readonly string[]): Promise<Map<string, string>> {
  const known = await db
    .select({ gameId: games.gameId, runtimeJobId: games.runtimeJobId })
    .from(games)
    .where(inArray(games.gameId, [...gameIds]));
  return new Map(known.map(({ gameId, runtimeJobId }) => [gameId, runtimeJobId]));
}
