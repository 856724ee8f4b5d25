// The games of a user as operators see them: also those that the user has left.
import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import { union } from 'drizzle-orm/pg-core';
import type { GameStatus, Membership } from '../domain/game.ts';
import type { Db } from './database.ts';
import { gameColumns, type StoredGame, shownBytes } from './games.ts';
import { before, type Page, type PageRequest, takePage } from './pages.ts';
import { games, memberships } from './schema.ts';

export type GameWithMemberships = {
  readonly game: StoredGame;
  /** Of the user, in the order of joining; none for an owner who never played. */
  readonly memberships: readonly Membership[];
};

const shownBytesOfMembership = 400;

/** Games that a user owns, plays in or has played in, the newest first. */
export async function listGamesEverOf(
  db: Db,
  userId: string,
  status: GameStatus | undefined,
  { size, after }: PageRequest,
): Promise<Page<GameWithMemberships>> {
  const joined = db
    .select({ gameId: memberships.gameId })
    .from(memberships)
    .where(eq(memberships.userId, userId));
  const owned = db.select({ gameId: games.gameId }).from(games).where(eq(games.ownerUserId, userId));
  const rows = await db
    .select(gameColumns)
    .from(games)
    .where(
      and(
        // An array, since the planner then looks its games up by their key.
        sql`${games.gameId} = any(array(${union(joined, owned)}))`,
        status && eq(games.status, status),
        after && before(games.createdAt, games.gameId, after),
      ),
    )
    .orderBy(desc(games.createdAt), desc(games.gameId))
    .limit(size + 1);
  const ofUser = await membershipsOf(
    db,
    userId,
    rows.map(({ gameId }) => gameId),
  );
  return takePage(
    rows.map((game) => ({ game, memberships: ofUser.get(game.gameId) ?? [] })),
    size,
    ({ game }) => ({ at: game.createdAt, id: game.gameId }),
    ({ game, memberships }) => shownBytes(game) + shownBytesOfMembership * memberships.length,
  );
}

async function membershipsOf(
  db: Db,
  userId: string,
  gameIds: readonly string[],
): Promise<Map<string, Membership[]>> {
  const rows = await db
    .select()
    .from(memberships)
    .where(and(eq(memberships.userId, userId), inArray(memberships.gameId, [...gameIds])))
    .orderBy(asc(memberships.joinedAt), asc(memberships.membershipId));
  return Map.groupBy(rows, ({ gameId }) => gameId);
}
