import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

type Connection = { release(destroy: boolean): void };

/**
 * Drizzle on a pool, whatever the driver, but for its transactions. Drizzle's own never give a connection back on which
 * BEGIN fails, as it does when the connection has just been lost, so that some restarts of PostgreSQL would use the
 * pool up; and when ROLLBACK fails, nobody hears what failed before.
 * @param database on the pool.
 * @param on one of its connections.
 */
export function pooledDatabase<Client extends Connection, Database extends PgDatabase<PgQueryResultHKT>>(
  pool: { connect(): Promise<Client> },
  database: Database,
  on: (client: Client) => Database,
): Database {
  // One for each connection, as long as that lasts: statements are prepared once on it (see statement.ts).
  const onConnections = new WeakMap<Client, Database>();
  const onConnection = (client: Client) => {
    const known = onConnections.get(client) ?? on(client);
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
      // What drizzle throws after a ROLLBACK that went well.
      ended = error === failure.error;
      throw failure.error;
    } finally {
      // One whose transaction has not ended is of no use to anybody else.
      client.release(!ended);
    }
  };
  return database;
}
