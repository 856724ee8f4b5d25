import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Pooler } from './pool-options.ts';
import { pooledDatabase } from './pooled-database.ts';

/** Drizzle on a pool of node-postgres. */
export function databaseOn(pool: pg.Pool, pooler?: Pooler): NodePgDatabase {
  const onClient = (client: pg.PoolClient) => drizzle({ client });
  return pooledDatabase<pg.PoolClient, NodePgDatabase>(pool, drizzle({ client: pool }), onClient, pooler);
}
