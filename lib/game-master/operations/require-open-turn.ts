import { currentTurn, isClosed, ordersVerdict } from '../domain/taking-orders.ts';
import type { Access } from '../peers/lobby.ts';
import { gameNotRunning, turnClosed } from '../refusals.ts';
import type { LockedGame, StoredGame } from '../store/games.ts';
import { requireSetUp } from './access.ts';

/**
 * A game whose turn takes orders.
 * @throws Refusal `game_not_running`, `turn_closed`
 */
export function requireOpenTurn(access: Access, found: LockedGame | undefined, turn: number): StoredGame {
  if (access.status !== 'running' || found === undefined) throw gameNotRunning(access.status);
  const { game, now } = found;
  requireSetUp(access, game);
  switch (ordersVerdict(game, turn, now)) {
    case 'taken':
      return game;
    case 'not_running':
      throw gameNotRunning(game.result === null ? game.status : 'finished');
    case 'turn_closed':
      throw turnClosed({ turn: currentTurn(game), dueAt: game.dueAt }, turn, isClosed(game, now));
  }
}
