import { and, asc, type ExtractTablesWithRelations, eq, gte, lt, sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT, PgTransaction } from 'drizzle-orm/pg-core';
import { type Given, statement } from '../postgres/statement.ts';
import type { IdempotencyKeysTable } from './table.ts';

type NoSchema = Record<string, never>;

/** A service's database, or a transaction on it; any PostgreSQL driver of drizzle. */
export type Database = PgDatabase<PgQueryResultHKT, NoSchema>;
export type Tx = PgTransaction<PgQueryResultHKT, NoSchema, ExtractTablesWithRelations<NoSchema>>;

/** A key of one actor; `fingerprint` identifies the request that came with it. */
export type IdempotencyKey = { readonly actor: string; readonly key: string; readonly fingerprint: string };

export type StoredResponse = { readonly fingerprint: string; readonly body: unknown };

type Key = Pick<IdempotencyKey, 'actor' | 'key'>;

export type IdempotencyKeys = ReturnType<typeof idempotencyKeysIn>;

/** What is done with the keys in a service's table; its statements run for every request that has a key. */
export function idempotencyKeysIn(table: IdempotencyKeysTable) {
  const { fingerprint, responseBody: body, createdAt } = table;
  const isKey = ({ actor, key }: Given<Key>) => and(eq(table.actor, actor), eq(table.key, key));
  const find = statement('find_response', (db: Database, given: Given<Key & { notBefore: Date }>) =>
    db
      .select({ fingerprint, body })
      .from(table)
      .where(and(isKey(given), gte(createdAt, given.notBefore))),
  );
  const claim = statement(
    'claim_idempotency_key',
    (tx: Tx, given: Given<IdempotencyKey & { now: Date; notBefore: Date }>) =>
      tx
        .insert(table)
        .values({
          actor: given.actor,
          key: given.key,
          fingerprint: given.fingerprint,
          createdAt: given.now,
        })
        .onConflictDoUpdate({
          target: [table.actor, table.key],
          set: { fingerprint: given.fingerprint, createdAt: given.now },
          setWhere: lt(createdAt, given.notBefore),
        })
        .returning({ key: table.key }),
  );
  const store = statement('store_response', (tx: Tx, given: Given<Key & { json: string }>) =>
    tx
      .update(table)
      .set({ responseBody: sql`${given.json}::json` })
      .where(isKey(given)),
  );
  // Planned each time: few keys may be that old, or very many.
  const deleteOld = statement(undefined, (tx: Tx, given: Given<{ notBefore: Date; limit: number }>) => {
    const old = tx
      .select({ actor: table.actor, key: table.key })
      .from(table)
      .where(lt(createdAt, given.notBefore))
      .orderBy(asc(createdAt))
      .limit(sql.placeholder('limit'))
      .for('update', { skipLocked: true });
    return tx.delete(table).where(sql`(${table.actor}, ${table.key}) in ${old}`);
  });

  return {
    /** The response that was stored under a key at `notBefore` or later. */
    async findResponse(
      db: Database,
      { actor, key }: Key,
      notBefore: Date,
    ): Promise<StoredResponse | undefined> {
      const [stored] = await find(db, { actor, key, notBefore });
      return stored;
    },

    /**
     * Takes a key for this transaction; waits for a transaction that has it, and has it when that one rolled back.
     * @returns false when a response is stored under the key.
     */
    async claimKey(tx: Tx, key: IdempotencyKey, now: Date, notBefore: Date): Promise<boolean> {
      const claimed = await claim(tx, { ...key, now, notBefore });
      return claimed.length > 0;
    },

    async storeResponse(tx: Tx, { actor, key }: Key, response: unknown): Promise<void> {
      await store(tx, { actor, key, json: JSON.stringify(response) });
    },

    /** Deletes up to `limit` keys from before `notBefore`, the oldest first. */
    async deleteOldKeys(tx: Tx, notBefore: Date, limit: number): Promise<void> {
      await deleteOld(tx, { notBefore, limit });
    },
  };
}
