// Reminders of the open turn. They are decided under the game's lock, in the transaction that writes them: nobody is
// reminded who has given orders, or of a turn that takes none any more.
import type { GameMaster } from '../context.ts';
import { awaitedSeats, lastAwaited, seatsWithoutOrders } from '../domain/seats.ts';
import { currentTurn, ordersVerdict } from '../domain/taking-orders.ts';
import { dueSoon, waitingForYou } from '../outbox/messages.ts';
import type { Tx } from '../store/database.ts';
import { type LockedGame, lockGamesToRemind, markReminded } from '../store/games.ts';
import { type OrdersGiven, ordersGiven } from '../store/orders.ts';
import { markWaitedFor, type StoredSeat, seatsOf } from '../store/seats.ts';

type Parts = Pick<GameMaster, 'outbox'>;

const remindedAtOnce = 50;

/**
 * Reminds players of turns that are due soon; each once of a due time. Any number of workers may do so.
 * @returns the ids of games whose messages are to be published after the commit.
 */
export async function remindOfDueTurns(tx: Tx, { outbox }: Parts): Promise<string[]> {
  const found = await lockGamesToRemind(tx, remindedAtOnce);
  if (found.length === 0) return [];
  for (const { game, now } of found) {
    // In its grace a turn is due already.
    if (ordersVerdict(game, currentTurn(game), false, now) !== 'taken') continue;
    const seats = await seatsOf(tx, game.gameId);
    const given = await ordersGiven(tx, game.gameId);
    const silent = new Set(seatsWithoutOrders(awaitedSeats(game.awaiting, seats), given));
    const userIds = seats.flatMap(({ seat, userId, vacatedAt }) =>
      silent.has(seat) && vacatedAt === null && userId !== null ? [userId] : [],
    );
    await outbox.write(tx, dueSoon(game, userIds, { at: now, traceparent: undefined }));
  }
  const gameIds = found.map(({ game }) => game.gameId);
  await markReminded(tx, gameIds);
  return gameIds;
}

/**
 * Notifies the holder of the last seat that an open turn waits for, once per seat and turn, if it could close early.
 * @returns whether there is a message to be published after the commit.
 */
export async function notifyLastAwaited(
  tx: Tx,
  { outbox }: Parts,
  { game, now }: LockedGame,
  turn: {
    readonly seats: readonly StoredSeat[];
    readonly given: readonly OrdersGiven[];
    readonly traceparent?: string | undefined;
  },
): Promise<boolean> {
  const { seats, given, traceparent } = turn;
  if (game.early !== 'all_ready') return false;
  const last = lastAwaited(awaitedSeats(game.awaiting, seats), given);
  const seat = seats.find((one) => one.seat === last);
  const open = currentTurn(game);
  if (seat === undefined || seat.vacatedAt !== null || seat.waitedForTurn === open) return false;
  await markWaitedFor(tx, game.gameId, seat.seat, open);
  await outbox.write(tx, waitingForYou(game, seat, { at: now, traceparent }));
  return true;
}
