// Databases of the Game Master with games that run, for the rows about turns.
import pg from 'pg';
import { insertRunningGames } from '../support/game-master/many-games.ts';
import type { Columns } from '../support/stores/many-rows.ts';
import { createDatabaseOf } from './database.ts';
import type { Bench } from './entry.ts';

/** @returns the DSN of a database with games 1 to `count`, the first turn of each being open. */
export async function createGameDatabase(
  bench: Bench,
  count: number,
  columns: Columns = {},
): Promise<string> {
  const dsn = await createDatabaseOf(bench, 'game-master');
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    await insertRunningGames(client, count, columns);
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
  return dsn;
}
