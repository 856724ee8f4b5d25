import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

/**
 * Applies a service's pending migrations. Safe from several processes at once: the migrator itself takes no lock,
 * so an advisory lock per schema is held around it. Needs a direct connection, not one through a pooler that
 * switches servers between transactions.
 * @param dsn of a role that may create the schema.
 * @param folder with drizzle's SQL files and journal.
 */
export async function migrate(options: { dsn: string; folder: string; schema: string }): Promise<void> {
  const client = new pg.Client({ connectionString: options.dsn, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(`select pg_advisory_lock(hashtextextended('galaxy.migrate.' || $1, 0))`, [
      options.schema,
    ]);
    await runMigrations(drizzle({ client }), {
      migrationsFolder: options.folder,
      migrationsSchema: options.schema,
      migrationsTable: 'schema_migrations',
    });
  } finally {
    // Ends the session, and with it the lock.
    await client.end();
  }
}
