import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { pooledDatabase } from './pooled-database.ts';

/** Drizzle on a pool of node-postgres. */
export function databaseOn(pool: pg.Pool): NodePgDatabase {
  return pooledDatabase<pg.PoolClient, NodePgDatabase>(pool, drizzle({ client: pool }), (client) =>
    drizzle({ client }),
  );
}
