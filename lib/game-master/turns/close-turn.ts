// Closes turns. From then on their orders and seats are frozen, so that every attempt to play them sends the same.
import type { CloseReason } from '../domain/game.ts';
import {
  allReady,
  awaitedSeats,
  outcomesAtClose,
  pendingVacancies,
  untoldVacancies,
} from '../domain/seats.ts';
import type { Tx } from '../store/database.ts';
import type { LockedGame, StoredGame } from '../store/games.ts';
import { type OrdersGiven, ordersGiven } from '../store/orders.ts';
import { type StoredSeat, seatsOf } from '../store/seats.ts';
import { insertTurn } from '../store/turns.ts';

/** How long the request that closes a turn may take to play it before a worker does. */
export const playedByRequestMs = 2_000;

/**
 * Closes the turn of a game that the transaction has locked, if it need not wait for anybody any more, and no worker is
 * at it: whoever is looks again. The caller saves the game, and plays the turn after the commit (play-turn.ts); a worker
 * takes over if it does not.
 * @returns the game with the turn closed; undefined when it stays open.
 */
export async function closeIfReady(tx: Tx, game: StoredGame, now: Date): Promise<StoredGame | undefined> {
  if (game.claimedBy !== null || !mayCloseEarly({ game, now })) return undefined;
  const seats = await seatsOf(tx, game.gameId);
  const given = await ordersGiven(tx, game.gameId);
  if (!isReady(game, seats, given)) return undefined;
  const closed = await closeTurn(tx, { game, now }, { seats, given, reason: 'all_ready' });
  return { ...closed, nextAttemptAt: new Date(now.getTime() + playedByRequestMs) };
}

/** Whether the turn closes when all are ready, and its time has not passed. */
export function mayCloseEarly({ game, now }: LockedGame): boolean {
  const { phase, status, early, dueAt } = game;
  return phase === 'open' && status === 'running' && early === 'all_ready' && dueAt !== null && now < dueAt;
}

/** Whether everybody is ready, and the engine knows all vacancies: it is told of them while a turn is open. */
export function isReady(
  { awaiting }: Pick<StoredGame, 'awaiting'>,
  seats: readonly StoredSeat[],
  given: readonly OrdersGiven[],
): boolean {
  if (pendingVacancies(seats).length > 0 || untoldVacancies(seats).length > 0) return false;
  return allReady(awaitedSeats(awaiting, seats), given);
}

/** Whether the time of the turn has come. */
export function isDue({ game, now }: LockedGame): boolean {
  return game.phase === 'open' && game.status === 'running' && game.dueAt !== null && now >= game.dueAt;
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
