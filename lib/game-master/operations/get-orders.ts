import type { Caller } from '../../http/caller.ts';
import type { GameMaster } from '../context.ts';
import { currentTurn } from '../domain/taking-orders.ts';
import { gameNotRunning, turnClosed } from '../refusals.ts';
import { findOrders } from '../store/orders.ts';
import { findGameNow } from '../store/reads.ts';
import { accessOf, hasEnded, requireSetUp, seatOf } from './access.ts';

export type OwnOrders = {
  readonly turn: number;
  readonly state: 'none' | 'draft' | 'ready';
  readonly orders: unknown;
  readonly storedAt: Date | null;
};

/**
 * The caller's own orders for the turn that is open, also while the game is paused.
 * @param turn the open one unless given.
 * @throws Refusal `not_found`, `forbidden`, `game_not_running`, `turn_closed`
 */
export async function getOrders(
  gm: Pick<GameMaster, 'db' | 'lobby' | 'log'>,
  caller: Caller,
  gameId: string,
  turn: number | undefined,
): Promise<OwnOrders> {
  const access = await accessOf(gm, caller, gameId);
  const seat = seatOf(access);
  const found = await findGameNow(gm.db, gameId);
  const game = requireSetUp(access, found?.game);
  if (hasEnded(access) || game.phase === 'over') {
    throw gameNotRunning(hasEnded(access) ? access.status : 'finished');
  }
  const open = currentTurn(game);
  const closed = game.phase === 'closed';
  const orders = await findOrders(gm.db, gameId, seat);
  if (closed || (turn ?? open) !== open)
    throw turnClosed({ turn: open, dueAt: game.dueAt }, turn ?? open, closed);
  // The turn may have been played in between; then orders that are here are of the next one.
  if (orders?.turn !== open) return { turn: open, state: 'none', orders: null, storedAt: null };
  return {
    turn: open,
    state: orders.ready ? 'ready' : 'draft',
    orders: orders.orders,
    storedAt: orders.storedAt,
  };
}
