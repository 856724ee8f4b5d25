// Lists of all games that somebody may see. What a page costs is bounded, however many games there are: partitions (see
// lib/lobby/domain/list-partitions.ts) are read in order and no further than a page needs, beside what is the caller's own.
// No index can promise the same for words, so a text filter either looks up the games of a rare word, or looks at the
// next so many games of the list and, when that does not fill a page, gives what it has found and where it stopped.
import { and, asc, desc, eq, isNotNull, or, type SQL, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Caller } from '../caller.ts';
import type { GameOrder } from '../domain/game.ts';
import { type PartitionFilters, partitionsFor, publicPartitionsFor } from '../domain/list-partitions.ts';
import type { Db } from './database.ts';
import { findRareBeginning, hasWords, isAmongThoseWith, queryFor } from './game-words.ts';
import { gameColumns, type StoredGame, visibleToUser } from './games.ts';
import { before, behind, type Page, type PageRequest, type Place, takePage } from './pages.ts';
import { games, invites, memberships } from './schema.ts';

export type GameFilters = PartitionFilters & {
  readonly targetEngineVersion?: string | undefined;
  /** Name or description have words that begin with each of these; letters and digits only. */
  readonly words?: readonly string[] | undefined;
};

/** How many games a page of a text filter looks at, at most, and how many of them at once. */
const searched = 2_000;
const searchedAtOnce = 500;

type Actor = Caller['actor'];

/** A list of games as somebody asks for it. */
export type GameList = {
  readonly actor: Actor;
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

/** What the text of a statement depends on. All else of a list is given to it. */
type Form = { readonly order: GameOrder; readonly kind: Actor['kind'] };

/** What is absent is null. */
type ListValues = {
  userId: string | null;
  /** Where everything is for the caller to see, and where only games of their own are. */
  openPartitions: readonly string[];
  otherPartitions: readonly string[];
  targetEngineVersion: string | null;
  at: Date | null;
  id: string | null;
  limit: number;
};

const limit = sql.placeholder('limit' satisfies keyof ListValues);

// None has a name, so that each is planned anew for its values: how a list is best read depends on what is asked of it.
const readPage = inEveryForm((form) =>
  statement(undefined, (db: Db, given: Given<ListValues>) => {
    const places = placesOf(db, form, given).as('place');
    return db
      .select(gameColumns)
      .from(games)
      .innerJoin(places, eq(games.gameId, places.id))
      .orderBy(...sorted(form));
  }),
);

/** Of a page for some words, one of which is rare. */
const readPageWithRare = inEveryForm((form) =>
  statement(undefined, (db: Db, given: Given<ListValues & { rare: string; query: string }>) =>
    db
      .select(gameColumns)
      .from(games)
      .where(
        and(
          isAmongThoseWith(db, given.rare, searched),
          form.kind === 'admin' ? undefined : visibleToUser(db, given.userId),
          or(isOn(given.openPartitions), isOn(given.otherPartitions)),
          isListed(form, given),
          hasWords(given.query),
        ),
      )
      .orderBy(...sorted(form))
      .limit(limit),
  ),
);

/** Where the next games of a list are, whatever their words. */
const readPlaces = inEveryForm((form) =>
  statement(undefined, (db: Db, given: Given<ListValues>) => placesOf(db, form, given)),
);

/** Games that `actor` may see. With a text filter a page may have fewer than it could, even none, and yet a next one. */
export async function listGames(db: Db, list: GameList, page: PageRequest): Promise<Page<StoredGame>> {
  const { size, after } = page;
  const { words } = list.filters;
  const values = valuesOf(list, after, size + 1);
  if (words === undefined) return takePage(await readPage(list)(db, values), size, placeIn(list));
  const rare = await findRareBeginning(db, words, searched);
  if (rare === undefined) return searchInOrder(db, list, words, page);
  const rows = await readPageWithRare(list)(db, { ...values, rare, query: queryFor(words) });
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
    const places = await readPlaces(list)(db, valuesOf(list, place, searchedAtOnce));
    const rows = await db
      .select(gameColumns)
      .from(games)
      .where(
        and(
          sql`${games.gameId} = any(${sql.param(places.map(({ id }) => id))})`,
          hasWords(sql`${queryFor(words)}`),
        ),
      )
      .orderBy(...sorted(list))
      .limit(size + 1 - found.length);
    found.push(...rows);
    place = places.at(-1);
    if (places.length < searchedAtOnce) return takePage(found, size, placeIn(list));
  }
  const page = takePage(found, size, placeIn(list));
  return page.next === undefined && place !== undefined ? { ...page, next: place } : page;
}

function inEveryForm<S>(make: (form: Form) => S): (list: GameList) => S {
  const ofOrder = (order: GameOrder) => ({
    user: make({ order, kind: 'user' }),
    admin: make({ order, kind: 'admin' }),
  });
  const forms = { newest: ofOrder('newest'), ending_soon: ofOrder('ending_soon') };
  return ({ order, actor }) => forms[order][actor.kind];
}

function valuesOf({ actor, filters }: GameList, after: Place | undefined, limit: number): ListValues {
  const partitions = partitionsFor(filters);
  const openPartitions = actor.kind === 'admin' ? partitions : publicPartitionsFor(filters);
  return {
    userId: actor.kind === 'admin' ? null : actor.userId,
    openPartitions,
    otherPartitions: partitions.filter((partition) => !openPartitions.includes(partition)),
    targetEngineVersion: filters.targetEngineVersion ?? null,
    at: after?.at ?? null,
    id: after?.id ?? null,
    limit,
  };
}

/** Where the next games of a list are, up to the limit that is given. */
function placesOf(db: Db, form: Form, given: Given<ListValues>) {
  const { at, sort } = orders[form.order];
  const placesWhere = (...conditions: (SQL | undefined)[]) =>
    db
      .select({ at: sql<Date>`${at}`.mapWith(at).as('at'), id: sql<string>`${games.gameId}`.as('id') })
      .from(games)
      .where(and(...conditions, isListed(form, given)))
      .orderBy(...sorted(form))
      .limit(limit);

  const inPartition = placesWhere(sql`${games.listPartition} = looked_at.shelf`).as('on_shelf');
  const inPartitions = db
    .select({ at: inPartition.at, id: inPartition.id })
    .from(sql`unnest(${given.openPartitions}::text[]) as looked_at (shelf)`)
    .crossJoinLateral(inPartition);
  const inOrder = [sort(sql`at`), sort(sql`id`)];
  if (form.kind === 'admin') return inPartitions.orderBy(...inOrder).limit(limit);
  return unionAll(inPartitions, placesWhere(isOf(db, given.userId), isOn(given.otherPartitions)))
    .orderBy(...inOrder)
    .limit(limit);
}

/** Games that a user owns, plays in or is invited to. */
function isOf(db: Db, userId: SQL): SQL | undefined {
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
function isListed({ order }: Form, given: Given<ListValues>) {
  const { at, beyond, all } = orders[order];
  const { targetEngineVersion } = given;
  // To the planner, who knows the values, nothing is left of what is absent.
  return and(
    all,
    sql`(${targetEngineVersion}::text is null or ${games.targetEngineVersion} = ${targetEngineVersion})`,
    sql`(${given.at}::timestamptz is null or ${beyond(at, games.gameId, given)})`,
  );
}

function isOn(partitions: SQL): SQL {
  return sql`${games.listPartition} = any(${partitions}::text[])`;
}

function sorted({ order }: Pick<Form, 'order'>): SQL[] {
  const { at, sort } = orders[order];
  return [sort(at), sort(games.gameId)];
}

function placeIn({ order }: GameList): (game: StoredGame) => Place {
  return order === 'newest'
    ? (game) => ({ at: game.createdAt, id: game.gameId })
    : (game) => ({ at: game.enrollmentEndsAt, id: game.gameId });
}
