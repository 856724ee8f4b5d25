// What the gauges of games show, read from PostgreSQL: every turn worker sees the same, whichever of them is at a game.
import { runTicks } from '../../node/tick-loop.ts';
import type { GameMaster } from '../context.ts';
import { engineHealths } from '../domain/game.ts';
import { gamesSeen } from '../instruments.ts';
import { countGames, firstWaiting } from '../store/games.ts';

const intervalMs = 15_000;

/** Runs until `stop` aborts; never rejects. */
export function countGamesRegularly(
  { db, log }: Pick<GameMaster, 'db' | 'log'>,
  stop: AbortSignal,
): Promise<void> {
  const tick = async () => {
    const [counted, { healthy = 0, failing = 0 }] = [await countGames(db), await firstWaiting(db)];
    gamesSeen({
      // A health that no game has any more must not keep its last number.
      byHealth: new Map(engineHealths.map((health) => [health, counted.get(health) ?? 0])),
      overdueSeconds: Math.max(0, -healthy, -failing) / 1_000,
    });
  };
  return runTicks({ name: 'game counts', intervalMs, tick, log }, stop);
}
