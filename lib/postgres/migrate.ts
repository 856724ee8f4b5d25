import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

/**
 * Applies a service's pending migrations. Safe from several processes at once: the migrator itself takes no lock,
 * so an advisory lock per schema is held around it. Needs a direct connection, not one through a pooler that
 * switches servers between transactions.
 * @param dsn of a role that may create the schema.
 * @param folder with drizzle's SQL files and journal.
 * @throws Error that says in one line why they cannot be applied.
 */
export async function migrate(options: { dsn: string; folder: string; schema: string }): Promise<void> {
  const client = new pg.Client({ connectionString: options.dsn, connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
    await client.query(`select pg_advisory_lock(hashtextextended('galaxy.migrate.' || $1, 0))`, [
      options.schema,
    ]);
    await runMigrations(drizzle({ client }), {
      migrationsFolder: options.folder,
      migrationsSchema: options.schema,
      migrationsTable: 'schema_migrations',
    });
  } catch (error) {
    // The statement itself, which drizzle's message would quote in full, helps nobody here.
    const cause = error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the migrations of schema ${options.schema} cannot be applied: ${why}`, { cause: error });
  } finally {
    // Ends the session, and with it the lock.
    await client.end();
  }
}
