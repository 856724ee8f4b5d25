// Finds what a user has in games, for operations/remove-user.ts, which takes it from them in batches, and for
// operations/preview-removal.ts, which only says what that would be.
import { and, count, eq, inArray, notInArray, or } from 'drizzle-orm';
import { union } from 'drizzle-orm/pg-core';
import type { Membership } from '../domain/game.ts';
import type { Db } from './database.ts';
import { gameColumns, type StoredGame } from './games.ts';
import { applications, games, invites, memberships } from './schema.ts';

const isNotOver = notInArray(games.status, ['finished', 'cancelled']);

/** Games that a user owns and that are not over. */
const isToCancel = (ownerUserId: string) => and(eq(games.ownerUserId, ownerUserId), isNotOver);

/** Memberships by which a user plays, unless the game is over. */
const isToEnd = (db: Db, userId: string) =>
  and(
    eq(memberships.userId, userId),
    eq(memberships.status, 'active'),
    inArray(
      memberships.gameId,
      db
        .select({ gameId: games.gameId })
        .from(games)
        .where(and(eq(games.gameId, memberships.gameId), isNotOver)),
    ),
  );

const isPendingApplication = eq(applications.status, 'pending');
const isPendingInvite = eq(invites.status, 'pending');

/** Up to `limit` games that a user owns and that are not over. */
export async function listGamesToCancel(db: Db, ownerUserId: string, limit: number): Promise<string[]> {
  const rows = await db
    .select({ gameId: games.gameId })
    .from(games)
    .where(isToCancel(ownerUserId))
    .limit(limit);
  return rows.map(({ gameId }) => gameId);
}

/** Up to `limit` games in which a user plays, unless they are over, or has something pending. */
export async function listGamesInvolving(db: Db, userId: string, limit: number): Promise<string[]> {
  const played = db.select({ gameId: memberships.gameId }).from(memberships).where(isToEnd(db, userId));
  const applied = db
    .select({ gameId: applications.gameId })
    .from(applications)
    .where(and(eq(applications.userId, userId), isPendingApplication));
  const invited = db
    .select({ gameId: invites.gameId })
    .from(invites)
    .where(and(eq(invites.userId, userId), isPendingInvite));
  const rows = await union(played, applied, invited).limit(limit);
  return rows.map(({ gameId }) => gameId);
}

/** Up to `limit` of the games of `listGamesToCancel`, whole. */
export async function gamesToCancel(db: Db, ownerUserId: string, limit: number): Promise<StoredGame[]> {
  return db.select(gameColumns).from(games).where(isToCancel(ownerUserId)).limit(limit);
}

/** Up to `limit` of the memberships that `listGamesInvolving` finds games by, with these. */
export async function membershipsToEnd(
  db: Db,
  userId: string,
  limit: number,
): Promise<{ readonly membership: Membership; readonly game: StoredGame }[]> {
  return db
    .select({ membership: membershipColumns, game: gameColumns })
    .from(memberships)
    .innerJoin(games, eq(games.gameId, memberships.gameId))
    .where(isToEnd(db, userId))
    .limit(limit);
}

const membershipColumns = {
  membershipId: memberships.membershipId,
  gameId: memberships.gameId,
  userId: memberships.userId,
  raceName: memberships.raceName,
  status: memberships.status,
  seat: memberships.seat,
  joinedAt: memberships.joinedAt,
  endedAt: memberships.endedAt,
};

/** How many applications and invites are pending, of a user or in these games. */
export async function countPending(
  db: Db,
  userId: string,
  gameIds: readonly string[],
): Promise<{ readonly applications: number; readonly invites: number }> {
  const [applied, invited] = await Promise.all([
    db
      .select({ pending: count() })
      .from(applications)
      .where(
        and(
          isPendingApplication,
          or(eq(applications.userId, userId), inArray(applications.gameId, [...gameIds])),
        ),
      ),
    db
      .select({ pending: count() })
      .from(invites)
      .where(and(isPendingInvite, or(eq(invites.userId, userId), inArray(invites.gameId, [...gameIds])))),
  ]);
  return { applications: applied[0]?.pending ?? 0, invites: invited[0]?.pending ?? 0 };
}
