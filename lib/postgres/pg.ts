// PostgreSQL over TCP, with node-postgres.
import { databaseOn } from './database.ts';
import { createPool } from './pool.ts';
import type { OpenPostgres } from './pool-options.ts';

export const pgPostgres: OpenPostgres = (options, onError) => {
  const pool = createPool(options, onError);
  return { db: databaseOn(pool, options.pooler), close: () => pool.end() };
};
