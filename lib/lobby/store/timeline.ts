import { and, asc, desc, eq, getTableColumns, gt } from 'drizzle-orm';
import type { TimelineEntry } from '../domain/game.ts';
import type { Db, Tx } from './database.ts';
import { type Page, type PageRequest, takePage } from './pages.ts';
import { timeline } from './schema.ts';

/** `revision` is the game's after the entry, and so the entry's position in the timeline. */
type StoredEntry = TimelineEntry & { readonly revision: number };

export async function insertTimelineEntry(tx: Tx, entry: StoredEntry): Promise<void> {
  await tx.insert(timeline).values(entry);
}

/** When the owner has paused a game since a time, the latest `limit`. */
export async function recentPausesByOwner(
  tx: Tx,
  { gameId, since, limit }: { gameId: string; since: Date; limit: number },
): Promise<Date[]> {
  const rows = await tx
    .select({ at: timeline.at })
    .from(timeline)
    .where(
      and(
        eq(timeline.gameId, gameId),
        eq(timeline.trigger, 'pause'),
        eq(timeline.actor, 'owner'),
        gt(timeline.at, since),
      ),
    )
    .orderBy(desc(timeline.revision))
    .limit(limit);
  return rows.map(({ at }) => at);
}

/** The transitions of a game, in order; pages end at a revision. */
export async function listTimeline(
  db: Db,
  gameId: string,
  { size, after }: PageRequest<number>,
): Promise<Page<StoredEntry, number>> {
  const rows = await db
    .select(getTableColumns(timeline))
    .from(timeline)
    .where(and(eq(timeline.gameId, gameId), after === undefined ? undefined : gt(timeline.revision, after)))
    .orderBy(asc(timeline.revision))
    .limit(size + 1);
  return takePage(rows, size, (entry) => entry.revision);
}
