// Finds what a user has in games, in batches, for operations/remove-user.ts.
import { and, eq, inArray, notInArray } from 'drizzle-orm';
import { union } from 'drizzle-orm/pg-core';
import type { Db } from './database.ts';
import { applications, games, invites, memberships } from './schema.ts';

/** Up to `limit` games that a user owns and that are not over. */
export async function listGamesToCancel(db: Db, ownerUserId: string, limit: number): Promise<string[]> {
  const rows = await db
    .select({ gameId: games.gameId })
    .from(games)
    .where(and(eq(games.ownerUserId, ownerUserId), notInArray(games.status, ['finished', 'cancelled'])))
    .limit(limit);
  return rows.map(({ gameId }) => gameId);
}

/** Up to `limit` games in which a user plays, unless they are over, or has something pending. */
export async function listGamesInvolving(db: Db, userId: string, limit: number): Promise<string[]> {
  const played = db
    .select({ gameId: memberships.gameId })
    .from(memberships)
    .where(
      and(
        eq(memberships.userId, userId),
        eq(memberships.status, 'active'),
        inArray(
          memberships.gameId,
          db
            .select({ gameId: games.gameId })
            .from(games)
            .where(
              and(eq(games.gameId, memberships.gameId), notInArray(games.status, ['finished', 'cancelled'])),
            ),
        ),
      ),
    );
  const applied = db
    .select({ gameId: applications.gameId })
    .from(applications)
    .where(and(eq(applications.userId, userId), eq(applications.status, 'pending')));
  const invited = db
    .select({ gameId: invites.gameId })
    .from(invites)
    .where(and(eq(invites.userId, userId), eq(invites.status, 'pending')));
  const rows = await union(played, applied, invited).limit(limit);
  return rows.map(({ gameId }) => gameId);
}
