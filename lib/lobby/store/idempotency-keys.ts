import { and, asc, eq, gte, lt, sql } from 'drizzle-orm';
import type { Db, Tx } from './database.ts';
import { idempotencyKeys } from './schema.ts';

/** A key of one actor; `fingerprint` identifies the request that came with it. */
export type IdempotencyKey = { readonly actor: string; readonly key: string; readonly fingerprint: string };

export type StoredResponse = { readonly fingerprint: string; readonly body: unknown };

/** The response that was stored under a key at `notBefore` or later. */
export async function findResponse(
  db: Db,
  { actor, key }: IdempotencyKey,
  notBefore: Date,
): Promise<StoredResponse | undefined> {
  const [stored] = await db
    .select({ fingerprint: idempotencyKeys.fingerprint, body: idempotencyKeys.responseBody })
    .from(idempotencyKeys)
    .where(and(isKey({ actor, key }), gte(idempotencyKeys.createdAt, notBefore)));
  return stored;
}

/**
 * Takes a key for this transaction; waits for a transaction that has it, and has it when that one rolled back.
 * @returns false when a response is stored under the key.
 */
export async function claimKey(tx: Tx, key: IdempotencyKey, now: Date, notBefore: Date): Promise<boolean> {
  const claimed = await tx
    .insert(idempotencyKeys)
    .values({ ...key, createdAt: now })
    .onConflictDoUpdate({
      target: [idempotencyKeys.actor, idempotencyKeys.key],
      set: { fingerprint: key.fingerprint, createdAt: now },
      setWhere: lt(idempotencyKeys.createdAt, notBefore),
    })
    .returning({ key: idempotencyKeys.key });
  return claimed.length > 0;
}

export async function storeResponse(tx: Tx, key: IdempotencyKey, body: unknown): Promise<void> {
  await tx.update(idempotencyKeys).set({ responseBody: body }).where(isKey(key));
}

/** Deletes up to `limit` keys from before `notBefore`, the oldest first. */
export async function deleteOldKeys(tx: Tx, notBefore: Date, limit: number): Promise<void> {
  const old = tx
    .select({ actor: idempotencyKeys.actor, key: idempotencyKeys.key })
    .from(idempotencyKeys)
    .where(lt(idempotencyKeys.createdAt, notBefore))
    .orderBy(asc(idempotencyKeys.createdAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  await tx.delete(idempotencyKeys).where(sql`(${idempotencyKeys.actor}, ${idempotencyKeys.key}) in ${old}`);
}

function isKey({ actor, key }: Pick<IdempotencyKey, 'actor' | 'key'>) {
  return and(eq(idempotencyKeys.actor, actor), eq(idempotencyKeys.key, key));
}
