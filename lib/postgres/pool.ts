import pg from 'pg';
import { type PoolOptions, poolSettings } from './pool-options.ts';
import { watchServer } from './standby.ts';

class WatchedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    watchServer(this);
  }
}

/**
 * A pool that has not connected yet.
 * @param onError called for connections that break while no statement runs on them.
 */
export function createPool(options: PoolOptions, onError: (error: Error) => void): pg.Pool {
  const { hostname, port, pathname } = new URL(options.dsn);
  const pool = new pg.Pool({
    ...poolSettings(options),
    Client: WatchedClient,
    // The driver uses the DSN. OpenTelemetry uses these to name the pool in its metrics.
    host: hostname,
    port: Number(port || 5432),
    database: pathname.slice(1),
    // For statements of one transaction that are sent together. A pooler may not expect that.
    pipeline: options.pooler !== 'transaction',
    // An idle connection that broke must be found before a statement needs it.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // Reports a connection that breaks (a restart of the server), also during an idle transaction; the pool replaces it.
  // The pool reports idle connections a second time.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => {});
  return pool;
}
