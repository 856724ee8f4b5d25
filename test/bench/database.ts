import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { migrate } from '../../lib/postgres/migrate.ts';
import type { Bench } from './entry.ts';

const schemas = { lobby: 'lobby', 'game-master': 'game_master' } as const;

/** @returns the DSN of a new database with the tables of a service. */
export async function createDatabaseOf(bench: Bench, service: keyof typeof schemas): Promise<string> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await bench.postgres.createDatabase(name);
  const dsn = bench.postgres.dsn(name);
  const folder = join(import.meta.dirname, '../../drizzle', service, 'migrations');
  await migrate({ dsn, folder, schema: schemas[service] });
  return dsn;
}
