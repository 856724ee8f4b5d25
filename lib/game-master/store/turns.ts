import { and, eq, sql } from 'drizzle-orm';
import type { TurnRequest } from '../../engine/api.ts';
import { type Given, statement } from '../../postgres/statement.ts';
import type { Db, Tx } from './database.ts';
import type { StoredGame } from './games.ts';
import { games, orders, type SeatOutcome, seats, turns } from './schema.ts';

export type { SeatOutcome } from './schema.ts';
export type StoredTurn = typeof turns.$inferSelect;

type NewTurn = Omit<StoredTurn, 'outcomes' | 'playedAt'> & { outcomes: string };

const insert = statement('insert_turn', (tx: Tx, given: Given<NewTurn>) =>
  tx.insert(turns).values({
    gameId: given.gameId,
    turn: given.turn,
    openedAt: given.openedAt,
    dueAt: given.dueAt,
    closedAt: given.closedAt,
    closeReason: given.closeReason,
    outcomes: given.outcomes,
  }),
);

/** A turn that closes; `outcomes` stay as they are now. */
export async function insertTurn(tx: Tx, turn: Omit<StoredTurn, 'playedAt'>): Promise<void> {
  await insert(tx, { ...turn, outcomes: JSON.stringify(turn.outcomes) });
}

const mark = statement(
  'mark_turn_played',
  (tx: Tx, { gameId, turn, at }: Given<{ gameId: string; turn: number; at: Date }>) =>
    tx
      .update(turns)
      .set({ playedAt: at })
      .where(and(eq(turns.gameId, gameId), eq(turns.turn, turn))),
);

export async function markPlayed(tx: Tx, gameId: string, turn: number, at: Date): Promise<void> {
  await mark(tx, { gameId, turn, at });
}

/** When a turn was due; null for one that was not closed, and for one that closed without a due time. */
export async function dueAtOfTurn(db: Db, gameId: string, turn: number): Promise<Date | null> {
  const [found] = await db
    .select({ dueAt: turns.dueAt })
    .from(turns)
    .where(and(eq(turns.gameId, gameId), eq(turns.turn, turn)));
  return found?.dueAt ?? null;
}

/** A turn that is to be played, and what its engine is sent: the same for every attempt. */
export type ClosedTurn = {
  readonly game: Pick<StoredGame, 'gameId' | 'runtimeJobId' | 'engineEndpoint' | 'playedTurn' | 'manifest'>;
  /** All seats, bots and vacant ones included, by number. */
  readonly seats: readonly number[];
  readonly request: TurnRequest;
};

// One statement, so that it sees one state: orders of a later turn must not look like those of this one.
const findClosed = statement('find_closed_turn', (db: Db, { gameId }: Given<{ gameId: string }>) =>
  db
    .select({
      game: {
        gameId: games.gameId,
        runtimeJobId: games.runtimeJobId,
        engineEndpoint: games.engineEndpoint,
        playedTurn: games.playedTurn,
        manifest: games.manifest,
      },
      turn: turns.turn,
      outcomes: turns.outcomes,
      seats: sql<number[]>`(
        select coalesce(json_agg(${seats.seat} order by ${seats.seat}), '[]') from ${seats}
        where ${seats.gameId} = ${games.gameId})`,
      orders: sql<Record<string, unknown> | null>`(
        select json_object_agg(${orders.seat}, ${orders.orders}) from ${orders}
        where ${orders.gameId} = ${games.gameId} and ${orders.turn} = ${turns.turn})`,
    })
    .from(games)
    .innerJoin(turns, and(eq(turns.gameId, games.gameId), sql`${turns.turn} = ${games.playedTurn} + 1`))
    .where(and(eq(games.gameId, gameId), eq(games.phase, 'closed').inlineParams())),
);

/** @returns undefined when no turn of the game is closed. */
export async function findClosedTurn(db: Db, gameId: string): Promise<ClosedTurn | undefined> {
  const [found] = await findClosed(db, { gameId });
  if (found === undefined) return undefined;
  const { game, seats, turn, outcomes } = found;
  const given = new Map(Object.entries(found.orders ?? {}));
  return {
    game,
    seats,
    request: {
      turn,
      orders: outcomes.flatMap(({ seat, state }: SeatOutcome) =>
        state === 'not_awaited'
          ? []
          : [{ seat, orders: hasOrders(state) ? given.get(String(seat)) : null, state }],
      ),
    },
  };
}

const hasOrders = (state: SeatOutcome['state']) => state === 'ready' || state === 'draft';

export async function deleteTurns(tx: Tx, gameId: string): Promise<void> {
  await tx.delete(turns).where(eq(turns.gameId, gameId));
}
