// Databases of the lobby with very many games, for the rows that measure the cost of size.
import type pg from 'pg';
import {
  type Columns,
  idOf,
  inBulk,
  insertGames,
  insertRows,
  wordsOfGames,
} from '../support/stores/many-rows.ts';
import { createDatabaseOf } from './database.ts';
import type { Bench } from './entry.ts';

/** @returns the DSN of a migrated database that `fill` has filled in bulk. */
export async function createLobbyDatabase(
  bench: Bench,
  fill: (client: pg.Client) => Promise<void>,
): Promise<string> {
  const dsn = await createDatabaseOf(bench, 'lobby');
  await inBulk(dsn, fill);
  return dsn;
}

/** Every other one enrolls, with room for many; each is owned by a user with the id of the game. */
const gamesToFind: Columns = {
  owner_user_id: idOf('n'),
  status: `case n % 2 when 0 then 'enrollment_open' else 'finished' end`,
  max_players: '1000',
  description: `'A friendly game of the usual length, with a turn every night but Sundays; beginners are welcome.'`,
};

const withGames = new WeakMap<Bench, Promise<string>>();

/** A database of `scale.games` games to list, read and join; the same for all rows of a run. */
export function databaseWithGames(bench: Bench): Promise<string> {
  const existing = withGames.get(bench);
  if (existing !== undefined) return existing;
  const created = createLobbyDatabase(bench, (client) => fillWithGames(client, bench.scale.games));
  withGames.set(bench, created);
  return created;
}

/** Puts that many games to list, read and join into a lobby's tables. */
export async function fillWithGames(client: pg.Client, games: number): Promise<void> {
  await insertGames(client, 1, games, gamesToFind);
  await insertRows(client, 'lobby.listed_words', ...wordsOfGames);
}

/** The id of a game by its number, 1 being the newest. */
export const gameIdOf = (n: number) => `01960000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
