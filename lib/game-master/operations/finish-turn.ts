import type { GameMaster } from '../context.ts';
import { currentTurn } from '../domain/taking-orders.ts';
import { findGame } from '../store/games.ts';
import { playClosedTurn } from '../turns/play-turn.ts';

/** How long the player whose orders closed a turn waits for it to be played. */
const waitMs = 2_000;

/** Plays a turn that has just closed. What is not done in time, or fails, a turn worker does. */
export async function finishTurn(gm: GameMaster, gameId: string, traceparent?: string): Promise<void> {
  const playing = playClosedTurn(gm, gameId, { timeoutMs: waitMs, traceparent }).catch((error: unknown) => {
    gm.log.warn({ error, game_id: gameId }, 'a turn that closed early is left to a turn worker');
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([playing, tooLong]);
  clearTimeout(timer);
}

/** The turn that takes orders next, or is being played; null once the game is over. */
export async function turnNow({ db }: Pick<GameMaster, 'db'>, gameId: string): Promise<number | null> {
  const game = await findGame(db, gameId);
  return game === undefined || game.phase === 'over' ? null : currentTurn(game);
}
