import { DrizzleQueryError } from 'drizzle-orm';

/** Reported when PostgreSQL asks for a password and the DSN has none. */
export const noPassword = 'the server asks for a password, and the DSN has none';

/** Why PostgreSQL could not be used: one line for an operator, without the statement or the DSN's password. */
export function reasonOf(error: unknown): string {
  if (error instanceof DrizzleQueryError && error.cause !== undefined) return reasonOf(error.cause);
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  const message = error instanceof Error ? error.message : String(error);
  return /client password must be a (non-empty )?string$/.test(message) ? noPassword : message;
}
