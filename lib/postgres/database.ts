import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Pooler } from './pool-options.ts';
import { pooledDatabase } from './pooled-database.ts';
import { allowTogether } from './together.ts';

/** Drizzle on a pool of node-postgres. */
export function databaseOn(pool: pg.Pool, pooler?: Pooler): NodePgDatabase {
  const onClient = (client: pg.PoolClient) => {
    const db = drizzle({ client });
    if (client.pipeline) allowTogether(db);
    return db;
  };
  return pooledDatabase<pg.PoolClient, NodePgDatabase>(pool, drizzle({ client: pool }), onClient, pooler);
}
