import { DrizzleQueryError } from 'drizzle-orm';
import { migrate } from './migrate.ts';
import { pgPostgres } from './pg.ts';
import { reason } from './pool.ts';
import type { OpenPostgres, PoolOptions, Postgres, WebSocketOptions } from './pool-options.ts';

export type PostgresDriver = 'pg' | 'neon';

/** Loads the other one only where it is wanted. */
export async function postgresDriver(name: PostgresDriver): Promise<OpenPostgres> {
  return name === 'pg' ? pgPostgres : (await import('./neon.ts')).neonPostgres;
}

/**
 * Opens a pool on a database and brings the service's schema up to date.
 * @param onError told of connections that break while no statement runs on them.
 * @throws Error that says what is wrong, without the DSN's password.
 */
export async function openDatabase(
  options: PoolOptions & WebSocketOptions & { driver: PostgresDriver },
  migrations: { folder: string; schema: string },
  onError: (error: Error) => void,
): Promise<Postgres> {
  const open = await postgresDriver(options.driver);
  const postgres = open(options, onError);
  try {
    await proveUsable(postgres);
    await migrate({ ...options, ...migrations });
    return postgres;
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

/** @throws Error that says what is wrong, without the DSN's password. */
async function proveUsable({ db }: Postgres): Promise<void> {
  try {
    await db.execute('select 1');
  } catch (error) {
    const cause = error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
    throw new Error(`PostgreSQL cannot be used: ${reason(cause)}`, { cause });
  }
}
