// What players read. Each is one statement, so that it shows one state of the game.
import { and, desc, eq, getTableColumns, isNotNull, sql } from 'drizzle-orm';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Db, Tx } from './database.ts';
import type { LockedGame } from './games.ts';
import type { OrdersGiven } from './orders.ts';
import { games, orders, seats, turns } from './schema.ts';
import type { StoredTurn } from './turns.ts';

type OfGame = { gameId: string };

const columns = getTableColumns(games);
const clock = sql`clock_timestamp()`.mapWith(games.openedAt);

const findAtNow = statement('find_game_now', (db: Db, { gameId }: Given<OfGame>) =>
  db.select({ game: columns, now: clock }).from(games).where(eq(games.gameId, gameId)),
);

/** A game, not locked, and PostgreSQL's time. */
export async function findGameNow(db: Db, gameId: string): Promise<LockedGame | undefined> {
  const [found] = await findAtNow(db, { gameId });
  return found;
}

/** A game with those who play its turn. */
export type GameTurn = LockedGame & {
  /** Seats that somebody holds. */
  readonly held: readonly number[];
  /** Seats that have orders. */
  readonly given: readonly OrdersGiven[];
};

const readTurn = statement('read_turn', (db: Db, { gameId }: Given<OfGame>) =>
  db
    .select({
      game: columns,
      now: clock,
      held: sql<number[]>`(
        select coalesce(json_agg(${seats.seat} order by ${seats.seat}), '[]') from ${seats}
        where ${seats.gameId} = ${games.gameId} and ${seats.userId} is not null and not ${seats.vacant})`,
      given: sql<OrdersGiven[]>`(
        select coalesce(
          json_agg(json_build_object('seat', ${orders.seat}, 'ready', ${orders.ready}) order by ${orders.seat}), '[]')
        from ${orders} where ${orders.gameId} = ${games.gameId})`,
    })
    .from(games)
    .where(eq(games.gameId, gameId)),
);

export async function findTurn(db: Db, gameId: string): Promise<GameTurn | undefined> {
  const [found] = await readTurn(db, { gameId });
  return found;
}

type OfSeat = OfGame & { seat: number };

const findHolder = statement('holder_of_seat', (tx: Tx, { gameId, seat }: Given<OfSeat>) =>
  tx
    .select({ userId: seats.userId, vacatedAt: seats.vacatedAt })
    .from(seats)
    .where(and(eq(seats.gameId, gameId), eq(seats.seat, seat))),
);

/** Who holds a seat; null for a bot's, and for one whose holder has left. */
export async function holderOf(tx: Tx, gameId: string, seat: number): Promise<string | null> {
  const [found] = await findHolder(tx, { gameId, seat });
  return found === undefined || found.vacatedAt !== null ? null : found.userId;
}

const countOfGame = statement('count_seats', (db: Db, { gameId }: Given<OfGame>) =>
  db.select({ count: sql<number>`count(*)::int` }).from(seats).where(eq(seats.gameId, gameId)),
);

/** How many seats a game has, bots and vacant ones included. */
export async function countSeats(db: Db, gameId: string): Promise<number> {
  const [counted] = await countOfGame(db, { gameId });
  return counted?.count ?? 0;
}

const readHistory = statement(
  'read_history',
  (db: Db, given: Given<OfGame & { before: number; limit: number }>) =>
    db
      .select()
      .from(turns)
      .where(
        and(eq(turns.gameId, given.gameId), isNotNull(turns.playedAt), sql`${turns.turn} < ${given.before}`),
      )
      .orderBy(desc(turns.turn))
      .limit(sql`${given.limit}::int` as unknown as number),
);

export type PlayedTurn = StoredTurn & { readonly playedAt: Date };

/** Up to `limit` turns that were played, the last one first, from before this turn. */
export async function playedTurns(
  db: Db,
  gameId: string,
  page: { readonly before: number; readonly limit: number },
): Promise<PlayedTurn[]> {
  const found = await readHistory(db, { gameId, ...page });
  return found.flatMap((turn) => (turn.playedAt === null ? [] : [{ ...turn, playedAt: turn.playedAt }]));
}
