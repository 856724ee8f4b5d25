import pg from 'pg';

export type PoolOptions = {
  dsn: string;
  maxConnections: number;
  /** Those above are closed after five seconds without work; 0 keeps none. */
  maxIdleConnections: number;
  /** Bound on connecting and on every statement; a transaction may wait for something else for twice as long. */
  operationTimeoutMs: number;
  /** A connection is replaced after this time; 0 keeps it. */
  connectionMaxLifetimeMs?: number;
};

/**
 * A pool that has not connected yet.
 * @param onError told of connections that break while no statement runs on them.
 */
export function createPool(options: PoolOptions, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.dsn,
    max: options.maxConnections,
    min: options.maxIdleConnections,
    idleTimeoutMillis: 5_000,
    // A kept connection must not be found dead by the statement that needs it.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: options.operationTimeoutMs,
    statement_timeout: options.operationTimeoutMs,
    // What a process holds that died without its connections being closed is let go of.
    idle_in_transaction_session_timeout: 2 * options.operationTimeoutMs,
    query_timeout: options.operationTimeoutMs + 1_000,
    maxLifetimeSeconds: Math.ceil((options.connectionMaxLifetimeMs ?? 0) / 1_000),
  });
  // A connection that breaks (a restart of the server) is reported here, also while a transaction waits for something
  // else than the database, and the pool replaces it. Of idle ones the pool would tell once more.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => {});
  return pool;
}

/**
 * Opens a pool and proves that the database answers.
 * @param onError told of connections that break while no statement runs on them.
 * @throws Error that says what is wrong, without the DSN's password.
 */
export async function openPool(options: PoolOptions, onError: (error: Error) => void): Promise<pg.Pool> {
  const pool = createPool(options, onError);
  try {
    await pool.query('select 1');
    return pool;
  } catch (error) {
    await pool.end();
    throw new Error(`PostgreSQL cannot be used: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join(', ');
  return error instanceof Error ? error.message : String(error);
}
