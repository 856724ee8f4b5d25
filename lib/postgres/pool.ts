import pg from 'pg';
import { type PoolOptions, poolSettings } from './pool-options.ts';

/**
 * A pool that has not connected yet.
 * @param onError told of connections that break while no statement runs on them.
 */
export function createPool(options: PoolOptions, onError: (error: Error) => void): pg.Pool {
  const { hostname, port, pathname } = new URL(options.dsn);
  const pool = new pg.Pool({
    ...poolSettings(options),
    // The driver goes by the DSN. By these OpenTelemetry names the pool in its metrics.
    host: hostname,
    port: Number(port || 5432),
    database: pathname.slice(1),
    // A kept connection must not be found dead by the statement that needs it.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // A connection that breaks (a restart of the server) is reported here, also while a transaction waits for something
  // else than the database, and the pool replaces it. Of idle ones the pool would tell once more.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => {});
  return pool;
}
