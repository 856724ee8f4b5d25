// The loop of every worker that acts at intervals; the caller provides the function for one tick.
//
// Guarantees: the first tick comes at once; one runs at a time; the pause between two is the interval, plus or minus a
// tenth, so that replicas started together drift apart. A tick that fails is logged, and tried again after a pause that
// doubles from one second to a minute until one succeeds. On `stop` it starts no further tick, aborts the running one's
// signal, and returns when that has returned.
import type { Logger } from '../telemetry/logger.ts';
import { sleep } from './sleep.ts';

const firstBackoffMs = 1_000;
const longestBackoffMs = 60_000;
const jitter = 0.1;

export type TickLoop = {
  readonly name: string;
  readonly intervalMs: number;
  /** Should look at `stop` between pieces of work. */
  readonly tick: (stop: AbortSignal) => Promise<void>;
  /** How many failures in a row are logged as info, for a tick whose peer may still be starting; 0 by default. */
  readonly quietFailures?: number;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export async function runTicks(loop: TickLoop, stop: AbortSignal): Promise<void> {
  const log = loop.log.child({ worker: loop.name });
  log.info({ interval_ms: loop.intervalMs }, 'worker started');
  let failures = 0;
  while (!stop.aborted) {
    try {
      await loop.tick(stop);
      failures = 0;
    } catch (error) {
      failures += 1;
      log[failures > (loop.quietFailures ?? 0) ? 'error' : 'info']({ error, failures }, 'tick failed');
    }
    const pauseMs = failures === 0 ? loop.intervalMs : backoffMs(failures, loop.intervalMs);
    await sleep(pauseMs * (1 + jitter * (2 * Math.random() - 1)), stop);
  }
  log.info('worker stopped');
}

/** The pause after so many failures in a row: short after the first, even where the interval is long. */
export function backoffMs(failures: number, intervalMs: number): number {
  const first = Math.min(firstBackoffMs, intervalMs);
  return Math.min(first * 2 ** Math.min(failures - 1, 30), longestBackoffMs);
}
