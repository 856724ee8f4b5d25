// What consumers write into the tables of tables.ts.
import {
  type AnyColumn,
  and,
  asc,
  count,
  countDistinct,
  eq,
  inArray,
  isNotNull,
  lt,
  max,
  type SQL,
  sql,
} from 'drizzle-orm';
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
  /** The key whose later entries wait behind this one; null when none waits. */
  readonly parkedKey: string | null;
  readonly retryRequestedAt: Date | null;
  readonly createdAt: Date;
};

type NewDeadLetter = {
  readonly deadLetterId: string;
  readonly consumer: string;
  readonly entry: StreamEntry;
  readonly reason: string;
  /** To be parked with this entry. */
  readonly parkedKey?: string;
};

/** @returns false when the entry is already a dead letter. */
export async function insertDeadLetter(
  tx: Database,
  { deadLetters }: StreamTables,
  letter: NewDeadLetter & { readonly retryRequestedAt?: Date | null },
): Promise<boolean> {
  const { deadLetterId, consumer, entry, reason, parkedKey, retryRequestedAt } = letter;
  const texts = Object.entries({ ...entry.fields, traceparent: entry.traceparent });
  const fields = Object.fromEntries(texts.map(([name, text]) => [withoutNul(name), withoutNul(text)]));
  const inserted = await tx
    .insert(deadLetters)
    .values({
      deadLetterId,
      consumer,
      entryId: entry.id,
      fields,
      reason: withoutNul(reason),
      parkedKey,
      retryRequestedAt,
    })
    .onConflictDoNothing()
    .returning({ deadLetterId: deadLetters.deadLetterId });
  return inserted.length > 0;
}

/** Puts an entry behind those of its parked key, to be retried with them. @returns false when no entry is parked. */
export async function insertBehindParked(
  tx: Database,
  tables: StreamTables,
  letter: NewDeadLetter & { readonly parkedKey: string },
): Promise<boolean> {
  const { deadLetters } = tables;
  const [parked] = await tx
    .select({ letters: count(), retryRequestedAt: max(deadLetters.retryRequestedAt) })
    .from(deadLetters)
    .where(isParked(tables, letter));
  if (parked === undefined || parked.letters === 0) return false;
  await insertDeadLetter(tx, tables, { ...letter, retryRequestedAt: parked.retryRequestedAt });
  return true;
}

function isParked(
  { deadLetters }: StreamTables,
  { consumer, parkedKey }: { consumer: string; parkedKey: string },
): SQL | undefined {
  return and(eq(deadLetters.consumer, consumer), eq(deadLetters.parkedKey, parkedKey));
}

/** @returns the parked keys of a consumer. @param which `retried`: those that an admin wants to be applied. */
export async function findParkedKeys(
  db: Database,
  { deadLetters }: StreamTables,
  consumer: string,
  which: 'all' | 'retried',
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ key: deadLetters.parkedKey })
    .from(deadLetters)
    .where(
      and(
        eq(deadLetters.consumer, consumer),
        isNotNull(deadLetters.parkedKey),
        which === 'retried' ? isNotNull(deadLetters.retryRequestedAt) : undefined,
      ),
    );
  return rows.flatMap(({ key }) => (key === null ? [] : [key]));
}

export type ParkedKey = {
  readonly consumer: string;
  readonly parkedKey: string;
  /** How many entries wait, the one that failed included. */
  readonly entries: number;
  readonly firstDeadLetterId: string;
  /** Why the first one could not be applied. */
  readonly reason: string;
  readonly parkedAt: Date;
  readonly retryRequestedAt: Date | null;
};

/** Up to `limit` parked keys of all consumers, the oldest first. */
export async function listParkedKeys(
  db: Database,
  { deadLetters }: StreamTables,
  limit: number,
): Promise<ParkedKey[]> {
  const { consumer, parkedKey, deadLetterId, createdAt, reason, retryRequestedAt } = deadLetters;
  const ofFirst = (column: AnyColumn) =>
    sql<string>`(array_agg(${column} order by ${createdAt}, ${deadLetterId}))[1]`;
  const parkedAt = sql`min(${createdAt})`.mapWith(createdAt);
  return db
    .select({
      consumer,
      parkedKey: sql<string>`${parkedKey}`,
      entries: sql<number>`count(*)::int`,
      firstDeadLetterId: ofFirst(deadLetterId),
      reason: ofFirst(reason),
      parkedAt,
      retryRequestedAt: max(retryRequestedAt),
    })
    .from(deadLetters)
    .where(isNotNull(parkedKey))
    .groupBy(consumer, parkedKey)
    .orderBy(asc(parkedAt), asc(parkedKey))
    .limit(limit);
}

/** @returns the oldest entry of a parked key; undefined when none is parked. */
export async function findOldestParked(
  db: Database,
  tables: StreamTables,
  parked: { consumer: string; parkedKey: string },
): Promise<DeadLetter | undefined> {
  const { deadLetters } = tables;
  const [oldest] = await db
    .select()
    .from(deadLetters)
    .where(isParked(tables, parked))
    .orderBy(asc(deadLetters.createdAt), asc(deadLetters.deadLetterId))
    .limit(1);
  return oldest;
}

/** Asks the consumer to apply the entries of a parked key. */
export async function requestRetry(
  tx: Database,
  tables: StreamTables,
  parked: { consumer: string; parkedKey: string },
): Promise<void> {
  await tx.update(tables.deadLetters).set({ retryRequestedAt: sql`now()` }).where(isParked(tables, parked));
}

/** Leaves the entries of a key parked whose retry has failed, and why. */
export async function endRetry(
  tx: Database,
  tables: StreamTables,
  failed: { consumer: string; parkedKey: string; deadLetterId: string; reason: string },
): Promise<void> {
  const { deadLetters } = tables;
  await tx.update(deadLetters).set({ retryRequestedAt: null }).where(isParked(tables, failed));
  await tx
    .update(deadLetters)
    .set({ reason: withoutNul(failed.reason) })
    .where(eq(deadLetters.deadLetterId, failed.deadLetterId));
}

/** An entry that can never be applied: the others of its key need not wait for it. */
export async function releaseKey(
  tx: Database,
  { deadLetters }: StreamTables,
  { deadLetterId, reason }: { deadLetterId: string; reason: string },
): Promise<void> {
  await tx
    .update(deadLetters)
    .set({ parkedKey: null, retryRequestedAt: null, reason: withoutNul(reason) })
    .where(eq(deadLetters.deadLetterId, deadLetterId));
}

/** PostgreSQL stores every character except NUL. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}

export async function findDeadLetter(
  db: Database,
  { deadLetters }: StreamTables,
  deadLetterId: string,
): Promise<DeadLetter | undefined> {
  const [found] = await db.select().from(deadLetters).where(eq(deadLetters.deadLetterId, deadLetterId));
  return found;
}

/** @returns a dead letter, locked until the transaction ends; undefined when there is none. */
export async function lockDeadLetter(
  tx: Database,
  { deadLetters }: StreamTables,
  deadLetterId: string,
): Promise<DeadLetter | undefined> {
  const [found] = await tx
    .select()
    .from(deadLetters)
    .where(eq(deadLetters.deadLetterId, deadLetterId))
    .for('update');
  return found;
}

/** Deletes a dead letter that was discarded, applied, or added to its stream again. @returns its content; undefined when there is none. */
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
  readonly parkedKeys: number;
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
      parkedKeys: countDistinct(deadLetters.parkedKey),
    })
    .from(consumers)
    .leftJoin(deadLetters, eq(deadLetters.consumer, consumers.name))
    .where(inArray(consumers.name, [...names]))
    .groupBy(consumers.name);
}
