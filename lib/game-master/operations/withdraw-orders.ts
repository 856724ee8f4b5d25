import type { GameMaster } from '../context.ts';
import type { Access } from '../peers/lobby.ts';
import type { Work } from '../store/database.ts';
import { lockGame, saveGame } from '../store/games.ts';
import { deleteOrdersOf } from '../store/orders.ts';
import { findGameNow } from '../store/reads.ts';
import { seatOf } from './access.ts';
import { requireOpenTurn } from './require-open-turn.ts';
import type { ChangedOrders } from './submit-orders.ts';

/**
 * Takes back the orders of a seat for the open turn; a seat without orders has nothing to take back, which is as well.
 * @throws Refusal `forbidden`, `game_not_running`, `turn_closed`
 */
export async function withdrawOrders(
  { db }: Pick<GameMaster, 'db'>,
  access: Access,
  turn: number,
): Promise<Work<ChangedOrders>> {
  const { gameId } = access;
  const seat = seatOf(access);
  await requireOpenTurn(db, access, await findGameNow(db, gameId), turn);
  return async (tx) => {
    const game = await requireOpenTurn(tx, access, await lockGame(tx, gameId), turn);
    const bytes = await deleteOrdersOf(tx, gameId, [seat]);
    if (bytes > 0) {
      await saveGame(tx, { ...game, ordersBytes: game.ordersBytes - bytes, readinessChanged: true });
    }
    return { gameId, turn, state: 'none', storedAt: null, closed: false, notified: false };
  };
}
