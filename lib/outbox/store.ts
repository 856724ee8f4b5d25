import { and, asc, eq, gt, inArray, isNull, lt, lte, notExists, type SQL, sql } from 'drizzle-orm';
import { alias, type PgDatabase, type PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { type Given, statement } from '../postgres/statement.ts';
import type { MessagePayload, OutboxTable } from './table.ts';

/** A service's database, or a transaction on it; any PostgreSQL driver of drizzle. */
export type Database = PgDatabase<PgQueryResultHKT>;

export type NewMessage = {
  kind: string;
  orderingKey: string;
  payload: MessagePayload;
  traceparent: string | undefined;
};

export type Message = {
  position: number;
  kind: string;
  orderingKey: string;
  payload: MessagePayload;
  traceparent: string | null;
  failures: number;
};

/** How many messages of one key are published in one transaction; other keys wait for its end. */
const messagesOfKey = 5;

/** Most messages that one statement writes. */
const insertedAtOnce = 8;

/** The statements of the usual path of a message, each prepared once per connection. */
export function outboxStatements(outbox: OutboxTable) {
  const { position, kind, orderingKey, payload, traceparent, failures } = outbox;
  const columns = { position, kind, orderingKey, payload, traceparent, failures };
  const older = alias(outbox, 'older');
  const isOldest = (tx: Database) =>
    notExists(
      tx
        .select({ one: sql`1` })
        .from(older)
        .where(
          and(eq(older.orderingKey, orderingKey), lt(older.position, position), isNull(older.publishedAt)),
        ),
    );
  /** A statement for each number of messages, since a prepared one has so many values. */
  const inserts = Array.from({ length: insertedAtOnce }, (_, last) =>
    statement(`insert_messages_${last + 1}`, (tx: Database) => {
      const given = (name: string) => sql`${sql.placeholder(name)}`;
      return tx.insert(outbox).values(
        Array.from({ length: last + 1 }, (_, index) => ({
          kind: given(`kind${index}`),
          orderingKey: given(`orderingKey${index}`),
          payload: given(`payload${index}`),
          traceparent: given(`traceparent${index}`),
        })),
      );
    }),
  );
  /** Locks the oldest message of each key, and reads it with those that follow it. */
  const claim = (tx: Database, kinds: SQL, which: SQL) => {
    const claimed = tx.$with('claimed').as(
      tx
        .select({ key: sql<string>`${orderingKey}`.as('key') })
        .from(outbox)
        .where(and(isNull(outbox.publishedAt), sql`${kind} = any(${kinds})`, which, isOldest(tx)))
        .orderBy(asc(position))
        .limit(sql.placeholder('limit'))
        .for('update', { skipLocked: true }),
    );
    const waiting = tx
      .select(columns)
      .from(outbox)
      .where(and(eq(orderingKey, claimed.key), isNull(outbox.publishedAt)))
      .orderBy(asc(position))
      .limit(messagesOfKey)
      .as('waiting');
    return tx
      .with(claimed)
      .select({
        position: waiting.position,
        kind: waiting.kind,
        orderingKey: waiting.orderingKey,
        payload: waiting.payload,
        traceparent: waiting.traceparent,
        failures: waiting.failures,
      })
      .from(claimed)
      .crossJoinLateral(waiting)
      .orderBy(asc(waiting.position));
  };

  return {
    /** Writes messages in their order. */
    async insert(tx: Database, messages: readonly NewMessage[]): Promise<void> {
      for (let from = 0; from < messages.length; from += insertedAtOnce) {
        const some = messages.slice(from, from + insertedAtOnce);
        const values = some.flatMap((message, index) => [
          [`kind${index}`, message.kind],
          [`orderingKey${index}`, message.orderingKey],
          [`payload${index}`, message.payload],
          [`traceparent${index}`, message.traceparent ?? null],
        ]);
        await inserts[some.length - 1]?.(tx, Object.fromEntries(values));
      }
    },

    /**
     * For up to `limit` keys, locks the oldest message if it is due, until the transaction ends, and reads those that
     * wait behind it. Skips messages that another publisher has locked, and with them their keys, so that a key has one
     * publisher at a time: nobody can lock a message while an older one of its key waits. PostgreSQL plans it each time,
     * since few messages may wait, or very many.
     */
    claimDue: statement(
      undefined,
      (tx: Database, given: Given<{ kinds: readonly string[]; limit: number }>) =>
        // The column has milliseconds, rounded: what was just written is due, too.
        claim(tx, given.kinds, lte(outbox.nextAttemptAt, sql`now() + interval '1 millisecond'`)),
    ),

    /** The same for these keys, even during the pause after a failure. */
    claimOfKeys: statement(
      undefined,
      (tx: Database, given: Given<{ kinds: readonly string[]; keys: readonly string[]; limit: number }>) =>
        claim(tx, given.kinds, sql`${orderingKey} = any(${given.keys})`),
    ),

    markPublished: statement(
      'mark_messages_published',
      (tx: Database, given: Given<{ positions: readonly number[] }>) =>
        tx.update(outbox).set({ publishedAt: sql`now()` }).where(sql`${position} = any(${given.positions})`),
    ),

    /** How long the oldest message has waited, in milliseconds; no row when none waits. */
    oldestWaiting: statement('oldest_waiting_message', (db: Database) =>
      db
        .select({
          ms: sql<number>`greatest(0, extract(epoch from clock_timestamp() - ${outbox.createdAt}) * 1000)::float8`,
        })
        .from(outbox)
        .where(isNull(outbox.publishedAt))
        .orderBy(asc(position))
        .limit(1),
    ),
  };
}

export async function markFailed(
  tx: Database,
  outbox: OutboxTable,
  failed: { position: number; retryAfterMs: number },
): Promise<void> {
  await tx
    .update(outbox)
    .set({
      failures: sql`${outbox.failures} + 1`,
      nextAttemptAt: sql`now() + ${failed.retryAfterMs} * interval '1 millisecond'`,
    })
    .where(eq(outbox.position, failed.position));
}

/** A round in which all messages that were published before it wait again, one range of positions after the other. */
export type Round = {
  /** When the round began, by PostgreSQL's clock: what was published since has not been lost. */
  readonly publishedBefore: Date;
  /** All up to this position wait again. */
  readonly position: number;
  /** The last position of the round. */
  readonly upTo: number;
};

export async function newRound(db: Database, outbox: OutboxTable): Promise<Round> {
  const [row] = await db
    .select({
      publishedBefore: sql`clock_timestamp()`.mapWith(outbox.createdAt),
      position: sql<number>`coalesce(min(${outbox.position}), 1) - 1`.mapWith(Number),
      upTo: sql<number>`coalesce(max(${outbox.position}), 0)`.mapWith(Number),
    })
    .from(outbox);
  if (row === undefined) throw new TypeError('a select without a group gives one row');
  return row;
}

/** Makes the messages of the next `positions` of a round wait again. @returns how many, and the round after them. */
export async function unpublish(
  db: Database,
  outbox: OutboxTable,
  { round, positions }: { round: Round; positions: number },
): Promise<{ messages: number; round: Round }> {
  const position = Math.min(round.position + positions, round.upTo);
  const waiting = await db
    .update(outbox)
    .set({ publishedAt: null, failures: 0, nextAttemptAt: sql`now()` })
    .where(
      and(
        gt(outbox.position, round.position),
        lte(outbox.position, position),
        lt(outbox.publishedAt, round.publishedBefore),
      ),
    )
    .returning({ position: outbox.position });
  return { messages: waiting.length, round: { ...round, position } };
}

/** Deletes up to `limit` messages that were published longer ago than this. @returns how many. */
export async function deletePublished(
  db: Database,
  outbox: OutboxTable,
  old: { afterMs: number; limit: number },
): Promise<number> {
  const oldest = db
    .select({ position: outbox.position })
    .from(outbox)
    .where(lt(outbox.publishedAt, sql`now() - ${old.afterMs} * interval '1 millisecond'`))
    .orderBy(asc(outbox.publishedAt))
    .limit(old.limit)
    .for('update', { skipLocked: true });
  const deleted = await db
    .delete(outbox)
    .where(inArray(outbox.position, oldest))
    .returning({ position: outbox.position });
  return deleted.length;
}

/** The oldest messages that wait, up to `limit`, by kind. */
export async function waitingByKind(
  db: Database,
  outbox: OutboxTable,
  limit: number,
): Promise<{ kind: string; waiting: number; failing: number; oldestAgeMs: number }[]> {
  const waiting = db
    .select({ kind: outbox.kind, failures: outbox.failures, createdAt: outbox.createdAt })
    .from(outbox)
    .where(isNull(outbox.publishedAt))
    .orderBy(asc(outbox.position))
    .limit(limit)
    .as('waiting');
  return db
    .select({
      kind: waiting.kind,
      waiting: sql<number>`count(*)::int`,
      failing: sql<number>`(count(*) filter (where ${waiting.failures} > 0))::int`,
      oldestAgeMs: sql<number>`greatest(0, extract(epoch from clock_timestamp() - min(${waiting.createdAt})) * 1000)::float8`,
    })
    .from(waiting)
    .groupBy(waiting.kind)
    .orderBy(asc(waiting.kind));
}
