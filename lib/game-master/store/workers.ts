// Turn workers that are alive. A worker renews its row; whoever finds it overdue frees its claims, and what it decides
// afterwards counts for nothing, since its tickets are gone.
import { and, eq, isNotNull, lt, notExists, sql } from 'drizzle-orm';
import type { Db } from './database.ts';
import { games, workers } from './schema.ts';

/** How long a worker counts as alive without renewing its row. */
const aliveSeconds = 9;

export async function renewWorker(db: Db, workerId: string, turnsLastMinute: number): Promise<void> {
  const aliveUntil = sql`now() + ${aliveSeconds} * interval '1 second'`;
  await db
    .insert(workers)
    .values({ workerId, aliveUntil, turnsLastMinute })
    .onConflictDoUpdate({ target: workers.workerId, set: { aliveUntil, turnsLastMinute } });
}

/** The workers that are alive, and the turns that they played in the minute before they renewed their rows. */
export async function countWorkers(db: Db): Promise<{ workers: number; turnsLastMinute: number }> {
  const [counted] = await db
    .select({
      workers: sql<number>`count(*)::int`,
      turnsLastMinute: sql<number>`coalesce(sum(${workers.turnsLastMinute}), 0)::int`,
    })
    .from(workers)
    .where(sql`${workers.aliveUntil} > now()`);
  return counted ?? { workers: 0, turnsLastMinute: 0 };
}

/** Frees all claims of a worker that ends, or of a test's. */
export async function removeWorker(db: Db, workerId: string): Promise<void> {
  await db.delete(workers).where(eq(workers.workerId, workerId));
  await freeClaims(db, workerId, []);
}

/** Frees the claims of a worker other than those that it attends to. @returns how many. */
export async function freeClaims(db: Db, workerId: string, attended: readonly string[]): Promise<number> {
  const freed = await db
    .update(games)
    .set({ claimedBy: null, claimToken: null })
    .where(
      and(
        eq(games.claimedBy, workerId),
        sql`not (${games.claimToken} = any(${sql.param([...attended])}::uuid[]))`,
      ),
    )
    .returning({ gameId: games.gameId });
  return freed.length;
}

/** Frees the claims of workers that are overdue. @returns how many. */
export async function freeClaimsOfDead(db: Db): Promise<number> {
  const alive = db
    .select({ one: sql`1` })
    .from(workers)
    .where(and(eq(workers.workerId, games.claimedBy), sql`${workers.aliveUntil} > now()`));
  const abandoned = db
    .select({ gameId: games.gameId })
    .from(games)
    .where(and(isNotNull(games.claimedBy), notExists(alive)))
    .for('update', { skipLocked: true });
  const freed = await db
    .update(games)
    .set({ claimedBy: null, claimToken: null })
    .where(sql`${games.gameId} = any(array(${abandoned}))`)
    .returning({ gameId: games.gameId });
  await db.delete(workers).where(lt(workers.aliveUntil, sql`now() - interval '1 hour'`));
  return freed.length;
}
