// Whether a turn takes orders. The same rule refuses a request early, and decides under the game's lock.
import { engineBounds } from '../../engine/api.ts';
import type { GameStatus, Phase } from './game.ts';

type Turn = {
  readonly status: GameStatus;
  readonly phase: Phase;
  readonly playedTurn: number;
  readonly dueAt: Date | null;
};

/** The turn that is to be played next; of a game that is over, the last one. */
export function currentTurn({ phase, playedTurn }: Pick<Turn, 'phase' | 'playedTurn'>): number {
  return phase === 'over' ? playedTurn : playedTurn + 1;
}

/**
 * Whether the turn takes no more orders: it has closed, or its time has passed before a worker came to close it.
 * @param now PostgreSQL's time.
 */
export function isClosed({ phase, dueAt }: Pick<Turn, 'phase' | 'dueAt'>, now: Date): boolean {
  return phase === 'closed' || (phase === 'open' && dueAt !== null && now >= dueAt);
}

/** @param now PostgreSQL's time, read after the game was locked when the outcome decides. */
export function ordersVerdict(game: Turn, turn: number, now: Date): 'taken' | 'not_running' | 'turn_closed' {
  if (game.status !== 'running' || game.phase === 'setting_up' || game.phase === 'over') return 'not_running';
  return turn !== currentTurn(game) || isClosed(game, now) ? 'turn_closed' : 'taken';
}

/** What is wrong with the size of orders, if anything. @param othersBytes of all other seats. */
export function sizeProblem(bytes: number, othersBytes: number): string | undefined {
  if (bytes > engineBounds.ordersBytes) {
    return `Your orders have ${bytes} bytes as JSON; at most ${engineBounds.ordersBytes} are taken.`;
  }
  if (bytes + othersBytes > engineBounds.turnOrdersBytes) {
    return `The orders of all seats would have more than ${engineBounds.turnOrdersBytes} bytes in this turn.`;
  }
  return undefined;
}
