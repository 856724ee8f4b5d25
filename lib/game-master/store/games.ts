// Games, and the claims of turn workers on them. Whatever changes a game locks it first, so that a turn is open, closed
// or played for all of its rows at once.
import {
  type AnyColumn,
  and,
  asc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  ne,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { Manifest } from '../../engine/api.ts';
import { type Given, statement } from '../../postgres/statement.ts';
import { type EngineHealth, engineHealths } from '../domain/game.ts';
import type { Db, Tx } from './database.ts';
import { games } from './schema.ts';

export type StoredGame = typeof games.$inferSelect;

/** A locked game, and PostgreSQL's time once it was locked: the only clock that decides about turns. */
export type LockedGame = { readonly game: StoredGame; readonly now: Date };

const columns = getTableColumns(games);
const clock = sql`clock_timestamp()`.mapWith(games.openedAt);

type OfGame = { gameId: string };

const findById = statement('find_game', (db: Db, { gameId }: Given<OfGame>) =>
  db.select(columns).from(games).where(eq(games.gameId, gameId)),
);

// The time is read outside the part that locks, since a select list may be computed before the lock is there.
const lockById = statement('lock_game', (tx: Tx, { gameId }: Given<OfGame>) => {
  const locked = tx
    .$with('locked')
    .as(tx.select(columns).from(games).where(eq(games.gameId, gameId)).for('update'));
  const game = Object.fromEntries(
    Object.keys(columns).map((name) => [name, locked[name as keyof typeof columns]]),
  ) as unknown as typeof columns;
  return tx.with(locked).select({ game, now: clock }).from(locked);
});

export async function findGame(db: Db, gameId: string): Promise<StoredGame | undefined> {
  const [game] = await findById(db, { gameId });
  return game;
}

/** The games whose engines these start jobs have started. */
export async function findGamesOfRuntimes(db: Db, runtimeJobIds: readonly string[]): Promise<StoredGame[]> {
  return db
    .select(columns)
    .from(games)
    .where(and(inArray(games.runtimeJobId, [...runtimeJobIds]), ne(games.phase, 'over')));
}

/** Locks a game until the transaction ends. */
export async function lockGame(tx: Tx, gameId: string): Promise<LockedGame | undefined> {
  const [locked] = await lockById(tx, { gameId });
  // The driver gives more digits than times have here.
  return locked;
}

/** @returns false when there is a game of this id already; then nothing was changed. */
export async function insertGame(tx: Tx, game: typeof games.$inferInsert): Promise<boolean> {
  const inserted = await tx.insert(games).values(game).onConflictDoNothing().returning({ id: games.gameId });
  return inserted.length > 0;
}

/** Changes any columns of a game that the transaction has locked: for what happens rarely. */
export async function updateGame(
  tx: Tx,
  gameId: string,
  changes: Partial<Omit<typeof games.$inferInsert, 'gameId'>>,
): Promise<void> {
  await tx.update(games).set(changes).where(eq(games.gameId, gameId));
}

/** What changes with a step of a game. */
export type GameProgress = Pick<
  StoredGame,
  | 'status'
  | 'lobbyRevision'
  | 'pausedAt'
  | 'remainingMs'
  | 'phase'
  | 'playedTurn'
  | 'openedAt'
  | 'dueAt'
  | 'closedAt'
  | 'closeReason'
  | 'awaiting'
  | 'ordersBytes'
  | 'stats'
  | 'result'
  | 'engineHealth'
  | 'engineProblem'
  | 'failures'
  | 'nextAttemptAt'
  | 'claimedBy'
  | 'claimToken'
  | 'reportSeq'
  | 'readinessReportedAt'
  | 'readinessChanged'
>;

type ProgressValues = OfGame &
  Omit<GameProgress, 'stats' | 'result'> & { stats: string; result: string | null };

const saveProgress = statement('save_game', (tx: Tx, given: Given<ProgressValues>) =>
  tx
    .update(games)
    .set({
      status: given.status,
      lobbyRevision: given.lobbyRevision,
      pausedAt: given.pausedAt,
      remainingMs: given.remainingMs,
      phase: given.phase,
      playedTurn: given.playedTurn,
      openedAt: given.openedAt,
      dueAt: given.dueAt,
      closedAt: given.closedAt,
      closeReason: given.closeReason,
      awaiting: given.awaiting,
      ordersBytes: given.ordersBytes,
      stats: given.stats,
      result: given.result,
      engineHealth: given.engineHealth,
      engineProblem: given.engineProblem,
      failures: given.failures,
      nextAttemptAt: given.nextAttemptAt,
      claimedBy: given.claimedBy,
      claimToken: given.claimToken,
      reportSeq: given.reportSeq,
      readinessReportedAt: given.readinessReportedAt,
      readinessChanged: given.readinessChanged,
    })
    .where(eq(games.gameId, given.gameId)),
);

/** Writes the progress of a game that the transaction has locked. */
export async function saveGame(tx: Tx, game: StoredGame): Promise<void> {
  await saveProgress(tx, {
    ...game,
    // As text, since a driver would write arrays as PostgreSQL's own.
    stats: JSON.stringify(game.stats),
    result: game.result === null ? null : JSON.stringify(game.result),
  });
}

/** What the engine says of itself; from now on the set-up is as it was sent. */
export async function saveManifest(tx: Tx, gameId: string, manifest: Manifest): Promise<void> {
  await tx.update(games).set({ manifest }).where(eq(games.gameId, gameId));
}

// Two classes of games wait for workers, so that those whose engines fail never stand before the others. Each has an
// index of its own, which its condition must show.
const isWaiting = (failures: SQL) => and(isNotNull(games.nextAttemptAt), isNull(games.claimedBy), failures);
const healthy = isWaiting(sql`${games.failures} = 0`);
const failing = isWaiting(sql`${games.failures} > 0`);

const claiming = (name: string, waiting: SQL | undefined) =>
  statement(name, (db: Db, { workerId, limit }: Given<{ workerId: string; limit: number }>) => {
    const due = db
      .select({ gameId: games.gameId })
      .from(games)
      .where(and(waiting, sql`${games.nextAttemptAt} <= now()`))
      .orderBy(asc(games.nextAttemptAt))
      .limit(sql`${limit}::int` as unknown as number)
      .for('update', { skipLocked: true });
    return db
      .update(games)
      .set({ claimedBy: workerId, claimToken: sql`gen_random_uuid()` })
      .where(sql`${games.gameId} = any(array(${due}))`)
      .returning(columns);
  });

const claimHealthy = claiming('claim_healthy_games', healthy);
const claimFailing = claiming('claim_failing_games', failing);

/** A game that a worker attends to, and its ticket: what the worker decides counts only while the ticket is there. */
export type Claim = { readonly game: StoredGame; readonly token: string };

/** Claims up to `limit` games for which there is something to do, those that have waited longest. */
export async function claimGames(
  db: Db,
  which: 'healthy' | 'failing',
  claim: { readonly workerId: string; readonly limit: number },
): Promise<Claim[]> {
  const claimed = await (which === 'healthy' ? claimHealthy : claimFailing)(db, claim);
  return claimed.flatMap((game) => (game.claimToken === null ? [] : [{ game, token: game.claimToken }]));
}

const firstOf = (db: Db, waiting: SQL | undefined) =>
  db
    .select({ at: games.nextAttemptAt })
    .from(games)
    .where(waiting)
    .orderBy(asc(games.nextAttemptAt))
    .limit(1);

const readFirstWaiting = statement('first_waiting_games', (db: Db, _: Given<Record<string, never>>) => {
  const inMs = (waiting: SQL | undefined) =>
    sql<number | null>`(extract(epoch from (${firstOf(db, waiting)}) - clock_timestamp()) * 1000)::float8`;
  return db.select({ healthy: inMs(healthy), failing: inMs(failing) }).from(sql`(select 1) as one`);
});

/** In how many milliseconds there is something to do for a game, by class; negative when it has waited already. */
export async function firstWaiting(
  db: Db,
): Promise<{ healthy: number | undefined; failing: number | undefined }> {
  const [first] = await readFirstWaiting(db, {});
  return { healthy: first?.healthy ?? undefined, failing: first?.failing ?? undefined };
}

/** Games that are not over, by the health of their engines. */
export async function countGames(db: Db): Promise<Map<EngineHealth, number>> {
  const counts = await db
    .select({ health: games.engineHealth, count: sql<number>`count(*)::int` })
    .from(games)
    .where(ne(games.phase, 'over').inlineParams())
    .groupBy(games.engineHealth);
  return new Map(counts.map(({ health, count }) => [health, count]));
}

const failingHealths = engineHealths.filter((health) => health !== 'ok');

/** Games that are not over and whose engine failed at the last attempt. */
export function findFailingGames(db: Db, limit: number): Promise<StoredGame[]> {
  return db
    .select(columns)
    .from(games)
    .where(and(ne(games.phase, 'over').inlineParams(), inArray(games.engineHealth, failingHealths)))
    .limit(limit);
}

/** Whether `locking` would find a game: usually there is none, and to lock none needs a transaction. */
const anyOf = (name: string, which: SQL | undefined, first: AnyColumn) => {
  const find = statement(name, (db: Db, _: Given<Record<string, never>>) =>
    // In order, so that PostgreSQL looks in the index, however many it takes there to be.
    db.select({ gameId: games.gameId }).from(games).where(which).orderBy(asc(first)).limit(1),
  );
  return async (db: Db) => (await find(db, {})).length > 0;
};

const locking = (name: string, which: SQL | undefined, first: AnyColumn) =>
  statement(name, (tx: Tx, given: Given<{ limit: number }>) => {
    const found = tx.$with('found').as(
      tx
        .select(columns)
        .from(games)
        .where(which)
        .orderBy(asc(first))
        .limit(sql`${given.limit}::int` as unknown as number)
        .for('update', { skipLocked: true }),
    );
    const game = Object.fromEntries(
      Object.keys(columns).map((name) => [name, found[name as keyof typeof columns]]),
    ) as unknown as typeof columns;
    return tx.with(found).select({ game, now: clock }).from(found);
  });

const isUnreported = and(
  sql`${games.readinessChanged}`,
  sql`(${games.readinessReportedAt} is null or ${games.readinessReportedAt} <= now() - interval '1 second')`,
);
const lockReadinessChanges = locking('lock_readiness_changes', isUnreported, games.readinessReportedAt);

export const anyUnreportedGame = anyOf('any_readiness_change', isUnreported, games.readinessReportedAt);

/** Locks up to `limit` games whose seats have become ready, or not ready, and were not reported for a second. */
export function lockUnreportedGames(tx: Tx, limit: number): Promise<LockedGame[]> {
  return lockReadinessChanges(tx, { limit });
}

const isToRemind = sql`${games.remindAt} <= now()`;
const lockReminders = locking('lock_reminders_due', isToRemind, games.remindAt);

export const anyGameToRemind = anyOf('any_reminder_due', isToRemind, games.remindAt);

/** Locks up to `limit` games of whose turn players are to be reminded by now. */
export function lockGamesToRemind(tx: Tx, limit: number): Promise<LockedGame[]> {
  return lockReminders(tx, { limit });
}

const updateReminded = statement('mark_reminded', (tx: Tx, { gameIds }: Given<{ gameIds: string[] }>) =>
  tx
    .update(games)
    .set({ remindedDueAt: sql`${games.dueAt}` })
    .where(sql`${games.gameId} = any(${gameIds})`),
);

/** Notes down of locked games that players were reminded of the due time that the turn has now. */
export async function markReminded(tx: Tx, gameIds: string[]): Promise<void> {
  await updateReminded(tx, { gameIds });
}
