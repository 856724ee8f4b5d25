// The SQL that lists the games that an actor may see. The cost of a page is bounded, however many games there are:
// partitions (see lib/lobby/domain/list-partitions.ts) are read in order and no further than a page needs, together
// with the caller's own games. No index bounds the cost of a search for words, so a text filter either looks up the
// games of a rare word, or scans a limited number of games of the list and, if that does not fill a page, returns what
// it found and the position at which it stopped. It stops for good when it has scanned so many that a rarer word would
// serve the player better than further pages.
import { and, asc, desc, eq, isNotNull, or, type SQL, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Caller } from '../caller.ts';
import type { GameOrder, GameType } from '../domain/game.ts';
import {
  type PartitionFilters,
  partitionsFor,
  publicPartitionsFor,
  searchablePartitions,
} from '../domain/list-partitions.ts';
import { searchedInAll } from '../domain/search-words.ts';
import type { Db } from './database.ts';
import { findRareBeginning, gamesWith, hasWords, queryFor } from './game-words.ts';
import { gameColumns, type StoredGame, shownBytes, visibleToUser } from './games.ts';
import { before, behind, type Page, type PagePosition, type PageRequest, takePage } from './pages.ts';
import { games, invites, memberships } from './schema.ts';

export type GameFilters = PartitionFilters & {
  readonly engineFamily?: string | undefined;
  readonly targetEngineVersion?: string | undefined;
  /** Name or description have words that begin with each of these; see lib/lobby/domain/search-words.ts. */
  readonly words?: readonly string[] | undefined;
  // Only for admins.
  readonly ownerUserId?: string | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdBefore?: Date | undefined;
};

/** How many games one page of a text filter scans at most, and how many at once. */
const searched = 2_000;
const searchedAtOnce = 500;

/** `searched` is how many games a text filter has scanned up to the position. */
export type ListPosition = PagePosition & { readonly searched?: number | undefined };

type Actor = Caller['actor'];

/** A request for a list of games. */
export type GameList = {
  readonly actor: Actor;
  readonly order: GameOrder;
  readonly filters: GameFilters;
  /** Games that are listed for those who want to join have deadlines after this time. */
  readonly now: Date;
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

/** The parts of a list that change the text of its statement. All others are values. */
type Variant = { readonly order: GameOrder; readonly kind: Actor['kind'] };

/** What is absent is null. */
type ListValues = {
  userId: string | null;
  /** Partitions whose games the caller may all see, and those in which they see only their own. */
  openPartitions: readonly string[];
  otherPartitions: readonly string[];
  engineFamily: string | null;
  targetEngineVersion: string | null;
  /** Only games with deadlines after this. */
  endingAfter: Date | null;
  ownerUserId: string | null;
  createdFrom: Date | null;
  createdBefore: Date | null;
  at: Date | null;
  id: string | null;
  limit: number;
};

type Limit = typeof limit | number;
const limit = sql.placeholder('limit' satisfies keyof ListValues);
/** One game more than a page has unless another size is asked for. */
const usualLimit = 51;
/** Written into the statement. Drizzle takes SQL for a limit, too, although its types do not say so. */
const usualLimitInText = sql.raw(String(usualLimit)) as unknown as number;

// These have no name, so each is planned for its values: the best plan of a list depends on its filters.
const readPage = inEveryVariant((variant) =>
  statement(undefined, (db: Db, given: Given<ListValues>) =>
    gamesAt(db, variant, positionsOf(db, variant, given, { listed: isListed(variant, given), limit })),
  ),
);

/**
 * The newest games, without a condition on each. One plan is good for all such lists, so it has a name: planning was
 * half of what PostgreSQL spent on a list. The limit is written out: PostgreSQL takes one that it does not know for a
 * tenth of all rows, and would rather plan again than keep such a plan.
 */
const readNewest = inEveryVariant((variant) =>
  statement(`list_newest_games_for_${variant.kind}`, (db: Db, given: Given<ListValues>) =>
    gamesAt(db, variant, positionsOf(db, variant, given, { limit: usualLimitInText })),
  ),
);

function gamesAt(db: Db, variant: Variant, position: ReturnType<typeof positionsOf>) {
  const positions = position.as('position');
  return db
    .select(gameColumns)
    .from(games)
    .innerJoin(positions, eq(games.gameId, positions.id))
    .orderBy(...sorted(variant));
}

/** Of a page for some words, one of which is rare. */
const readPageWithRare = inEveryVariant((variant) =>
  statement(
    undefined,
    (db: Db, given: Given<ListValues & { gameTypes: GameType[]; rare: string; query: string }>) =>
      db
        .select(gameColumns)
        .from(games)
        .where(
          and(
            isCandidate(db, variant, given),
            variant.kind === 'admin' ? undefined : visibleToUser(db, given.userId),
            or(isIn(given.openPartitions), isIn(given.otherPartitions)),
            isListed(variant, given),
            hasWords(given.query),
          ),
        )
        .orderBy(...sorted(variant))
        .limit(limit),
  ),
);

/** The positions of the next games of a list, whatever their words. */
const readPositions = inEveryVariant((variant) =>
  statement(undefined, (db: Db, given: Given<ListValues>) =>
    positionsOf(db, variant, given, { listed: isListed(variant, given), limit }),
  ),
);

/**
 * Games that `actor` may see. With a text filter a page may have fewer than it could, even none, and yet a next one.
 */
export async function listGames(
  db: Db,
  list: GameList,
  page: PageRequest<ListPosition>,
): Promise<Page<StoredGame, ListPosition>> {
  const { size, after } = page;
  const { words, status } = list.filters;
  const values = valuesOf(list, after, size + 1);
  if (words === undefined) {
    const read = isUsual(list, values) ? readNewest : readPage;
    return takePage(await read(list)(db, values), size, positionIn(list), shownBytes);
  }
  // Of drafts and cancelled games no words are listed.
  if (status === 'draft' || status === 'cancelled') return searchInOrder(db, list, words, page);
  const gameTypes: GameType[] = list.actor.kind === 'admin' ? ['public', 'private'] : ['public'];
  const rare = await findRareBeginning(db, gameTypes, words, searched);
  if (rare === undefined) return searchInOrder(db, list, words, page);
  const rows = await readPageWithRare(list)(db, { ...values, gameTypes, rare, query: queryFor(words) });
  return takePage(rows, size, positionIn(list), shownBytes);
}

async function searchInOrder(
  db: Db,
  list: GameList,
  words: readonly string[],
  { size, after }: PageRequest<ListPosition>,
): Promise<Page<StoredGame, ListPosition>> {
  const found: StoredGame[] = [];
  const scanned: string[] = [];
  let position: PagePosition | undefined = after;
  while (scanned.length < searched && found.length <= size) {
    const positions = await readPositions(list)(db, valuesOf(list, position, searchedAtOnce));
    scanned.push(...positions.map(({ id }) => id));
    const rows = await db
      .select(gameColumns)
      .from(games)
      .where(
        and(
          sql`${games.gameId} = any(${sql.param(positions.map(({ id }) => id))})`,
          hasWords(sql`${queryFor(words)}`),
        ),
      )
      .orderBy(...sorted(list))
      .limit(size + 1 - found.length);
    found.push(...rows);
    position = positions.at(-1);
    if (positions.length < searchedAtOnce) return takePage(found, size, positionIn(list), shownBytes);
  }
  const { items, next = position } = takePage(found, size, positionIn(list), shownBytes);
  if (next === undefined) return { items };
  const searchedSoFar = (after?.searched ?? 0) + scanned.indexOf(next.id) + 1;
  return searchedSoFar < searchedInAll ? { items, next: { ...next, searched: searchedSoFar } } : { items };
}

function inEveryVariant<S>(make: (variant: Variant) => S): (list: GameList) => S {
  const ofOrder = (order: GameOrder) => ({
    user: make({ order, kind: 'user' }),
    admin: make({ order, kind: 'admin' }),
  });
  const variants = { newest: ofOrder('newest'), ending_soon: ofOrder('ending_soon') };
  return ({ order, actor }) => variants[order][actor.kind];
}

function valuesOf(
  { actor, order, filters, now }: GameList,
  after: PagePosition | undefined,
  limit: number,
): ListValues {
  const isAdmin = actor.kind === 'admin';
  const { words, status } = filters;
  const from = order === 'ending_soon' ? notBefore(after, now) : after;
  const searchable = (of: string[]) =>
    words === undefined || status !== undefined ? of : searchablePartitions(of, isAdmin);
  const partitions = searchable(partitionsFor(filters));
  const openPartitions = isAdmin ? partitions : searchable(publicPartitionsFor(filters));
  return {
    userId: actor.kind === 'admin' ? null : actor.userId,
    openPartitions,
    otherPartitions: partitions.filter((partition) => !openPartitions.includes(partition)),
    engineFamily: filters.engineFamily ?? null,
    targetEngineVersion: filters.targetEngineVersion ?? null,
    endingAfter: order === 'newest' && filters.hasFreePlaces === true ? now : null,
    ownerUserId: filters.ownerUserId ?? null,
    createdFrom: filters.createdFrom ?? null,
    createdBefore: filters.createdBefore ?? null,
    at: from?.at ?? null,
    id: from?.id ?? null,
    limit,
  };
}

/** Whether a list has no condition on each game, and begins with its first one. */
function isUsual({ order }: GameList, values: ListValues): boolean {
  const { userId, openPartitions, otherPartitions, limit, ...conditions } = values;
  const isConditional = Object.values(conditions).some((value) => value !== null);
  return order === 'newest' && !isConditional && limit === usualLimit;
}

/** Behind all games at any time. */
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * The list of those that end soon begins behind `now`. A condition on the deadline of its own would have an index read
 * from there, for each page.
 */
function notBefore(after: PagePosition | undefined, now: Date): PagePosition {
  return after !== undefined && after.at > now ? after : { at: now, id: lastId };
}

/** The positions of the next games of a list, up to the limit. @param listed a condition on each of them. */
function positionsOf(
  db: Db,
  variant: Variant,
  given: Given<ListValues>,
  { listed, limit }: { listed?: SQL | undefined; limit: Limit },
) {
  const { at, sort } = orders[variant.order];
  const positionsWhere = (...conditions: (SQL | undefined)[]) =>
    db
      .select({ at: sql<Date>`${at}`.mapWith(at).as('at'), id: sql<string>`${games.gameId}`.as('id') })
      .from(games)
      .where(and(...conditions, listed))
      .orderBy(...sorted(variant))
      .limit(limit);

  const inPartition = positionsWhere(sql`${games.listPartition} = given.partition`).as('in_partition');
  const inPartitions = db
    .select({ at: inPartition.at, id: inPartition.id })
    .from(sql`unnest(${given.openPartitions}::text[]) as given (partition)`)
    .crossJoinLateral(inPartition);
  const inOrder = [sort(sql`at`), sort(sql`id`)];
  if (variant.kind === 'admin') return inPartitions.orderBy(...inOrder).limit(limit);
  return unionAll(inPartitions, positionsWhere(isOf(db, given.userId), isIn(given.otherPartitions)))
    .orderBy(...inOrder)
    .limit(limit);
}

/** Whether a game is one of those with the rare word, or one of the caller's own, of which no words may be listed. */
function isCandidate(
  db: Db,
  { kind }: Variant,
  { gameTypes, rare, userId }: Given<{ gameTypes: GameType[]; rare: string; userId: string | null }>,
): SQL {
  const found = sql`select game_id from (${gamesWith(db, gameTypes, rare, searched)}) as found`;
  const owned = db.select({ gameId: games.gameId }).from(games).where(eq(games.ownerUserId, userId));
  const { played, invitedTo } = gamesJoined(db, userId);
  const all =
    kind === 'admin' ? found : sql`${found} union all ${owned} union all ${played} union all ${invitedTo}`;
  // An array, since the planner then looks its games up by their key, whatever it believes about how many they are.
  return sql`${games.gameId} = any(array(${all}))`;
}

/** Games that a user owns, plays in or is invited to. */
function isOf(db: Db, userId: SQL): SQL | undefined {
  const { played, invitedTo } = gamesJoined(db, userId);
  return or(
    eq(games.ownerUserId, userId),
    // An array, since the planner then looks its games up by their key.
    and(isNotNull(games.openedAt), sql`${games.gameId} = any(array(${unionAll(played, invitedTo)}))`),
  );
}

function gamesJoined(db: Db, userId: SQL) {
  const played = db
    .select({ gameId: memberships.gameId })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), eq(memberships.status, 'active').inlineParams()));
  const invitedTo = db
    .select({ gameId: invites.gameId })
    .from(invites)
    .where(and(eq(invites.userId, userId), eq(invites.status, 'pending').inlineParams()));
  return { played, invitedTo };
}

/** The conditions on every game of a list, in every partition. */
function isListed({ order, kind }: Variant, given: Given<ListValues>) {
  const { at, beyond, all } = orders[order];
  const { engineFamily, targetEngineVersion } = given;
  // The planner knows the values and drops the conditions of absent filters.
  return and(
    all,
    sql`(${engineFamily}::text is null or ${games.engineFamily} = ${engineFamily})`,
    sql`(${targetEngineVersion}::text is null or ${games.targetEngineVersion} = ${targetEngineVersion})`,
    sql`(${given.endingAfter}::timestamptz is null or ${games.enrollmentEndsAt} > ${given.endingAfter})`,
    sql`(${given.at}::timestamptz is null or ${beyond(at, games.gameId, given)})`,
    kind === 'admin' ? isSearched(given) : undefined,
  );
}

function isSearched({ ownerUserId, createdFrom, createdBefore }: Given<ListValues>) {
  return and(
    sql`(${ownerUserId}::uuid is null or ${games.ownerUserId} = ${ownerUserId})`,
    sql`(${createdFrom}::timestamptz is null or ${games.createdAt} >= ${createdFrom})`,
    sql`(${createdBefore}::timestamptz is null or ${games.createdAt} < ${createdBefore})`,
  );
}

function isIn(partitions: SQL): SQL {
  return sql`${games.listPartition} = any(${partitions}::text[])`;
}

function sorted({ order }: Pick<Variant, 'order'>): SQL[] {
  const { at, sort } = orders[order];
  return [sort(at), sort(games.gameId)];
}

function positionIn({ order }: GameList): (game: StoredGame) => PagePosition {
  return order === 'newest'
    ? (game) => ({ at: game.createdAt, id: game.gameId })
    : (game) => ({ at: game.enrollmentEndsAt, id: game.gameId });
}
