import { migrate } from './migrate.ts';
import { pgPostgres } from './pg.ts';
import type { OpenPostgres, PoolOptions, Postgres, WebSocketOptions } from './pool-options.ts';
import { reasonOf } from './reason.ts';
import { type MigrationJournal, refuseOldSchema } from './schema-version.ts';

export type PostgresDriver = 'pg' | 'neon';

/** Loads Neon's driver only where it is used. */
export async function postgresDriver(name: PostgresDriver): Promise<OpenPostgres> {
  return name === 'pg' ? pgPostgres : (await import('./neon.ts')).neonPostgres;
}

type DatabaseOptions = PoolOptions & WebSocketOptions & { driver: PostgresDriver };

/** A service's schema: `journal` lists the migrations that are in `folder`. */
type Schema = { folder: string; schema: string; journal: MigrationJournal };

/**
 * Opens a pool on a database and migrates the service's schema, or checks that it is new enough.
 * @param migrates false where a separate job applies migrations.
 * @param onError called for connections that break while no statement runs on them.
 * @throws Error that says what is wrong, without the DSN's password.
 */
export async function openDatabase(
  options: DatabaseOptions,
  { folder, schema, journal }: Schema,
  migrates: boolean,
  onError: (error: Error) => void,
): Promise<Postgres> {
  const open = await postgresDriver(options.driver);
  const postgres = open(options, onError);
  try {
    await checkUsable(postgres);
    if (migrates) await migrate({ ...options, folder, schema });
    else await refuseOldSchema(postgres, { schema, journal });
    return postgres;
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

/** @throws Error that says what is wrong, without the DSN's password. */
async function checkUsable({ db }: Postgres): Promise<void> {
  try {
    await db.execute('select 1');
  } catch (error) {
    throw new Error(`PostgreSQL cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}
