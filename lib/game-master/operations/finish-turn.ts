import type { GameMaster } from '../context.ts';
import { currentTurn } from '../domain/taking-orders.ts';
import { findGame } from '../store/games.ts';
import { playedByRequestMs } from '../turns/close-turn.ts';
import { playClosedTurn } from '../turns/play-turn.ts';

/**
 * Plays a turn that the request has just closed, and waits a moment for it. What is not done in time, or fails, a turn
 * worker does.
 */
export async function finishTurn(gm: GameMaster, gameId: string, traceparent?: string): Promise<void> {
  const playing = playClosedTurn(gm, gameId, { timeoutMs: playedByRequestMs, traceparent });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise((resolve) => {
    timer = setTimeout(resolve, playedByRequestMs);
  });
  await Promise.race([playing, tooLong]);
  clearTimeout(timer);
}

/** The turn that takes orders next, or is being played; null once the game is over. */
export async function turnNow({ db }: Pick<GameMaster, 'db'>, gameId: string): Promise<number | null> {
  const game = await findGame(db, gameId);
  return game === undefined || game.phase === 'over' ? null : currentTurn(game);
}
