// How a report changes a game: of the Runtime Manager about a start job, of the Game Master about a game that it plays.
// Reports may come late, twice, or for runtimes that no longer belong to the game; these rules decide under its lock.
import type { Game } from './game.ts';

/**
 * What the success of a start job means. `repeat`: the container is the game's already. `superseded`: the game no
 * longer waits for it, so the container is to be stopped.
 */
export function startSucceeded(
  game: Pick<Game, 'status' | 'runtimeJobId' | 'boundAt'>,
  jobId: string,
): 'current' | 'repeat' | 'superseded' {
  if (game.runtimeJobId !== jobId) return 'superseded';
  if (game.status === 'starting') return 'current';
  return game.boundAt === null ? 'superseded' : 'repeat';
}

/** Whether the failure of a start job is that of the start that a game waits for. */
export function isCurrentStart(game: Pick<Game, 'status' | 'runtimeJobId'>, jobId: string): boolean {
  return game.status === 'starting' && game.runtimeJobId === jobId;
}

type Report = {
  readonly runtimeJobId: string;
  readonly turn: number;
  /** Whether it reports the end of the game, which counts whatever the turn. */
  readonly finishes: boolean;
};

/**
 * What to do with a report about a game. `wait`: store it until the game, which is still starting, runs. `old`: it is
 * of an earlier runtime or turn. `over`: the game has ended.
 *
 * Of one turn the report that comes later in the stream counts: an engine that fails says so without a new turn. Clocks
 * decide nothing, as those of a Game Master may go back; repeats are recognized by their ids before this is asked.
 */
export function readReport(
  game: Pick<Game, 'status' | 'runtimeJobId' | 'currentTurn'>,
  report: Report,
): 'apply' | 'wait' | 'old' | 'over' {
  if (game.status === 'finished' || game.status === 'cancelled') return 'over';
  if (game.runtimeJobId !== report.runtimeJobId) return 'old';
  if (game.status === 'starting') return 'wait';
  if (game.status !== 'running' && game.status !== 'paused') return 'old';
  return report.finishes || report.turn >= (game.currentTurn ?? 0) ? 'apply' : 'old';
}
