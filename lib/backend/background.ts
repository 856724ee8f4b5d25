// Work that goes on after its request was answered. A failure is logged under the work's name and nothing else
// happens: whoever waits for the effect (a person for a mail) asks again.
import type { Logger } from '../telemetry/logger.ts';

export type Background = {
  /** Starts the work and returns at once. */
  run(name: string, work: () => Promise<void>): void;
  /** Resolves when all the work that was started has ended. */
  settled(): Promise<void>;
};

export function createBackground(log: Logger): Background {
  const running = new Set<Promise<void>>();
  return {
    run(name, work) {
      const task = work()
        .catch((error: unknown) => log.error({ error, work: name }, 'background work failed'))
        .finally(() => running.delete(task));
      running.add(task);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
