import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { ListenAddress } from '../config/types.ts';

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

/** For a driver that speaks through a WebSocket: who passes it on to PostgreSQL; Neon's own endpoint when absent. */
export type WebSocketOptions = { websocketProxy?: ListenAddress | undefined };

/** A database through whichever driver. */
export type Postgres = {
  readonly db: PgDatabase<PgQueryResultHKT>;
  /** Waits for what runs, and closes the connections. Through a WebSocket the next question opens others. */
  close(): Promise<void>;
};

/**
 * Has not connected yet.
 * @param onError told of connections that break while no statement runs on them.
 */
export type OpenPostgres = (
  options: PoolOptions & WebSocketOptions,
  onError: (error: Error) => void,
) => Postgres;

/** What both node-postgres and Neon's driver, which grew from it, make of these options. */
export function poolSettings(options: PoolOptions) {
  return {
    connectionString: options.dsn,
    max: options.maxConnections,
    min: options.maxIdleConnections,
    idleTimeoutMillis: 5_000,
    connectionTimeoutMillis: options.operationTimeoutMs,
    statement_timeout: options.operationTimeoutMs,
    // What a process holds that died without its connections being closed is let go of.
    idle_in_transaction_session_timeout: 2 * options.operationTimeoutMs,
    query_timeout: options.operationTimeoutMs + 1_000,
    maxLifetimeSeconds: Math.ceil((options.connectionMaxLifetimeMs ?? 0) / 1_000),
  };
}
