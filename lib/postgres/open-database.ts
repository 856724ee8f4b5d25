import type pg from 'pg';
import { migrate } from './migrate.ts';
import { openPool, type PoolOptions } from './pool.ts';

/**
 * Opens a pool on a database and brings the service's schema up to date.
 * @param onError told of connections that break while no statement runs on them.
 * @throws Error that says what is wrong, without the DSN's password.
 */
export async function openDatabase(
  options: PoolOptions,
  migrations: { folder: string; schema: string },
  onError: (error: Error) => void,
): Promise<pg.Pool> {
  const pool = await openPool(options, onError);
  try {
    await migrate({ dsn: options.dsn, ...migrations });
    return pool;
  } catch (error) {
    await pool.end();
    throw error;
  }
}
