// What consumers write into the tables of tables.ts.
import { and, asc, count, eq, inArray, lt, max, sql } from 'drizzle-orm';
import type { Database } from '../outbox/store.ts';
import type { StreamEntry } from './entry.ts';
import type { StreamTables } from './tables.ts';

/** Records that an event has been applied, with the transaction that applies it. @returns false for a repeat. */
export async function markProcessed(
  tx: Database,
  tables: StreamTables,
  consumer: string,
  eventId: string,
): Promise<boolean> {
  return (await markAllProcessed(tx, tables, consumer, [eventId])).has(eventId);
}

/** The same for several. @returns those that are not repeats. */
export async function markAllProcessed(
  tx: Database,
  { processedEntries }: StreamTables,
  consumer: string,
  eventIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (eventIds.length === 0) return new Set();
  const marked = await tx
    .insert(processedEntries)
    .values(eventIds.map((eventId) => ({ consumer, eventId })))
    .onConflictDoNothing()
    .returning({ eventId: processedEntries.eventId });
  return new Set(marked.map(({ eventId }) => eventId));
}

/** Deletes up to `limit` of these records that are older than this. @returns how many. */
export async function deleteProcessed(
  db: Database,
  { processedEntries }: StreamTables,
  old: { afterMs: number; limit: number },
): Promise<number> {
  const { consumer, eventId, processedAt } = processedEntries;
  const oldest = db
    .select({ consumer, eventId })
    .from(processedEntries)
    .where(lt(processedAt, sql`now() - ${old.afterMs} * interval '1 millisecond'`))
    .orderBy(asc(processedAt))
    .limit(old.limit)
    .for('update', { skipLocked: true });
  const deleted = await db
    .delete(processedEntries)
    .where(sql`(${consumer}, ${eventId}) in ${oldest}`)
    .returning({ eventId });
  return deleted.length;
}

/** Records the latest failure of a consumer, and when it happened. */
export async function saveLastError(
  db: Database,
  { consumers }: StreamTables,
  consumer: string,
  message: string,
): Promise<void> {
  await db
    .update(consumers)
    .set({ lastError: message, lastErrorAt: sql`clock_timestamp()` })
    .where(eq(consumers.name, consumer));
}

export type DeadLetter = {
  readonly deadLetterId: string;
  readonly consumer: string;
  readonly entryId: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly createdAt: Date;
};

/** @returns false when the entry is already a dead letter. */
export async function insertDeadLetter(
  tx: Database,
  { deadLetters }: StreamTables,
  letter: { deadLetterId: string; consumer: string; entry: StreamEntry; reason: string },
): Promise<boolean> {
  const { deadLetterId, consumer, entry, reason } = letter;
  const texts = Object.entries({ ...entry.fields, traceparent: entry.traceparent });
  const fields = Object.fromEntries(texts.map(([name, text]) => [withoutNul(name), withoutNul(text)]));
  const inserted = await tx
    .insert(deadLetters)
    .values({ deadLetterId, consumer, entryId: entry.id, fields, reason: withoutNul(reason) })
    .onConflictDoNothing()
    .returning({ deadLetterId: deadLetters.deadLetterId });
  return inserted.length > 0;
}

/** PostgreSQL stores every character except NUL. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}

/** Deletes a dead letter, to discard or to retry it. @returns its content; undefined when there is none. */
export async function takeDeadLetter(
  tx: Database,
  { deadLetters }: StreamTables,
  deadLetterId: string,
): Promise<DeadLetter | undefined> {
  const [taken] = await tx.delete(deadLetters).where(eq(deadLetters.deadLetterId, deadLetterId)).returning();
  return taken;
}

export type DeadLetterPosition = { readonly at: Date; readonly id: string };

/** Up to `limit`, the oldest first. */
export async function listDeadLetters(
  db: Database,
  { deadLetters }: StreamTables,
  {
    consumer,
    after,
    limit,
  }: { consumer: string | undefined; after: DeadLetterPosition | undefined; limit: number },
): Promise<DeadLetter[]> {
  const { createdAt, deadLetterId } = deadLetters;
  return db
    .select()
    .from(deadLetters)
    .where(
      and(
        consumer === undefined ? undefined : eq(deadLetters.consumer, consumer),
        after &&
          sql`(${createdAt}, ${deadLetterId}) > (${after.at.toISOString()}::timestamptz, ${after.id}::uuid)`,
      ),
    )
    .orderBy(asc(createdAt), asc(deadLetterId))
    .limit(limit);
}

export type ConsumerRecord = {
  readonly name: string;
  /** Whether a process runs it now. */
  readonly held: boolean;
  readonly lastError: string | null;
  readonly lastErrorAt: Date | null;
  readonly deadLetters: number;
};

/** The records of consumers that have run before. */
export async function readConsumers(
  db: Database,
  { consumers, deadLetters }: StreamTables,
  names: readonly string[],
): Promise<ConsumerRecord[]> {
  const held = sql<boolean>`coalesce(${max(consumers.heldUntil)} > clock_timestamp(), false)`;
  return db
    .select({
      name: consumers.name,
      held,
      lastError: consumers.lastError,
      lastErrorAt: consumers.lastErrorAt,
      deadLetters: count(deadLetters.deadLetterId),
    })
    .from(consumers)
    .leftJoin(deadLetters, eq(deadLetters.consumer, consumers.name))
    .where(inArray(consumers.name, [...names]))
    .groupBy(consumers.name);
}
