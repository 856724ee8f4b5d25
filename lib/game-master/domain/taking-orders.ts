// Whether a turn takes orders. The same rule refuses a request early, and decides under the game's lock.
import { engineBounds } from '../../engine/api.ts';
import { latestClosing } from '../../time/turn-clock.ts';
import type { GameStatus, Phase } from './game.ts';

type Turn = {
  readonly status: GameStatus;
  readonly phase: Phase;
  readonly playedTurn: number;
  readonly dueAt: Date | null;
  readonly graceSeconds: number;
};

type OpenTurn = Pick<Turn, 'phase' | 'dueAt' | 'graceSeconds'>;

/** The turn that is to be played next; of a game that is over, the last one. */
export function currentTurn({ phase, playedTurn }: Pick<Turn, 'phase' | 'playedTurn'>): number {
  return phase === 'over' ? playedTurn : playedTurn + 1;
}

/** Whether the turn is due, and still open if it waits for a seat that has given nothing. */
export function isInGrace({ phase, dueAt, graceSeconds }: OpenTurn, now: Date): boolean {
  return phase === 'open' && dueAt !== null && now >= dueAt && now < latestClosing({ graceSeconds }, dueAt);
}

/**
 * Whether the turn takes no more orders: it has closed, or its time has passed before a worker came to close it.
 * @param anyMissing whether it waits for a seat that has given nothing; counts in its grace.
 * @param now PostgreSQL's time.
 */
export function isClosed(game: OpenTurn, anyMissing: boolean, now: Date): boolean {
  if (game.phase !== 'open' || game.dueAt === null) return game.phase === 'closed';
  return now >= game.dueAt && !(anyMissing && isInGrace(game, now));
}

/** @param now PostgreSQL's time, read after the game was locked when the outcome decides. */
export function ordersVerdict(
  game: Turn,
  turn: number,
  anyMissing: boolean,
  now: Date,
): 'taken' | 'not_running' | 'turn_closed' {
  if (game.status !== 'running' || game.phase === 'setting_up' || game.phase === 'over') return 'not_running';
  return turn !== currentTurn(game) || isClosed(game, anyMissing, now) ? 'turn_closed' : 'taken';
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
