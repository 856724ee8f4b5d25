import type { MigrationConfig } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { WebSocketOptions } from './pool-options.ts';
import { reasonOf } from './reason.ts';

type MigrationOptions = WebSocketOptions & {
  /** DSN of a role that may create the schema. */
  dsn: string;
  /** Holds drizzle's SQL files and journal. */
  folder: string;
  schema: string;
  /** `pg` by default. */
  driver?: 'pg' | 'neon';
};

/** A connection of its own. */
type Session = {
  connect(): Promise<unknown>;
  query(text: string, values: unknown[]): Promise<unknown>;
  migrate(config: MigrationConfig): Promise<void>;
  end(): Promise<void>;
};

/**
 * Applies a service's pending migrations. Safe from several processes at once: the migrator itself takes no lock,
 * so an advisory lock per schema is held around it. Needs a direct connection, not one through a pooler that
 * switches servers between transactions.
 * @throws Error that says in one line why they cannot be applied.
 */
export async function migrate(options: MigrationOptions): Promise<void> {
  const { folder, schema } = options;
  const session = options.driver === 'neon' ? await neonSession(options) : pgSession(options);
  try {
    await session.connect();
    await session.query(`select pg_advisory_lock(hashtextextended('galaxy.migrate.' || $1, 0))`, [schema]);
    await session.migrate({
      migrationsFolder: folder,
      migrationsSchema: schema,
      migrationsTable: 'schema_migrations',
    });
  } catch (error) {
    throw new Error(`the migrations of schema ${schema} cannot be applied: ${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    // Ends the session, and with it the lock.
    await session.end();
  }
}

const connectionTimeoutMillis = 10_000;

function pgSession({ dsn }: MigrationOptions): Session {
  const client = new pg.Client({ connectionString: dsn, connectionTimeoutMillis });
  return {
    connect: () => client.connect(),
    query: (text, values) => client.query(text, values),
    migrate: (config) => runMigrations(drizzle({ client }), config),
    end: () => client.end(),
  };
}

async function neonSession({ dsn, websocketProxy }: MigrationOptions): Promise<Session> {
  const { clientThrough } = await import('./neon.ts');
  const { drizzle } = await import('drizzle-orm/neon-serverless');
  const { migrate: runMigrations } = await import('drizzle-orm/neon-serverless/migrator');
  const client = new (clientThrough(websocketProxy))({ connectionString: dsn, connectionTimeoutMillis });
  return {
    connect: () => client.connect(),
    query: (text, values) => client.query(text, values),
    migrate: (config) => runMigrations(drizzle({ client }), config),
    end: () => client.end(),
  };
}
