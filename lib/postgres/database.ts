import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type pg from 'pg';

/**
 * Drizzle on a pool, but for its transactions. Drizzle's own never give a connection back on which BEGIN fails, as it
 * does when the connection has just been lost, so that some restarts of PostgreSQL would use the pool up; and when
 * ROLLBACK fails, nobody hears what failed before.
 */
export function databaseOn(pool: pg.Pool): NodePgDatabase {
  const database = drizzle({ client: pool });
  // One for each connection, as long as that lasts: statements are prepared once on it (see statement.ts).
  const onConnections = new WeakMap<pg.PoolClient, NodePgDatabase>();
  const onConnection = (client: pg.PoolClient) => {
    const known = onConnections.get(client) ?? drizzle({ client });
    onConnections.set(client, known);
    return known;
  };
  database.transaction = async (work, config) => {
    const client = await pool.connect();
    let failure: { error: unknown } | undefined;
    try {
      return await onConnection(client).transaction(async (tx) => {
        try {
          return await work(tx);
        } catch (error) {
          failure = { error };
          throw error;
        }
      }, config);
    } catch (error) {
      throw failure === undefined ? error : failure.error;
    } finally {
      // One whose transaction has not ended is of no use to anybody else.
      client.release(client.getTransactionStatus() !== 'I');
    }
  };
  return database;
}
