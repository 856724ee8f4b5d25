// Lists of all games that somebody may see. What a page costs is bounded, however many games there are: shelves (see
// lib/lobby/domain/shelves.ts) are read in order and no further than a page needs, beside what is the caller's own.
// No index can promise the same for words, so a text filter either looks up the games of a rare word, or looks at the
// next so many games of the list and, when that does not fill a page, gives what it has found and where it stopped.
import { and, asc, desc, eq, isNotNull, or, type SQL, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import { games, invites, memberships } from '../../../drizzle/lobby/schema.ts';
import type { UserActor } from '../../http/env.ts';
import type { Caller } from '../caller.ts';
import { publicShelvesFor, type ShelfFilters, shelvesFor } from '../domain/shelves.ts';
import type { Db } from './database.ts';
import { findRareBeginning, hasWords, isAmongThoseWith } from './game-words.ts';
import { gameColumns, type StoredGame, visibleTo } from './games.ts';
import { before, behind, type Page, type PageRequest, type Place, takePage } from './pages.ts';

/** `ending_soon` lists only games that enroll players, by their deadline. */
export const gameOrders = ['newest', 'ending_soon'] as const;
export type GameOrder = (typeof gameOrders)[number];

export type GameFilters = ShelfFilters & {
  readonly targetEngineVersion?: string | undefined;
  /** Name or description have words that begin with each of these; letters and digits only. */
  readonly words?: readonly string[] | undefined;
};

/** How many games a page of a text filter looks at, at most, and how many of them at once. */
const searched = 2_000;
const searchedAtOnce = 500;

/** A list of games as somebody asks for it. */
export type GameList = {
  readonly actor: Caller['actor'];
  readonly order: GameOrder;
  readonly filters: GameFilters;
};

const orders = {
  newest: { at: games.createdAt, sort: desc, beyond: before, all: undefined },
  ending_soon: {
    at: games.enrollmentEndsAt,
    sort: asc,
    beyond: behind,
    // Written out, as the indexes on open games are of use only to a query that shows this to the planner.
    all: sql`${games.status} = 'enrollment_open'`,
  },
} as const;

/** Games that `actor` may see. With a text filter a page may have fewer than it could, even none, and yet a next one. */
export async function listGames(db: Db, list: GameList, page: PageRequest): Promise<Page<StoredGame>> {
  const { size, after } = page;
  const { words } = list.filters;
  if (words === undefined) {
    const places = placesOf(db, list, after, size + 1).as('place');
    const rows = await db
      .select(gameColumns)
      .from(games)
      .innerJoin(places, eq(games.gameId, places.id))
      .orderBy(...sorted(list));
    return takePage(rows, size, placeIn(list));
  }
  const rare = await findRareBeginning(db, words, searched);
  if (rare === undefined) return searchInOrder(db, list, words, page);
  const rows = await db
    .select(gameColumns)
    .from(games)
    .where(
      and(
        isAmongThoseWith(db, rare, searched),
        visibleTo(db, list.actor),
        isOn(shelvesFor(list.filters)),
        isListed(list, after),
        hasWords(words),
      ),
    )
    .orderBy(...sorted(list))
    .limit(size + 1);
  return takePage(rows, size, placeIn(list));
}

async function searchInOrder(
  db: Db,
  list: GameList,
  words: readonly string[],
  { size, after }: PageRequest,
): Promise<Page<StoredGame>> {
  const found: StoredGame[] = [];
  let place = after;
  for (let looked = 0; looked < searched && found.length <= size; looked += searchedAtOnce) {
    const places = await placesOf(db, list, place, searchedAtOnce);
    const rows = await db
      .select(gameColumns)
      .from(games)
      .where(and(eq(games.gameId, anyOf(places.map(({ id }) => id))), hasWords(words)))
      .orderBy(...sorted(list))
      .limit(size + 1 - found.length);
    found.push(...rows);
    place = places.at(-1);
    if (places.length < searchedAtOnce) return takePage(found, size, placeIn(list));
  }
  const page = takePage(found, size, placeIn(list));
  return page.next === undefined && place !== undefined ? { ...page, next: place } : page;
}

/** Where the next games of a list are, up to `limit`, whatever their words. */
function placesOf(db: Db, list: GameList, after: Place | undefined, limit: number) {
  const { actor, filters, order } = list;
  const { at, sort } = orders[order];
  const placesWhere = (...conditions: (SQL | undefined)[]) =>
    db
      .select({ at: sql<Date>`${at}`.mapWith(at).as('at'), id: sql<string>`${games.gameId}`.as('id') })
      .from(games)
      .where(and(...conditions, isListed(list, after)))
      .orderBy(...sorted(list))
      .limit(limit);

  const shelves = actor.kind === 'admin' ? shelvesFor(filters) : publicShelvesFor(filters);
  const onShelf = placesWhere(sql`${games.shelf} = looked_at.shelf`).as('on_shelf');
  const onShelves = db
    .select({ at: onShelf.at, id: onShelf.id })
    .from(sql`unnest(${sql.param(shelves)}::text[]) as looked_at (shelf)`)
    .crossJoinLateral(onShelf);
  const inOrder = [sort(sql`at`), sort(sql`id`)];
  if (actor.kind === 'admin') return onShelves.orderBy(...inOrder).limit(limit);

  const others = shelvesFor(filters).filter((shelf) => !shelves.includes(shelf));
  return unionAll(onShelves, placesWhere(isOf(db, actor), isOn(others)))
    .orderBy(...inOrder)
    .limit(limit);
}

/** Games that a user owns, plays in or is invited to. */
function isOf(db: Db, { userId }: UserActor): SQL | undefined {
  const played = db
    .select({ gameId: memberships.gameId })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), eq(memberships.status, 'active')));
  const invitedTo = db
    .select({ gameId: invites.gameId })
    .from(invites)
    .where(and(eq(invites.userId, userId), eq(invites.status, 'pending')));
  return or(
    eq(games.ownerUserId, userId),
    // An array, since the planner then looks its games up by their key.
    and(isNotNull(games.openedAt), sql`${games.gameId} = any(array(${unionAll(played, invitedTo)}))`),
  );
}

/** What every game of a list is, wherever it is looked for. */
function isListed({ order, filters }: GameList, after: Place | undefined): SQL | undefined {
  const { at, beyond, all } = orders[order];
  const { targetEngineVersion } = filters;
  return and(
    all,
    targetEngineVersion === undefined ? undefined : eq(games.targetEngineVersion, targetEngineVersion),
    after && beyond(at, games.gameId, after),
  );
}

function isOn(shelves: readonly string[]): SQL {
  return eq(games.shelf, anyOf(shelves));
}

function anyOf(values: readonly string[]): SQL {
  return sql`any(${sql.param(values)})`;
}

function sorted({ order }: GameList): SQL[] {
  const { at, sort } = orders[order];
  return [sort(at), sort(games.gameId)];
}

function placeIn({ order }: GameList): (game: StoredGame) => Place {
  return order === 'newest'
    ? (game) => ({ at: game.createdAt, id: game.gameId })
    : (game) => ({ at: game.enrollmentEndsAt, id: game.gameId });
}
