// Finds what is to be deleted or made again after a while, and deletes it in bounded pieces.
import { and, asc, eq, gt, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Db, Tx } from './database.ts';
import {
  deleteEarlierWords,
  hasCurrentWords,
  listWords,
  searchColumnsFor,
  unlistWords,
} from './game-words.ts';
import { gameColumns } from './games.ts';
import { applications, games, invites, memberStatistics, timeline } from './schema.ts';

/** What was last changed before these times is to be deleted. */
export type Cutoffs = { readonly drafts: Date; readonly endedGames: Date; readonly decisions: Date };

const isForgottenDraft = ({ drafts }: Cutoffs) =>
  sql<boolean>`(${games.openedAt} is null and ${games.updatedAt} < ${drafts})`;
const hasOldHistory = ({ endedGames }: Cutoffs) =>
  sql<boolean>`(${games.openedAt} is not null and ${games.historyDeletedAt} is null
    and ${games.status} in ('finished', 'cancelled') and ${games.updatedAt} < ${endedGames})`;

/**
 * What the rules remember of applications and invites that are over: for each user of a game the last one where one side
 * said no, with the number of all of them (domain/repeats.ts). A declined invite counts as the last one.
 */
const memories = [
  {
    table: applications,
    id: 'application_id',
    saidNo: sql.raw(`('withdrawn', 'rejected')`),
    isOver: ({ decisions }: Cutoffs) => sql`this.decided_at < ${decisions}`,
    isForgotten: sql.raw(`this.status in ('approved', 'cancelled')`),
    order: (row: string) => sql.raw(`(${row}.decided_at, ${row}.application_id)`),
  },
  {
    table: invites,
    id: 'invite_id',
    saidNo: sql.raw(`('declined', 'revoked')`),
    // A code expires by itself.
    isOver: ({ decisions }: Cutoffs) =>
      sql`(this.decided_at < ${decisions} or this.expires_at < ${decisions})`,
    isForgotten: sql.raw(`(this.user_id is null or this.status in ('redeemed', 'expired', 'cancelled'))`),
    order: (row: string) => sql.raw(`(${row}.status = 'declined', ${row}.decided_at, ${row}.invite_id)`),
  },
] as const;
type Memory = (typeof memories)[number];

const hasLater = ({ table, saidNo, order }: Memory, row: 'this' | 'kept') =>
  sql`exists (select from ${table} later
    where later.game_id = ${sql.raw(row)}.game_id and later.user_id = ${sql.raw(row)}.user_id
      and later.status in ${saidNo} and ${order('later')} > ${order(row)})`;

/** @param ofGame the id of a game, as a value or a column. */
const oldOnes = (memory: Memory, ofGame: SQL, cutoffs: Cutoffs) =>
  sql`select ${sql.raw(`this.${memory.id}`)} from ${memory.table} this
    where this.game_id = ${ofGame} and ${memory.isOver(cutoffs)}
      and (${memory.isForgotten} or ${hasLater(memory, 'this')})`;

/** Games that are over are left to `hasOldHistory`. */
const hasOldDecisions = (cutoffs: Cutoffs) =>
  sql<boolean>`(${games.openedAt} is not null and ${games.status} not in ('finished', 'cancelled')
    and (${sql.join(
      memories.map((memory) => sql`exists (${oldOnes(memory, sql`${games}.game_id`, cutoffs)})`),
      sql` or `,
    )}))`;

export type GameInSweep = {
  readonly gameId: string;
  readonly isForgottenDraft: boolean;
  readonly hasOldHistory: boolean;
  readonly hasOldDecisions: boolean;
  readonly hasCurrentWords: boolean;
};

/** The next `limit` games by their ids, and what is to be done with each. */
export async function listGamesToSweep(
  db: Db,
  after: string | undefined,
  cutoffs: Cutoffs,
  limit: number,
): Promise<GameInSweep[]> {
  return db
    .select({
      gameId: games.gameId,
      isForgottenDraft: isForgottenDraft(cutoffs),
      hasOldHistory: hasOldHistory(cutoffs),
      hasOldDecisions: hasOldDecisions(cutoffs),
      hasCurrentWords: sql<boolean>`(${hasCurrentWords})`,
    })
    .from(games)
    .where(after === undefined ? undefined : gt(games.gameId, after))
    .orderBy(asc(games.gameId))
    .limit(limit);
}

/** Writes the words of these games, skipping games that are locked. */
export async function makeWords(tx: Tx, gameIds: readonly string[]): Promise<void> {
  const stale = await tx
    .select({ ...gameColumns, historyDeletedAt: games.historyDeletedAt })
    .from(games)
    .where(inArray(games.gameId, [...gameIds]))
    .for('update', { skipLocked: true });
  for (const { historyDeletedAt, ...game } of stale) {
    await tx.update(games).set(searchColumnsFor(game)).where(eq(games.gameId, game.gameId));
    if (historyDeletedAt === null) await listWords(tx, game);
  }
}

/** Deletes a game that was never opened, unless it is locked, or was changed in the meantime. */
export async function deleteDraft(tx: Tx, gameId: string, cutoffs: Cutoffs): Promise<boolean> {
  const [draft] = await tx
    .select({ gameId: games.gameId })
    .from(games)
    .where(and(eq(games.gameId, gameId), isForgottenDraft(cutoffs)))
    .for('update', { skipLocked: true });
  if (draft === undefined) return false;
  await deleteEarlierWords(tx, gameId);
  await tx.delete(timeline).where(eq(timeline.gameId, gameId));
  await tx.delete(games).where(eq(games.gameId, gameId));
  return true;
}

/**
 * Deletes up to `limit` applications, and as many invites, of a game that goes on, and adds those that the rules remember
 * to the number of the last one. Leaves a game that is locked. @returns whether there may be more.
 */
export async function forgetSomeDecisions(
  tx: Tx,
  gameId: string,
  cutoffs: Cutoffs,
  limit: number,
): Promise<boolean> {
  const [game] = await tx
    .select({ hasOldDecisions: hasOldDecisions(cutoffs) })
    .from(games)
    .where(eq(games.gameId, gameId))
    .for('update', { skipLocked: true });
  if (game?.hasOldDecisions !== true) return false;
  for (const memory of memories) {
    const { table, id, saidNo } = memory;
    await tx.execute(sql`
      with gone as (
        delete from ${table}
        where ${sql.identifier(id)} in (${oldOnes(memory, sql`${gameId}`, cutoffs)} limit ${limit})
        returning user_id, status, attempts
      ), sums as (
        select user_id, sum(attempts) as attempts from gone where status in ${saidNo} group by user_id
      )
      update ${table} kept set attempts = kept.attempts + sums.attempts from sums
      where kept.game_id = ${gameId} and kept.user_id = sums.user_id and kept.status in ${saidNo}
        and not ${hasLater(memory, 'kept')}`);
  }
  return true;
}

/** Deletes up to `limit` rows of each table about a game that is over. @returns whether there may be more. */
export async function deleteSomeHistory(tx: Tx, gameId: string, limit: number): Promise<boolean> {
  const deleted = [
    await deleteSome(tx, applications, applications.applicationId, eq(applications.gameId, gameId), limit),
    await deleteSome(tx, invites, invites.inviteId, eq(invites.gameId, gameId), limit),
    await deleteSome(tx, timeline, timeline.entryId, eq(timeline.gameId, gameId), limit),
  ];
  return deleted.includes(limit);
}

/** Deletes the rest about a game that is over, of which there are few, and marks the game. */
export async function endHistory(tx: Tx, gameId: string, at: Date): Promise<void> {
  await tx.delete(memberStatistics).where(eq(memberStatistics.gameId, gameId));
  await deleteEarlierWords(tx, gameId);
  await unlistWords(tx, gameId);
  await tx
    .update(games)
    .set({ historyDeletedAt: at })
    .where(and(eq(games.gameId, gameId), isNull(games.historyDeletedAt)));
}

async function deleteSome(tx: Tx, table: PgTable, id: PgColumn, ofGame: SQL, limit: number): Promise<number> {
  const some = tx.select({ id }).from(table).where(ofGame).limit(limit);
  const deleted = await tx.delete(table).where(inArray(id, some)).returning({ id });
  return deleted.length;
}
