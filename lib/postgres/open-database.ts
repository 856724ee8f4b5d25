import type { Logger } from '../telemetry/logger.ts';
import { migrate } from './migrate.ts';
import { pgPostgres } from './pg.ts';
import type { OpenPostgres, PoolOptions, Postgres, WebSocketOptions } from './pool-options.ts';
import { reasonOf } from './reason.ts';
import { type MigrationJournal, refuseOldSchema } from './schema-version.ts';
import { refuseWrongTimeouts } from './session-timeouts.ts';

export type PostgresDriver = 'pg' | 'neon';

/** Loads Neon's driver only where it is used. */
export async function postgresDriver(name: PostgresDriver): Promise<OpenPostgres> {
  return name === 'pg' ? pgPostgres : (await import('./neon.ts')).neonPostgres;
}

type DatabaseOptions = PoolOptions &
  WebSocketOptions & { driver: PostgresDriver; migrationDsn: string | undefined };

/** A service's schema: `journal` lists the migrations that are in `folder`. */
type Schema = { folder: string; schema: string; journal: MigrationJournal };

/**
 * Opens a pool on a database and migrates the service's schema, or checks that it is new enough.
 * @param migrates false where a separate job applies migrations.
 * @param log gets connections that break while no statement runs on them, and a wait for another migration.
 * @throws Error that says what is wrong, without the DSN's password.
 */
export async function openDatabase(
  options: DatabaseOptions,
  { folder, schema, journal }: Schema,
  migrates: boolean,
  log: Pick<Logger, 'warn'>,
): Promise<Postgres> {
  const open = await postgresDriver(options.driver);
  const postgres = open(options, (error) => log.warn({ error }, 'postgresql connection lost'));
  const dsn = migrationDsnOf(options);
  try {
    await checkUsable(postgres);
    await refuseWrongTimeouts(postgres, options);
    if (migrates && dsn !== undefined) {
      await migrate({ ...options, dsn, folder, schema, onWait: (line) => log.warn(line) });
    } else {
      await refuseOldSchema(postgres, { schema, journal });
    }
    return postgres;
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

/** The DSN for migrations: behind a pooler only one of its own. */
export function migrationDsnOf({
  dsn,
  migrationDsn,
  pooler,
}: Pick<DatabaseOptions, 'dsn' | 'migrationDsn' | 'pooler'>): string | undefined {
  return migrationDsn ?? (pooler === 'transaction' ? undefined : dsn);
}

/** @throws Error that says what is wrong, without the DSN's password. */
async function checkUsable({ db }: Postgres): Promise<void> {
  try {
    await db.execute('select 1');
  } catch (error) {
    throw new Error(`PostgreSQL cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}
