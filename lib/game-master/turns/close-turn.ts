// Closes turns. From then on their orders and seats are frozen, so that every attempt to play them sends the same.
import type { GameMaster } from '../context.ts';
import type { CloseReason } from '../domain/game.ts';
import {
  allReady,
  awaitedSeats,
  isAnyMissing,
  outcomesAtClose,
  pendingVacancies,
  untoldVacancies,
} from '../domain/seats.ts';
import { isClosed, isInGrace } from '../domain/taking-orders.ts';
import type { Tx } from '../store/database.ts';
import type { LockedGame, StoredGame } from '../store/games.ts';
import { type OrdersGiven, ordersGiven } from '../store/orders.ts';
import { type StoredSeat, seatsOf } from '../store/seats.ts';
import { insertTurn } from '../store/turns.ts';
import { notifyLastAwaited } from './remind.ts';

/** How long the request that closes a turn may take to play it before a worker does. */
export const playedByRequestMs = 2_000;

/**
 * Closes the turn of a game that the transaction has locked, if its orders close it now and no worker is at it, which would
 * look again itself. The caller saves the game, and plays the turn after the commit (play-turn.ts); a worker takes over if it
 * does not. If the turn waits for one seat only, notifies its holder; the caller publishes that after the commit.
 * @returns the game with the turn closed; undefined when it stays open.
 */
export async function closeIfComplete(
  tx: Tx,
  parts: Pick<GameMaster, 'outbox'>,
  { game, now }: LockedGame,
  traceparent: string | undefined,
): Promise<{ readonly closed: StoredGame | undefined; readonly notified: boolean }> {
  const stays = { closed: undefined, notified: false };
  if (!mayCloseByOrders({ game, now })) return stays;
  const seats = await seatsOf(tx, game.gameId);
  const given = await ordersGiven(tx, game.gameId);
  const reason = reasonToClose({ game, now }, seats, given);
  if (reason === undefined) {
    return {
      ...stays,
      notified: await notifyLastAwaited(tx, parts, { game, now }, { seats, given, traceparent }),
    };
  }
  if (game.claimedBy !== null) return stays;
  const closed = await closeTurn(tx, { game, now }, { seats, given, reason });
  const nextAttemptAt = new Date(now.getTime() + playedByRequestMs);
  return { closed: { ...closed, nextAttemptAt }, notified: false };
}

/** Whether the turn is open at a time at which orders decide if it closes: before it is due, or in its grace. */
export function mayCloseByOrders({ game, now }: LockedGame): boolean {
  const { phase, status, early, dueAt } = game;
  if (phase !== 'open' || status !== 'running' || dueAt === null) return false;
  return now < dueAt ? early === 'all_ready' : isInGrace(game, now);
}

/**
 * Why the turn closes now; undefined when it stays open. It does until the engine knows all vacancies, of
 * which it hears while a turn is open.
 */
export function reasonToClose(
  { game, now }: LockedGame,
  seats: readonly StoredSeat[],
  given: readonly OrdersGiven[],
): CloseReason | undefined {
  if (game.phase !== 'open' || game.status !== 'running' || game.dueAt === null) return undefined;
  if (pendingVacancies(seats).length > 0 || untoldVacancies(seats).length > 0) return undefined;
  const awaited = awaitedSeats(game.awaiting, seats);
  if (isClosed(game, isAnyMissing(awaited, given), now)) return 'due';
  return game.early === 'all_ready' && allReady(awaited, given) ? 'all_ready' : undefined;
}

/** Freezes the open turn. @returns the game with the turn closed, which the caller saves. */
export async function closeTurn(
  tx: Tx,
  { game, now }: LockedGame,
  closing: {
    readonly seats: readonly StoredSeat[];
    readonly given: readonly OrdersGiven[];
    readonly reason: CloseReason;
  },
): Promise<StoredGame> {
  const { seats, given, reason } = closing;
  const { gameId, playedTurn, openedAt, dueAt, awaiting } = game;
  if (openedAt === null) throw new TypeError('an open turn has been opened');
  await insertTurn(tx, {
    gameId,
    turn: playedTurn + 1,
    openedAt,
    dueAt,
    closedAt: now,
    closeReason: reason,
    outcomes: outcomesAtClose(awaiting, seats, given),
  });
  return { ...game, phase: 'closed', closedAt: now, closeReason: reason };
}
