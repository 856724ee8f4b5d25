import pg from 'pg';

export type PoolOptions = {
  dsn: string;
  maxConnections: number;
  /** Bound on connecting and on every statement. */
  operationTimeoutMs: number;
  /** A connection is replaced after this time; 0 keeps it. */
  connectionMaxLifetimeMs?: number;
};

/**
 * Opens a pool and proves that the database answers.
 * @throws Error that says what is wrong, without the DSN's password.
 */
export async function openPool(options: PoolOptions, onError: (error: Error) => void): Promise<pg.Pool> {
  const pool = new pg.Pool({
    connectionString: options.dsn,
    max: options.maxConnections,
    connectionTimeoutMillis: options.operationTimeoutMs,
    statement_timeout: options.operationTimeoutMs,
    query_timeout: options.operationTimeoutMs + 1_000,
    maxLifetimeSeconds: Math.ceil((options.connectionMaxLifetimeMs ?? 0) / 1_000),
  });
  // An idle connection that breaks (a restart of the server) is reported here; the pool replaces it by itself.
  pool.on('error', onError);
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
