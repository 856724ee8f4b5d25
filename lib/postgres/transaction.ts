import { DrizzleQueryError } from 'drizzle-orm';

const maxAttempts = 5;
const serializationFailure = '40001';
const deadlockDetected = '40P01';
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
