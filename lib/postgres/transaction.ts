import { DrizzleQueryError, sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

const maxAttempts = 5;
const serializationFailure = '40001';
export const deadlockDetected = '40P01';
export const uniqueViolation = '23505';

/** The SQLSTATE of a failed query, and the constraint that it violated, where there is one. */
export function sqlState(error: unknown): { code: string; constraint?: string } | undefined {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (typeof cause !== 'object' || cause === null || !('code' in cause) || typeof cause.code !== 'string') {
    return undefined;
  }
  const constraint =
    'constraint' in cause && typeof cause.constraint === 'string' ? cause.constraint : undefined;
  return { code: cause.code, ...(constraint === undefined ? {} : { constraint }) };
}

type Transactional<Tx> = { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> };

/**
 * Runs `work` in a transaction and runs it again when PostgreSQL chose it as the victim of a deadlock or could not
 * serialise it, so `work` must have no effect outside the database. Refusals and faults roll back and are thrown.
 */
export async function inTransaction<Tx, T>(db: Transactional<Tx>, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction(work);
    } catch (error) {
      const code = sqlState(error)?.code;
      const retryable = code === serializationFailure || code === deadlockDetected;
      if (!retryable || attempt === maxAttempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}

/** PostgreSQL's id of an open transaction. Fails in a transaction that can only be rolled back. */
export async function transactionId(tx: PgDatabase<PgQueryResultHKT>): Promise<string> {
  return onlyValue(await tx.select({ value: sql<string>`pg_current_xact_id()::text` }).from(one));
}

/** The outcome of a transaction, for when the reply to its commit was lost. */
export async function outcomeOf(
  db: PgDatabase<PgQueryResultHKT>,
  id: string,
): Promise<'committed' | 'rolled back' | 'in progress'> {
  const status = onlyValue(await db.select({ value: sql<string>`pg_xact_status(${id}::xid8)` }).from(one));
  return status === 'committed' || status === 'in progress' ? status : 'rolled back';
}

const one = sql`(select 1) as one`;

function onlyValue([row]: { value: string }[]): string {
  if (row === undefined) throw new TypeError('a select without a table gives one row');
  return row.value;
}
