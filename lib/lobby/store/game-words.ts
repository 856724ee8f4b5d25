// The words of games, for text filters. Games that have a rare word are looked up here. Games with a common word are
// never counted in full: the caller gives a limit, and no more rows are read.
import { and, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { Db, Tx } from './database.ts';
import { games, gameWords } from './schema.ts';

/** Stores the words that a game has now. */
export async function insertWords(tx: Tx, gameId: string): Promise<void> {
  await tx.insert(gameWords).select(
    tx
      .select({
        word: sql<string>`unnest(tsvector_to_array(${games.words}))`.as('word'),
        gameId: games.gameId,
      })
      .from(games)
      .where(eq(games.gameId, gameId)),
  );
}

/** Deletes the words that a game has now, before they change. */
export async function deleteWords(tx: Tx, gameId: string): Promise<void> {
  const words = tx
    .select({ word: sql`unnest(tsvector_to_array(${games.words}))` })
    .from(games)
    .where(eq(games.gameId, gameId));
  await tx.delete(gameWords).where(and(eq(gameWords.gameId, gameId), inArray(gameWords.word, words)));
}

/** Asks for words that begin with each of these, which are letters and digits only. */
export function queryFor(beginnings: readonly string[]): string {
  return beginnings.map((beginning) => `${beginning}:*`).join(' & ');
}

/** Whether name and description of a game have the words of a query. */
export function hasWords(query: SQL): SQL {
  return sql`${games.words} @@ to_tsquery('simple', ${query})`;
}

/**
 * One of these beginnings that fewer games than `limit` have, in the stored form of words; undefined if none is so
 * rare.
 */
export async function findRareBeginning(
  db: Db,
  beginnings: readonly string[],
  limit: number,
): Promise<string | undefined> {
  const given = sql`unnest(tsvector_to_array(to_tsvector('simple', ${beginnings.join(' ')}))) as given (beginning)`;
  const words = db
    .select({ word: gameWords.word })
    .from(gameWords)
    .where(beginsWith(sql`given.beginning`))
    .limit(limit)
    .as('words');
  const games = db
    .select({ count: sql<number>`count(*)`.as('count') })
    .from(words)
    .as('games');
  const [rarest] = await db
    .select({ beginning: sql<string>`given.beginning`, count: games.count })
    .from(given)
    .crossJoinLateral(games)
    .orderBy(games.count)
    .limit(1);
  return rarest !== undefined && Number(rarest.count) < limit ? rarest.beginning : undefined;
}

/** Whether a game is one of those, at most `limit`, that have a word with this beginning. */
export function isAmongThoseWith(db: Db, beginning: SQL, limit: number): SQL {
  const found = db
    .select({ gameId: gameWords.gameId })
    .from(gameWords)
    .where(beginsWith(beginning))
    .limit(limit);
  // An array, since the planner then looks its games up by their key, whatever it believes about how many they are.
  return sql`${games.gameId} = any(array(${found}))`;
}

function beginsWith(beginning: SQL): SQL | undefined {
  // Behind every word that begins so: no character comes after this one.
  return and(gte(gameWords.word, beginning), lt(gameWords.word, sql`${beginning} || chr(1114111)`));
}
