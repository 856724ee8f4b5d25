import { and, asc, type ExtractTablesWithRelations, eq, gte, lt, sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT, PgTransaction } from 'drizzle-orm/pg-core';
import type { IdempotencyKeysTable } from './table.ts';

type NoSchema = Record<string, never>;

/** A service's database, or a transaction on it; any PostgreSQL driver of drizzle. */
export type Database = PgDatabase<PgQueryResultHKT, NoSchema>;
export type Tx = PgTransaction<PgQueryResultHKT, NoSchema, ExtractTablesWithRelations<NoSchema>>;

/** A key of one actor; `fingerprint` identifies the request that came with it. */
export type IdempotencyKey = { readonly actor: string; readonly key: string; readonly fingerprint: string };

export type StoredResponse = { readonly fingerprint: string; readonly body: unknown };

/** The response that was stored under a key at `notBefore` or later. */
export async function findResponse(
  db: Database,
  table: IdempotencyKeysTable,
  { actor, key }: IdempotencyKey,
  notBefore: Date,
): Promise<StoredResponse | undefined> {
  const [stored] = await db
    .select({ fingerprint: table.fingerprint, body: table.responseBody })
    .from(table)
    .where(and(isKey(table, { actor, key }), gte(table.createdAt, notBefore)));
  return stored;
}

/**
 * Takes a key for this transaction; waits for a transaction that has it, and has it when that one rolled back.
 * @returns false when a response is stored under the key.
 */
export async function claimKey(
  tx: Tx,
  table: IdempotencyKeysTable,
  key: IdempotencyKey,
  now: Date,
  notBefore: Date,
): Promise<boolean> {
  const claimed = await tx
    .insert(table)
    .values({ ...key, createdAt: now })
    .onConflictDoUpdate({
      target: [table.actor, table.key],
      set: { fingerprint: key.fingerprint, createdAt: now },
      setWhere: lt(table.createdAt, notBefore),
    })
    .returning({ key: table.key });
  return claimed.length > 0;
}

export async function storeResponse(
  tx: Tx,
  table: IdempotencyKeysTable,
  key: IdempotencyKey,
  body: unknown,
): Promise<void> {
  await tx.update(table).set({ responseBody: body }).where(isKey(table, key));
}

/** Deletes up to `limit` keys from before `notBefore`, the oldest first. */
export async function deleteOldKeys(
  tx: Tx,
  table: IdempotencyKeysTable,
  notBefore: Date,
  limit: number,
): Promise<void> {
  const old = tx
    .select({ actor: table.actor, key: table.key })
    .from(table)
    .where(lt(table.createdAt, notBefore))
    .orderBy(asc(table.createdAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  await tx.delete(table).where(sql`(${table.actor}, ${table.key}) in ${old}`);
}

function isKey(table: IdempotencyKeysTable, { actor, key }: Pick<IdempotencyKey, 'actor' | 'key'>) {
  return and(eq(table.actor, actor), eq(table.key, key));
}
