import type { GameMaster } from '../context.ts';
import { findFailingGames, firstWaiting, type StoredGame } from '../store/games.ts';
import { countWorkers } from '../store/workers.ts';

const failingAtMost = 20;

export type PlayState = {
  /** Turn workers that are alive, and the turns that they played in the last minute. */
  readonly workers: number;
  readonly turnsLastMinute: number;
  /** How long the game that has waited longest for a turn worker has waited. */
  readonly overdueSeconds: number;
  readonly failing: readonly StoredGame[];
  readonly isComplete: boolean;
};

/** What the turn workers do now, and the games whose engines fail. */
export async function getPlayState({ db }: Pick<GameMaster, 'db'>): Promise<PlayState> {
  const { workers, turnsLastMinute } = await countWorkers(db);
  const { healthy = 0, failing = 0 } = await firstWaiting(db);
  const found = await findFailingGames(db, failingAtMost + 1);
  return {
    workers,
    turnsLastMinute,
    overdueSeconds: Math.max(0, -healthy, -failing) / 1_000,
    failing: found.slice(0, failingAtMost),
    isComplete: found.length <= failingAtMost,
  };
}
