// How a report changes a game: of the Runtime Manager about a start job, of the Game Master about a game that it plays.
// Reports may come late, twice, or for runtimes that no longer belong to the game; these rules decide under its lock.
import type { Game, GameResult } from './game.ts';

/** A container that runs a game, and the base URL of the engine in it. */
export type Container = { readonly containerId: string; readonly engineEndpoint: string };

/**
 * What the success of a start job means. `moved`: the engine was restarted, and is elsewhere now. `repeat`: nothing is
 * to be done. `superseded`: the game no longer waits for it, or is over, so the container is to be stopped, perhaps once
 * more.
 */
export function startSucceeded(
  game: Pick<Game, 'status' | 'runtimeJobId' | 'boundAt' | 'containerId' | 'engineEndpoint'>,
  jobId: string,
  { containerId, engineEndpoint }: Container,
): 'current' | 'moved' | 'repeat' | 'superseded' {
  if (game.runtimeJobId !== jobId) return 'superseded';
  if (game.status === 'starting') return 'current';
  const plays = game.status === 'running' || game.status === 'paused';
  if (!plays || game.boundAt === null) return 'superseded';
  const elsewhere = game.containerId !== containerId || game.engineEndpoint !== engineEndpoint;
  return elsewhere ? 'moved' : 'repeat';
}

/** Whether the failure of a start job is that of the start that a game waits for. */
export function isCurrentStart(game: Pick<Game, 'status' | 'runtimeJobId'>, jobId: string): boolean {
  return game.status === 'starting' && game.runtimeJobId === jobId;
}

type Report = {
  readonly runtimeJobId: string;
  /** Missing in reports of version 1. */
  readonly reportSeq: number | undefined;
  readonly turn: number;
  /** Whether it reports the end of the game, which counts whatever came before. */
  readonly finishes: boolean;
};

/**
 * What to do with a report about a game. `wait`: store it until the game, which is still starting, runs. `old`: it is
 * of an earlier runtime, or older than what is known. `over`: the game has ended.
 *
 * Reports are ordered by their number. Of those without one the later turn counts, and of one turn the report that comes
 * later in the stream: an engine that fails says so without a new turn. Clocks decide nothing, as those of a Game Master
 * may go back; repeats are recognized by their ids before this is asked.
 */
export function readReport(
  game: Pick<Game, 'status' | 'runtimeJobId' | 'currentTurn' | 'reportSeq'>,
  report: Report,
): 'apply' | 'wait' | 'old' | 'over' {
  if (game.status === 'finished' || game.status === 'cancelled') return 'over';
  if (game.runtimeJobId !== report.runtimeJobId) return 'old';
  if (game.status === 'starting') return 'wait';
  if (game.status !== 'running' && game.status !== 'paused') return 'old';
  if (report.finishes) return 'apply';
  const isNewer =
    report.reportSeq === undefined
      ? report.turn >= (game.currentTurn ?? 0)
      : report.reportSeq > (game.reportSeq ?? 0);
  return isNewer ? 'apply' : 'old';
}

/** Who holds or held a seat. */
export type SeatHolder = { readonly seat: number; readonly userId: string; readonly raceName: string };

type ReportedResult = {
  readonly kind: GameResult['kind'];
  readonly placements: readonly Pick<GameResult['placements'][number], 'seat' | 'rank' | 'team' | 'score'>[];
};

/** The result of a game with who held each seat, the best first; seats of nobody are those of bots. */
export function resultWithHolders(result: ReportedResult, holders: readonly SeatHolder[]): GameResult {
  const bySeat = new Map(holders.map((holder) => [holder.seat, holder]));
  const placements = result.placements
    .map(({ seat, rank, team, score }) => ({
      seat,
      rank,
      ...(team === undefined ? {} : { team }),
      ...(score === undefined ? {} : { score }),
      userId: bySeat.get(seat)?.userId ?? null,
      raceName: bySeat.get(seat)?.raceName ?? null,
    }))
    .toSorted((one, other) => one.rank - other.rank || one.seat - other.seat);
  return { kind: result.kind, placements };
}
