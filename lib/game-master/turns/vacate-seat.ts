// A member leaves a game that runs: the seat stays, and nobody holds it. That takes effect while a turn is open. Its engine
// is told then, by a worker under its claim, and no turn closes before.
import type { GameMaster } from '../context.ts';
import { pendingVacancies } from '../domain/seats.ts';
import type { Tx } from '../store/database.ts';
import { type LockedGame, type StoredGame, saveGame } from '../store/games.ts';
import { deleteOrdersOf, ordersGiven } from '../store/orders.ts';
import { markVacant, markVacated, type StoredSeat, seatsOf } from '../store/seats.ts';
import { mayCloseByOrders } from './close-turn.ts';
import { notifyLastAwaited } from './remind.ts';

/**
 * Notes down that the holder of a seat has left a game that the transaction has locked. While a worker is at the game, or
 * its turn is closed, it takes effect afterwards.
 * @param at when the holder left.
 */
export async function vacateSeat(
  tx: Tx,
  parts: Pick<GameMaster, 'outbox'>,
  { game, now }: LockedGame,
  seat: number,
  at: Date,
): Promise<void> {
  const { gameId, phase, claimedBy } = game;
  if (phase === 'over') return;
  await markVacated(tx, gameId, [seat], at);
  if (phase !== 'open' || claimedBy !== null) return;
  const { vacated, game: changed, seats } = await applyVacancies(tx, game, await seatsOf(tx, gameId));
  if (!vacated) return;
  await saveGame(tx, { ...changed, nextAttemptAt: now });
  if (!mayCloseByOrders({ game: changed, now })) return;
  const given = await ordersGiven(tx, gameId);
  await notifyLastAwaited(tx, parts, { game: changed, now }, { seats, given });
}

/** Gives effect to vacancies while a turn is open. @returns game and seats afterwards; the caller saves the game. */
export async function applyVacancies(
  tx: Tx,
  game: StoredGame,
  seats: readonly StoredSeat[],
): Promise<{ readonly vacated: boolean; readonly game: StoredGame; readonly seats: readonly StoredSeat[] }> {
  const left = new Set(pendingVacancies(seats));
  if (left.size === 0) return { vacated: false, game, seats };
  await markVacant(tx, game.gameId, [...left]);
  const bytes = await deleteOrdersOf(tx, game.gameId, [...left]);
  return {
    vacated: true,
    game: { ...game, ordersBytes: game.ordersBytes - bytes, readinessChanged: true },
    seats: seats.map((seat) => (left.has(seat.seat) ? { ...seat, vacant: true } : seat)),
  };
}
