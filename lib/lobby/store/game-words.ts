// The words of games, for text filters. `games.search_words` has those of every game; `listed_words` those of the games
// that lists show to others, for looking up the games that have a rare word. Games with a common word are never counted
// in full: the caller gives a limit, and no more rows are read.
import { and, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { Game, GameType } from '../domain/game.ts';
import { searchWordsOf, searchWordsVersion } from '../domain/search-words.ts';
import type { Db, Tx } from './database.ts';
import { games, gameWords, listedWords } from './schema.ts';

type Texts = Pick<Game, 'gameName' | 'description'>;
type Listable = Texts & Pick<Game, 'gameId' | 'gameType' | 'status'>;

/** What a game with these texts is found by, and what tells that it is up to date. */
export function searchColumnsFor(texts: Texts): { searchWords: SQL; searchWordsOf: SQL } {
  return {
    searchWords: sql`array_to_tsvector(${sql.param(wordsOf(texts))}::text[])`,
    searchWordsOf: sql`md5(${`${searchWordsVersion} ${texts.gameName} ${texts.description}`})`,
  };
}

/** Whether `games.search_words` is of the game's texts. */
export const hasCurrentWords = sql`${games.searchWordsOf} is not distinct from
  md5(${sql.raw(`'${searchWordsVersion} '`)} || ${games.gameName} || ' ' || ${games.description})`;

function wordsOf({ gameName, description }: Texts): string[] {
  return searchWordsOf(`${gameName} ${description}`);
}

/** Whether others than its owner and admins find a game, so that its words count. */
export function isListed({ status }: Pick<Game, 'status'>): boolean {
  return status !== 'draft' && status !== 'cancelled';
}

/** Makes the listed words of a locked game those that it has now. */
export async function listWords(tx: Tx, game: Listable): Promise<void> {
  await unlistWords(tx, game.gameId);
  if (!isListed(game)) return;
  const { gameType, gameId } = game;
  const words = wordsOf(game);
  if (words.length > 0)
    await tx.insert(listedWords).values(words.map((word) => ({ gameType, word, gameId })));
}

export async function unlistWords(tx: Tx, gameId: string): Promise<void> {
  await tx.delete(listedWords).where(eq(listedWords.gameId, gameId));
}

/** Deletes the words that an earlier release has stored for a game. */
export async function deleteEarlierWords(tx: Tx, gameId: string): Promise<void> {
  const words = tx
    .select({ word: sql`unnest(tsvector_to_array(${games.words}))` })
    .from(games)
    .where(eq(games.gameId, gameId));
  await tx.delete(gameWords).where(and(eq(gameWords.gameId, gameId), inArray(gameWords.word, words)));
}

/** Asks for words that begin with each of these, which are letters, marks and digits only. */
export function queryFor(beginnings: readonly string[]): string {
  return beginnings.map((beginning) => `'${beginning}':*`).join(' & ');
}

/** Whether name and description of a game have the words of a query. */
export function hasWords(query: SQL): SQL {
  return sql`${games.searchWords} @@ ${query}::tsquery`;
}

/** One of these beginnings that fewer listed games of these types than `limit` have; undefined if none is so rare. */
export async function findRareBeginning(
  db: Db,
  gameTypes: readonly GameType[],
  beginnings: readonly string[],
  limit: number,
): Promise<string | undefined> {
  const given = sql`unnest(${sql.param(beginnings)}::text[]) as given (beginning)`;
  const words = db
    .select({ word: listedWords.word })
    .from(listedWords)
    .where(and(isOfTypes(sql`${sql.param(gameTypes)}`), beginsWith(sql`given.beginning`)))
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

/** The listed games of these types, at most `limit`, that have a word with this beginning. */
export function gamesWith(db: Db, gameTypes: SQL, beginning: SQL, limit: number) {
  return db
    .select({ gameId: listedWords.gameId })
    .from(listedWords)
    .where(and(isOfTypes(gameTypes), beginsWith(beginning)))
    .limit(limit);
}

function isOfTypes(gameTypes: SQL): SQL {
  return sql`${listedWords.gameType} = any(${gameTypes}::text[])`;
}

function beginsWith(beginning: SQL): SQL | undefined {
  // Behind every word that begins so: no character comes after this one.
  return and(gte(listedWords.word, beginning), lt(listedWords.word, sql`${beginning} || chr(1114111)`));
}
