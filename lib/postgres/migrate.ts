import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { migrateBesideWriters } from './migrate-beside-writers.ts';
import { takeMigrationLock, type Waiting } from './migration-lock.ts';
import type { Session } from './migration-session.ts';
import { refusePooler } from './no-pooler.ts';
import { runOnlineStatements } from './online-statements.ts';
import type { WebSocketOptions } from './pool-options.ts';
import { reasonOf } from './reason.ts';

type MigrationOptions = WebSocketOptions &
  Waiting & {
    /** DSN of a role that may create the schema, on a direct connection. */
    dsn: string;
    /** Holds drizzle's SQL files and journal. */
    folder: string;
    schema: string;
    /** `pg` by default. */
    driver?: 'pg' | 'neon';
  };

/**
 * Applies a service's pending migrations, while other processes use its tables. Safe from several processes at once: the migrator itself takes no lock,
 * so an advisory lock per schema is held around it. That needs a direct connection: a pooler may run each statement in
 * another session, and keeps the lock in one of them for ever.
 * @throws Error that says in one line why they cannot be applied, or the reason of `stop`.
 */
export async function migrate(options: MigrationOptions): Promise<void> {
  const { folder, schema, stop } = options;
  const open = await opener(options);
  const session = open();
  try {
    await session.connect();
    await refusePooler(session, open);
    // The role may have time-outs, which are for short statements.
    await session.query(
      `select set_config(name, '0', false) from pg_settings
       where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout')`,
    );
    await takeMigrationLock(session, options);
    await migrateBesideWriters(session, options, {
      migrationsFolder: folder,
      migrationsSchema: schema,
      migrationsTable: 'schema_migrations',
    });
    await runOnlineStatements(session, { folder, schema });
  } catch (error) {
    if (stop?.aborted && error === stop.reason) throw error;
    throw new Error(`the migrations of schema ${schema} cannot be applied: ${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    // Ends the session, and with it the lock.
    await session.end();
  }
}

const connectionTimeoutMillis = 10_000;

async function opener(options: MigrationOptions): Promise<() => Session> {
  return options.driver === 'neon' ? neonSessions(options) : () => pgSession(options);
}

function pgSession({ dsn }: MigrationOptions): Session {
  const client = new pg.Client({ connectionString: dsn, connectionTimeoutMillis });
  // What breaks the connection is reported by the next statement.
  client.on('error', () => {});
  return {
    connect: () => client.connect(),
    query: (text, values) => client.query(text, values),
    announcedPid: () => announcedPid(client),
    migrate: (config) => runMigrations(drizzle({ client }), config),
    end: () => client.end(),
  };
}

async function neonSessions({ dsn, websocketProxy }: MigrationOptions): Promise<() => Session> {
  const { clientThrough } = await import('./neon.ts');
  const { drizzle } = await import('drizzle-orm/neon-serverless');
  const { migrate: runMigrations } = await import('drizzle-orm/neon-serverless/migrator');
  const Client = clientThrough(websocketProxy);
  return () => {
    const client = new Client({ connectionString: dsn, connectionTimeoutMillis });
    client.on('error', () => {});
    return {
      connect: () => client.connect(),
      query: (text, values) => client.query(text, values),
      announcedPid: () => announcedPid(client),
      migrate: (config) => runMigrations(drizzle({ client }), config),
      end: () => client.end(),
    };
  };
}

/** Both drivers keep it, but their types do not say so. */
function announcedPid(client: object): number | null {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : null;
}
