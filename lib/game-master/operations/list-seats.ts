import type { GameMaster } from '../context.ts';
import { noSuchGame } from '../refusals.ts';
import { findGame } from '../store/games.ts';
import { ordersGiven } from '../store/orders.ts';
import { type StoredSeat, seatsOf } from '../store/seats.ts';

export type SeatState = Pick<StoredSeat, 'seat' | 'userId' | 'label' | 'vacatedAt'> & {
  /** Whether the open turn waits for its orders. */
  readonly awaited: boolean;
  readonly orders: 'none' | 'draft' | 'ready';
};

/** The seats of a game, for operators: whether they have given orders, and never which. @throws Refusal `not_found`. */
export async function listSeats({ db }: Pick<GameMaster, 'db'>, gameId: string): Promise<SeatState[]> {
  const game = await findGame(db, gameId);
  if (game === undefined) throw noSuchGame();
  const [seats, given] = [await seatsOf(db, gameId), await ordersGiven(db, gameId)];
  const isReady = new Map(given.map(({ seat, ready }) => [seat, ready]));
  return seats.map(({ seat, userId, label, vacatedAt, vacant }) => {
    const ready = isReady.get(seat);
    return {
      seat,
      userId,
      label,
      vacatedAt,
      awaited: game.phase === 'open' && userId !== null && !vacant && game.awaiting.includes(seat),
      orders: ready === undefined ? 'none' : ready ? 'ready' : 'draft',
    };
  });
}
