// Views after the last turn. They are stored before its outcome is committed, so they may be shown only once the game is
// over.
import { and, eq, sql } from 'drizzle-orm';
import type { Db, Tx } from './database.ts';
import { finalViews } from './schema.ts';

/** @param audience as `audienceText` has it. */
export async function saveFinalView(tx: Tx, gameId: string, audience: string, view: unknown): Promise<void> {
  // As text: drivers write a string or an array in other ways than JSON.
  const text = sql`${JSON.stringify(view)}::json`;
  await tx
    .insert(finalViews)
    .values({ gameId, audience, view: text })
    .onConflictDoUpdate({ target: [finalViews.gameId, finalViews.audience], set: { view: text } });
}

/** @returns undefined when there is none for this audience. */
export async function findFinalView(
  db: Db,
  gameId: string,
  audience: string,
): Promise<{ readonly view: unknown } | undefined> {
  const [found] = await db
    .select({ view: finalViews.view })
    .from(finalViews)
    .where(and(eq(finalViews.gameId, gameId), eq(finalViews.audience, audience)));
  return found;
}

export async function deleteFinalViews(tx: Tx, gameId: string): Promise<void> {
  await tx.delete(finalViews).where(eq(finalViews.gameId, gameId));
}
