import {
  and,
  asc,
  count,
  desc,
  eq,
  exists,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  not,
  notInArray,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import { union } from 'drizzle-orm/pg-core';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Caller } from '../caller.ts';
import type { Game, GameRole, GameSettings, GameStatus } from '../domain/game.ts';
import { deleteBlockedAddresses } from './blocked-addresses.ts';
import type { Db, Tx } from './database.ts';
import { isListed, listWords, searchColumnsFor } from './game-words.ts';
import { before, type Page, type PageRequest, takePage } from './pages.ts';
import { games, invites, memberships } from './schema.ts';

/** A game as it is stored: with the number of its active members. */
export type StoredGame = Game & { readonly activeMembers: number };

type Actor = Caller['actor'];

const {
  words: _words,
  searchWords: _searchWords,
  searchWordsOf: _searchWordsOf,
  historyDeletedAt: _historyDeletedAt,
  closingDueAt: _closingDueAt,
  listPartition: _listPartition,
  ...columns
} = getTableColumns(games);

export { columns as gameColumns };

export async function insertGame(tx: Tx, game: StoredGame): Promise<void> {
  await tx.insert(games).values({ ...game, ...searchColumnsFor(game) });
}

type OfUser = { gameId: string; userId: string };

const findGameForUser = statement('find_game_for_user', (db: Db, { gameId, userId }: Given<OfUser>) =>
  selectGame(db, gameId, visibleToUser(db, userId)),
);
const lockGameForUser = statement('lock_game_for_user', (tx: Tx, { gameId, userId }: Given<OfUser>) =>
  selectGame(tx, gameId, visibleToUser(tx, userId)).for('update'),
);
const findGameForAll = statement('find_game_for_all', (db: Db, { gameId }: Given<{ gameId: string }>) =>
  selectGame(db, gameId),
);
const lockGameForAll = statement('lock_game_for_all', (tx: Tx, { gameId }: Given<{ gameId: string }>) =>
  selectGame(tx, gameId).for('update'),
);

function selectGame(db: Db, gameId: SQL, visible?: SQL) {
  return db
    .select(columns)
    .from(games)
    .where(and(eq(games.gameId, gameId), visible));
}

/** The game, if it is there and `actor` may see it. */
export async function findGame(db: Db, actor: Actor, gameId: string): Promise<StoredGame | undefined> {
  if (actor.kind === 'admin') return findAnyGame(db, gameId);
  const [game] = await findGameForUser(db, { gameId, userId: actor.userId });
  return game;
}

/** As `findGame`, and locks the game and its members until the transaction ends. */
export async function lockGame(tx: Tx, actor: Actor, gameId: string): Promise<StoredGame | undefined> {
  if (actor.kind === 'admin') return lockAnyGame(tx, gameId);
  const [game] = await lockGameForUser(tx, { gameId, userId: actor.userId });
  return game;
}

/** A game, without a check of who may see it. */
export async function findAnyGame(db: Db, gameId: string): Promise<StoredGame | undefined> {
  const [game] = await findGameForAll(db, { gameId });
  return game;
}

/** As `lockGame`, without a check of who may see it: for callers with another right to the game, such as an invite. */
export async function lockAnyGame(tx: Tx, gameId: string): Promise<StoredGame | undefined> {
  const [game] = await lockGameForAll(tx, { gameId });
  return game;
}

/**
 * Owners see games that were never opened; owner, members and invited users see private games; admins see all games.
 */
export function visibleTo(db: Db, actor: Actor): SQL | undefined {
  return actor.kind === 'admin' ? undefined : visibleToUser(db, actor.userId);
}

// What does not depend on the caller is written out in the statement, as the indexes on what is active or pending are
// of use only to a query that shows this to the planner.
export function visibleToUser(db: Db, userId: string | SQL): SQL | undefined {
  const membership = db
    .select({ membershipId: memberships.membershipId })
    .from(memberships)
    .where(
      and(
        eq(memberships.gameId, games.gameId),
        eq(memberships.userId, userId),
        eq(memberships.status, 'active').inlineParams(),
      ),
    );
  const invite = db
    .select({ inviteId: invites.inviteId })
    .from(invites)
    .where(
      and(
        eq(invites.gameId, games.gameId),
        eq(invites.userId, userId),
        eq(invites.status, 'pending').inlineParams(),
      ),
    );
  return or(
    eq(games.ownerUserId, userId),
    and(
      isNotNull(games.openedAt),
      or(eq(games.gameType, 'public').inlineParams(), exists(membership), exists(invite)),
    ),
  );
}

export type GameOfUserFilters = {
  /** Absent: either. */
  readonly role?: GameRole | undefined;
  readonly status?: GameStatus | undefined;
  /** Whether the open turn waits for the user. */
  readonly waitingForUser?: boolean | undefined;
};

/**
 * Games that a user owns or plays in, the newest first. The work grows with these, not with how many games there are.
 */
export async function listGamesOfUser(
  db: Db,
  userId: string,
  { role, status, waitingForUser }: GameOfUserFilters,
  { size, after }: PageRequest,
): Promise<Page<StoredGame>> {
  const played = db
    .select({ gameId: memberships.gameId })
    .from(memberships)
    .where(and(eq(memberships.userId, userId), eq(memberships.status, 'active')));
  const owned = db.select({ gameId: games.gameId }).from(games).where(eq(games.ownerUserId, userId));
  const ofPlayer = role === 'player' || waitingForUser === true;
  const ofUser =
    role === 'owner'
      ? eq(games.ownerUserId, userId)
      : // An array, since the planner then looks its games up by their key.
        sql`${games.gameId} = any(array(${ofPlayer ? played : union(played, owned)}))`;
  const waits = waitsFor(db, userId);
  const rows = await db
    .select(columns)
    .from(games)
    .where(
      and(
        ofUser,
        status && eq(games.status, status),
        waitingForUser === undefined ? undefined : waitingForUser ? waits : not(waits),
        after && before(games.createdAt, games.gameId, after),
      ),
    )
    .orderBy(desc(games.createdAt), desc(games.gameId))
    .limit(size + 1);
  return takePage(rows, size, (game) => ({ at: game.createdAt, id: game.gameId }), shownBytes);
}

/** Whether a game runs whose open turn waits for the orders of a user. */
function waitsFor(db: Db, userId: string): SQL {
  const awaited = db
    .select({ membershipId: memberships.membershipId })
    .from(memberships)
    .where(
      and(
        eq(memberships.gameId, games.gameId),
        eq(memberships.userId, userId),
        eq(memberships.status, 'active'),
        sql`${memberships.seat} = any(${games.awaitedSeats})`,
        sql`${memberships.seat} <> all(coalesce(${games.readySeats}, '{}'))`,
      ),
    );
  return sql`(${games.status} = 'running' and ${exists(awaited)})`;
}

/** At most how many bytes a game takes in a response, with a little to spare. */
export function shownBytes(game: StoredGame): number {
  const { gameName, description, options, result, awaitedSeats, readySeats } = game;
  const seats = (awaitedSeats?.length ?? 0) + (readySeats?.length ?? 0);
  const texts = 3 * (gameName.length + description.length + JSON.stringify(options).length);
  return 2_000 + texts + 6 * seats + 250 * (result?.placements.length ?? 0);
}

/** How many games a user owns that are neither finished nor cancelled. */
export async function countGamesOwned(tx: Tx, userId: string): Promise<number> {
  const [row] = await tx
    .select({ owned: count() })
    .from(games)
    .where(and(eq(games.ownerUserId, userId), notInArray(games.status, ['finished', 'cancelled'])));
  return row?.owned ?? 0;
}

/** Writes new settings to a locked game; a new deadline that passes without enough players is notified again. */
export async function saveSettings(
  tx: Tx,
  game: StoredGame,
  settings: Partial<GameSettings>,
  at: Date,
): Promise<StoredGame> {
  const { enrollmentEndsAt = game.enrollmentEndsAt } = settings;
  const deadlineMoves = enrollmentEndsAt.getTime() !== game.enrollmentEndsAt.getTime();
  const { gameName = game.gameName, description = game.description } = settings;
  const renamed = gameName !== game.gameName || description !== game.description;
  const saved = await save(tx, game, {
    ...settings,
    ...(renamed ? searchColumnsFor({ gameName, description }) : {}),
    ...(deadlineMoves ? { underfilledNotifiedAt: null } : {}),
    revision: game.revision + 1,
    updatedAt: at,
  });
  if (renamed && isListed(saved)) await listWords(tx, saved);
  return saved;
}

type MemberCount = Pick<StoredGame, 'activeMembers' | 'gapOpenedAt'>;
type Expected = Pick<StoredGame, 'gameId' | 'status' | 'revision'>;

const updateMemberCount = statement(
  'update_member_count',
  (tx: Tx, given: Given<MemberCount & { newRevision: number; updatedAt: Date } & Expected>) =>
    tx
      .update(games)
      .set({
        activeMembers: given.activeMembers,
        gapOpenedAt: given.gapOpenedAt,
        revision: given.newRevision,
        updatedAt: given.updatedAt,
      })
      .where(isStill(given))
      .returning(columns),
);

/** Writes the number of members of a locked game, and the gap that follows from it. */
export async function saveMemberCount(
  tx: Tx,
  game: StoredGame,
  { activeMembers, gapOpenedAt }: MemberCount,
  at: Date,
): Promise<StoredGame> {
  // Players who come and go do not change the revision, or the owner could hardly edit the game.
  const gapChanges = gapOpenedAt?.getTime() !== game.gapOpenedAt?.getTime();
  const { gameId, status, revision } = game;
  const saved = await updateMemberCount(tx, {
    activeMembers,
    gapOpenedAt,
    newRevision: gapChanges ? revision + 1 : revision,
    updatedAt: gapChanges ? at : game.updatedAt,
    ...{ gameId, status, revision },
  });
  return theSaved(saved, game);
}

/** What a transition may change of a game besides its status. */
export type StatusDetails = Partial<
  Pick<
    StoredGame,
    | 'openedAt'
    | 'enrollmentEndsAt'
    | 'startedAt'
    | 'finishedAt'
    | 'runtimeJobId'
    | 'startExpiresAt'
    | 'containerId'
    | 'engineEndpoint'
    | 'boundAt'
    | 'registeredAt'
  >
> & { readonly underfilledNotifiedAt?: null };

/** Writes a new status, and that the clock stands still unless the game runs; for `applyTransition` only. */
export async function saveStatus(
  tx: Tx,
  game: StoredGame,
  status: GameStatus,
  details: StatusDetails,
  at: Date,
): Promise<StoredGame> {
  const clock = status === 'running' ? {} : { dueAt: null, closesAt: null };
  const isOver = status === 'finished' || status === 'cancelled';
  const awaited = isOver ? { awaitedSeats: null, readySeats: null } : {};
  const revision = game.revision + 1;
  const saved = await save(tx, game, { ...clock, ...awaited, ...details, status, revision, updatedAt: at });
  if (isListed(saved) !== isListed(game)) await listWords(tx, saved);
  if (isOver) await deleteBlockedAddresses(tx, game.gameId);
  return saved;
}

/** Writes where a locked game runs, and when the Game Master was told; the game's revision does not change. */
export async function saveBinding(
  tx: Tx,
  game: StoredGame,
  binding: Partial<Pick<StoredGame, 'containerId' | 'engineEndpoint' | 'boundAt' | 'registeredAt'>>,
): Promise<StoredGame> {
  return save(tx, game, binding);
}

/** What the Game Master reports about a game; what is absent stays as it is. */
export type Snapshot = Pick<StoredGame, 'currentTurn' | 'runtimeStatus' | 'engineHealth' | 'snapshotAt'> &
  Partial<Pick<StoredGame, 'reportSeq' | 'dueAt' | 'closesAt' | 'awaitedSeats' | 'readySeats' | 'result'>>;

/** Writes what the Game Master reports about a locked game; the game's revision does not change. */
export async function saveSnapshot(tx: Tx, game: StoredGame, snapshot: Snapshot): Promise<StoredGame> {
  return save(tx, game, snapshot);
}

/** Locks up to `limit` games whose start has not succeeded by `now`, skipping locked ones. */
export async function claimOverdueStarts(tx: Tx, now: Date, limit: number): Promise<StoredGame[]> {
  return tx
    .select(columns)
    .from(games)
    .where(and(sql`${games.status} = 'starting'`, lte(games.startExpiresAt, now)))
    .orderBy(asc(games.startExpiresAt))
    .limit(limit)
    .for('update', { skipLocked: true });
}

type Changes = Partial<Omit<StoredGame, 'gameId'>> & {
  readonly underfilledNotifiedAt?: Date | null;
} & Partial<ReturnType<typeof searchColumnsFor>>;

/** A compare-and-set: the game must still be what the caller decided on. */
async function save(tx: Tx, game: StoredGame, changes: Changes): Promise<StoredGame> {
  return theSaved(await tx.update(games).set(changes).where(isStill(game)).returning(columns), game);
}

function isStill({ gameId, status, revision }: Expected | Given<Expected>): SQL | undefined {
  return and(eq(games.gameId, gameId), eq(games.status, status), eq(games.revision, revision));
}

function theSaved([saved]: StoredGame[], game: StoredGame): StoredGame {
  if (saved === undefined) {
    throw new Error(`Game ${game.gameId} is no longer ${game.status} at revision ${game.revision}.`);
  }
  return saved;
}

/**
 * Up to `limit` paused games that the Game Master has never taken over, and is to be asked about by `now`; those that
 * have waited longest first.
 */
export async function listUnregisteredGames(db: Db, now: Date, limit: number): Promise<StoredGame[]> {
  const dueAt = sql`coalesce(${games.registrationDueAt}, ${games.boundAt})`;
  return db
    .select(columns)
    .from(games)
    .where(and(sql`${games.status} = 'paused'`, isNull(games.registeredAt), lte(dueAt, now)))
    .orderBy(asc(dueAt))
    .limit(limit);
}

/** Records when the Game Master is asked again to take a game over that it did not take. */
export async function saveRegistrationDue(db: Db, gameId: string, dueAt: Date): Promise<void> {
  await db.update(games).set({ registrationDueAt: dueAt }).where(eq(games.gameId, gameId));
}

/** Since when nothing has happened to a game that has not started. */
const idleSince = sql`(case when ${games.status} in ('draft', 'enrollment_open') then ${games.enrollmentEndsAt} else ${games.updatedAt} end)`;

/**
 * Locks up to `limit` games that wait, since before `idleBefore`, to be opened, for enough players, or to be started; the
 * longest first, skipping locked ones.
 */
export async function claimIdleGames(tx: Tx, idleBefore: Date, limit: number): Promise<StoredGame[]> {
  return tx
    .select(columns)
    .from(games)
    .where(
      and(
        sql`${games.status} in ('draft', 'enrollment_open', 'ready_to_start', 'start_failed')`,
        lte(idleSince, idleBefore),
        sql`(${games.status} <> 'enrollment_open' or ${games.activeMembers} < ${games.minPlayers})`,
      ),
    )
    .orderBy(asc(idleSince))
    .limit(limit)
    .for('update', { skipLocked: true });
}

/** Locks those of these games that are not locked yet. */
export async function lockFreeGames(tx: Tx, gameIds: readonly string[]): Promise<StoredGame[]> {
  return tx
    .select(columns)
    .from(games)
    .where(inArray(games.gameId, [...gameIds]))
    .for('update', { skipLocked: true });
}

/**
 * Locks up to `limit` games whose enrollment is to end by `now`, the longest due first, skipping locked ones.
 * The work grows with the number of due games, not of all games.
 */
export async function claimDueGames(tx: Tx, now: Date, limit: number): Promise<StoredGame[]> {
  return tx
    .select(columns)
    .from(games)
    .where(and(sql`${games.status} = 'enrollment_open'`, lte(games.closingDueAt, now)))
    .orderBy(asc(games.closingDueAt))
    .limit(limit)
    .for('update', { skipLocked: true });
}

/**
 * Locks up to `limit` games that enroll past their deadline because `min_players` are not there yet, and whose owner
 * has not been notified. Skips locked ones.
 */
export async function claimUnderfilledGames(tx: Tx, now: Date, limit: number): Promise<StoredGame[]> {
  return tx
    .select(columns)
    .from(games)
    .where(
      and(
        sql`${games.status} = 'enrollment_open'`,
        isNull(games.underfilledNotifiedAt),
        lte(games.enrollmentEndsAt, now),
        lt(games.activeMembers, games.minPlayers),
      ),
    )
    .orderBy(asc(games.enrollmentEndsAt))
    .limit(limit)
    .for('update', { skipLocked: true });
}

/** Records that the owners of these locked games have been notified. */
export async function saveUnderfilledNotified(tx: Tx, gameIds: readonly string[], at: Date): Promise<void> {
  await tx
    .update(games)
    .set({ underfilledNotifiedAt: at })
    .where(inArray(games.gameId, [...gameIds]));
}
