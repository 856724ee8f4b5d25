import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { ListenAddress } from '../config/types.ts';
import { refuseStandby } from './standby.ts';

/** What stands between the service and PostgreSQL: `transaction` gives a server connection for one transaction only. */
export type Pooler = 'none' | 'transaction';

export type PoolOptions = {
  dsn: string;
  maxConnections: number;
  /** Idle connections above this number are closed after five seconds; 0 closes all. */
  maxIdleConnections: number;
  /** Bound on connecting and on every statement; a transaction may be idle for twice as long. */
  operationTimeoutMs: number;
  /** A connection is replaced after this time; 0 for never. */
  connectionMaxLifetimeMs?: number;
  /** `none` by default. */
  pooler?: Pooler;
  /** For a replica that is read from. Otherwise a standby is refused. */
  readOnly?: boolean;
};

/** For a driver that uses a WebSocket: the proxy in front of PostgreSQL; Neon's own endpoint when absent. */
export type WebSocketOptions = { websocketProxy?: ListenAddress | undefined };

/** A database, through any driver. */
export type Postgres = {
  readonly db: PgDatabase<PgQueryResultHKT>;
  /** Waits for running statements and closes the connections. Through a WebSocket the next statement opens others. */
  close(): Promise<void>;
};

/**
 * Does not connect yet.
 * @param onError called for connections that break while no statement runs on them.
 */
export type OpenPostgres = (
  options: PoolOptions & WebSocketOptions,
  onError: (error: Error) => void,
) => Postgres;

/** The settings for node-postgres and for Neon's driver, which is based on it. */
export function poolSettings(options: PoolOptions) {
  const isDirect = options.pooler !== 'transaction';
  return {
    connectionString: options.dsn,
    max: options.maxConnections,
    min: options.maxIdleConnections,
    idleTimeoutMillis: 5_000,
    connectionTimeoutMillis: options.operationTimeoutMs,
    // A pooler refuses parameters that it does not know, and passes on what another server said about itself.
    ...(isDirect && sessionTimeouts(options)),
    query_timeout: options.operationTimeoutMs + 1_000,
    ...(isDirect && options.readOnly !== true && { onConnect: refuseStandby }),
    maxLifetimeSeconds: Math.ceil((options.connectionMaxLifetimeMs ?? 0) / 1_000),
  };
}

/** In milliseconds, by the names of PostgreSQL's settings. */
export function sessionTimeouts({ operationTimeoutMs }: Pick<PoolOptions, 'operationTimeoutMs'>) {
  return {
    statement_timeout: operationTimeoutMs,
    // Releases the locks of a process that died without closing its connections.
    idle_in_transaction_session_timeout: 2 * operationTimeoutMs,
  };
}
