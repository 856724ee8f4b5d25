// What the Game Master asks before it acts for a game.
import { and, asc, eq, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Game } from '../domain/game.ts';
import type { Db } from './database.ts';
import { findAnyGame, type StoredGame, visibleToUser } from './games.ts';
import { games, memberships } from './schema.ts';

/** What one user may do with one game. */
export type PlayAccess = Pick<Game, 'gameId' | 'status' | 'runtimeJobId' | 'spectators'> & {
  /** Whether the user may see the game. */
  readonly visible: boolean;
  readonly owner: boolean;
  /** Whether the user is an active member. */
  readonly member: boolean;
  /** Of an active member of a game that has started. */
  readonly seat: number | null;
};

const isActive = eq(memberships.status, 'active').inlineParams();

const readAccess = statement(
  'read_play_access',
  (db: Db, { gameId, userId }: Given<{ gameId: string; userId: string }>) =>
    db
      .select({
        gameId: games.gameId,
        status: games.status,
        runtimeJobId: games.runtimeJobId,
        spectators: games.spectators,
        visible: sql<boolean>`coalesce(${visibleToUser(db, userId)}, false)`,
        owner: sql<boolean>`coalesce(${games.ownerUserId} = ${userId}, false)`,
        member: sql<boolean>`${memberships.membershipId} is not null`,
        seat: memberships.seat,
      })
      .from(games)
      .leftJoin(
        memberships,
        and(eq(memberships.gameId, games.gameId), eq(memberships.userId, userId), isActive),
      )
      .where(eq(games.gameId, gameId)),
);

export async function findPlayAccess(
  db: Db,
  gameId: string,
  userId: string,
): Promise<PlayAccess | undefined> {
  const [access] = await readAccess(db, { gameId, userId });
  return access;
}

export type SeatHolder = { readonly seat: number; readonly userId: string; readonly raceName: string };

const readHolders = statement('read_seat_holders', (db: Db, { gameId }: Given<{ gameId: string }>) =>
  db
    .select({ seat: memberships.seat, userId: memberships.userId, raceName: memberships.raceName })
    .from(memberships)
    .where(and(eq(memberships.gameId, gameId), isActive))
    .orderBy(asc(memberships.seat)),
);

/**
 * A game, and who holds its seats. The seats are read after the game: a member who leaves in between is missing from
 * them, which is right by then.
 */
export async function findStanding(
  db: Db,
  gameId: string,
): Promise<{ readonly game: StoredGame; readonly holders: readonly SeatHolder[] } | undefined> {
  const game = await findAnyGame(db, gameId);
  if (game === undefined) return undefined;
  const members = await readHolders(db, { gameId });
  const holders = members.flatMap(({ seat, ...member }) => (seat === null ? [] : [{ seat, ...member }]));
  return { game, holders };
}
