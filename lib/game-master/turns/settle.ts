// Decides what is to be done next for a game, and when, at the end of every step of it.
import { latestClosing } from '../../time/turn-clock.ts';
import type { GameMaster } from '../context.ts';
import { untoldVacancies } from '../domain/seats.ts';
import type { Tx } from '../store/database.ts';
import type { LockedGame, StoredGame } from '../store/games.ts';
import { type OrdersGiven, ordersGiven } from '../store/orders.ts';
import type { StoredSeat } from '../store/seats.ts';
import { closeTurn, mayCloseByOrders, reasonToClose } from './close-turn.ts';
import { notifyLastAwaited } from './remind.ts';
import { applyVacancies } from './vacate-seat.ts';

export type Settled = {
  /** To be saved by the caller. */
  readonly game: StoredGame;
  readonly seats: readonly StoredSeat[];
  /** Whether the worker keeps its claim, since there is something to do now. */
  readonly goesOn: boolean;
};

type Known = { readonly seats: readonly StoredSeat[]; readonly given?: readonly OrdersGiven[] };

/**
 * Gives effect to what waited for the end of a claim: vacancies, and that everybody is ready, or all but one. The claim
 * ends unless there is something to do now and the worker may go on. The caller publishes what was written after the
 * commit.
 * @param known.given orders for the open turn, where the caller knows them.
 */
export async function settle(
  tx: Tx,
  parts: Pick<GameMaster, 'outbox'>,
  { game, now }: LockedGame,
  known: Known & { readonly mayGoOn: boolean },
): Promise<Settled> {
  const { seats, mayGoOn } = known;
  const settled =
    game.phase === 'open'
      ? await settleOpenTurn(tx, parts, { game, now }, known)
      : { game, seats, closesAt: null };
  const nextAttemptAt = nextAttempt(settled, now);
  const goesOn = mayGoOn && nextAttemptAt !== null && nextAttemptAt <= now;
  const claim = goesOn ? {} : { claimedBy: null, claimToken: null };
  return { game: { ...settled.game, nextAttemptAt, ...claim }, seats: settled.seats, goesOn };
}

type SettledTurn = Pick<Settled, 'game' | 'seats'> & {
  /** When an open turn closes as things are; null while the game is paused. */
  readonly closesAt: Date | null;
};

async function settleOpenTurn(
  tx: Tx,
  parts: Pick<GameMaster, 'outbox'>,
  { game: open, now }: LockedGame,
  known: Known,
): Promise<SettledTurn> {
  const { game, seats } = await applyVacancies(tx, open, known.seats);
  const { dueAt } = game;
  if (dueAt === null || !mayCloseByOrders({ game, now })) return { game, seats, closesAt: dueAt };
  const given = known.given ?? (await ordersGiven(tx, game.gameId));
  const reason = reasonToClose({ game, now }, seats, given);
  if (reason === 'all_ready') {
    return { game: await closeTurn(tx, { game, now }, { seats, given, reason }), seats, closesAt: dueAt };
  }
  if (reason === undefined) await notifyLastAwaited(tx, parts, { game, now }, { seats, given });
  // By its time it closes only after the lobby has been asked.
  const waits = reason === undefined && now >= dueAt;
  return { game, seats, closesAt: waits ? latestClosing(game, dueAt) : dueAt };
}

/** When there is something to do for a game; null when nothing is before somebody else does something. */
function nextAttempt({ game, seats, closesAt }: SettledTurn, now: Date): Date | null {
  switch (game.phase) {
    case 'over':
      return null;
    case 'setting_up':
    case 'closed':
      return now;
    case 'open':
      return untoldVacancies(seats).length > 0 ? now : closesAt;
  }
}
