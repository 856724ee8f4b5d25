import type { Logger } from '../../telemetry/logger.ts';
import type { GameMaster } from '../context.ts';

export type TurnWorkerOptions = {
  /** Of this run: a UUID. */
  readonly workerId: string;
  /** How many games it attends to at once; those whose last attempt failed may take a quarter of it. */
  readonly engineCalls: number;
  readonly log: Logger;
};

/** Runs until `stop` aborts and running steps have ended; never rejects. Any number of workers may run. */
export declare function runTurnWorker(
  gm: GameMaster,
  options: TurnWorkerOptions,
  stop: AbortSignal,
): Promise<void>;
