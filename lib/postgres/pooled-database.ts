import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { Pooler } from './pool-options.ts';
import { forgoNames } from './statement.ts';

type Connection = { release(destroy: boolean): void };

/**
 * Drizzle on a pool of any driver, with transactions of our own. Drizzle's own transactions do not release a connection
 * on which BEGIN fails, as it does on a lost connection, so that a few restarts of PostgreSQL would exhaust the pool;
 * and when ROLLBACK fails, they hide the error that came before.
 * @param database drizzle on the pool.
 * @param on makes drizzle on one connection of the pool.
 * @param pooler between the pool and PostgreSQL.
 */
export function pooledDatabase<Client extends Connection, Database extends PgDatabase<PgQueryResultHKT>>(
  pool: { connect(): Promise<Client> },
  database: Database,
  on: (client: Client) => Database,
  pooler: Pooler = 'none',
): Database {
  const prepare = (db: Database) => {
    if (pooler === 'transaction') forgoNames(db);
    return db;
  };
  prepare(database);
  // One for each connection, for as long as it lives: its statements are prepared once (see statement.ts).
  const onConnections = new WeakMap<Client, Database>();
  const onConnection = (client: Client) => {
    const known = onConnections.get(client) ?? prepare(on(client));
    onConnections.set(client, known);
    return known;
  };
  database.transaction = async (work, config) => {
    const client = await pool.connect();
    let failure: { error: unknown } | undefined;
    let ended = false;
    try {
      const result = await onConnection(client).transaction(async (tx) => {
        try {
          return await work(tx);
        } catch (error) {
          failure = { error };
          throw error;
        }
      }, config);
      ended = true;
      return result;
    } catch (error) {
      if (failure === undefined) throw error;
      // Drizzle throws the same error after a successful ROLLBACK.
      ended = error === failure.error;
      throw failure.error;
    } finally {
      // A connection whose transaction has not ended cannot be used again.
      client.release(!ended);
    }
  };
  return database;
}
