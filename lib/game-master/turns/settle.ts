// Decides what is to be done next for a game, and when, at the end of every step of it.
import { untoldVacancies } from '../domain/seats.ts';
import type { Tx } from '../store/database.ts';
import type { LockedGame, StoredGame } from '../store/games.ts';
import { type OrdersGiven, ordersGiven } from '../store/orders.ts';
import type { StoredSeat } from '../store/seats.ts';
import { closeTurn, isReady, mayCloseEarly } from './close-turn.ts';
import { applyVacancies } from './vacate-seat.ts';

export type Settled = {
  /** To be saved by the caller. */
  readonly game: StoredGame;
  readonly seats: readonly StoredSeat[];
  /** Whether the worker keeps its claim, since there is something to do now. */
  readonly goesOn: boolean;
};

/**
 * Gives effect to what waited for the end of a claim: vacancies, and that everybody is ready. The claim ends unless there
 * is something to do now and the worker may go on.
 * @param parts.given orders for the open turn, where the caller knows them.
 */
export async function settle(
  tx: Tx,
  { game, now }: LockedGame,
  parts: {
    readonly seats: readonly StoredSeat[];
    readonly given?: readonly OrdersGiven[];
    readonly mayGoOn: boolean;
  },
): Promise<Settled> {
  const { seats, mayGoOn } = parts;
  let settled = { game, seats };
  if (game.phase === 'open') {
    settled = await applyVacancies(tx, game, seats);
    if (mayCloseEarly({ game: settled.game, now })) {
      const given = parts.given ?? (await ordersGiven(tx, game.gameId));
      if (isReady(settled.game, settled.seats, given)) {
        const closing = { seats: settled.seats, given, reason: 'all_ready' as const };
        settled = { ...settled, game: await closeTurn(tx, { game: settled.game, now }, closing) };
      }
    }
  }
  const nextAttemptAt = nextAttempt(settled.game, settled.seats, now);
  const goesOn = mayGoOn && nextAttemptAt !== null && nextAttemptAt <= now;
  const claim = goesOn ? {} : { claimedBy: null, claimToken: null };
  return { game: { ...settled.game, nextAttemptAt, ...claim }, seats: settled.seats, goesOn };
}

/** When there is something to do for a game; null when nothing is before somebody else does something. */
function nextAttempt(game: StoredGame, seats: readonly StoredSeat[], now: Date): Date | null {
  switch (game.phase) {
    case 'over':
      return null;
    case 'setting_up':
    case 'closed':
      return now;
    case 'open':
      return untoldVacancies(seats).length > 0 ? now : game.dueAt;
  }
}
