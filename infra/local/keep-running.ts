// Keeps one part of the platform running: a developer who kills a process, or whose change lets one crash, keeps the
// others. A part that ends again and again is given up.
import { sleep } from '../../lib/node/sleep.ts';

const restartsWithinWindow = 5;
const windowMs = 60_000;
/** After a start that failed, so that what was in its way may disappear. */
const pauseMs = 1_000;

export type Part = {
  /** Resolves with the reason when it ends without having been asked to. */
  readonly lost: Promise<string | Error>;
  stop(): Promise<void>;
};

export type Kept<P extends Part> = {
  /** As it was started first. */
  readonly first: P;
  /** Resolves with a sentence once it is given up. */
  readonly lost: Promise<string>;
  stop(): Promise<void>;
};

/**
 * Starts a part, and again whenever it ends by itself; `log` hears of that. Gives it up when it ends once more after five
 * restarts within a minute.
 * @param start of one that ended before, too, so on the same port; gives up early when `stop` aborts.
 * @throws what the first start throws.
 */
export async function keepRunning<P extends Part>(
  name: string,
  start: (stop: AbortSignal) => Promise<P>,
  log: (line: string) => void,
): Promise<Kept<P>> {
  const stopping = new AbortController();
  const stop = stopping.signal;
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const given = Promise.withResolvers<string>();
  const first = await start(stop);
  let part = first;

  const again = async (): Promise<string | Error | undefined> => {
    log(`starting ${name} again`);
    try {
      part = await start(stop);
    } catch (error) {
      await sleep(pauseMs, stop);
      if (stop.aborted) return undefined;
      return error instanceof Error ? error : new Error(`${name} did not start`, { cause: error });
    }
    log(`${name} runs again`);
    return Promise.race([part.lost, stopped]);
  };
  const watch = async () => {
    let restarts: number[] = [];
    let ending = await Promise.race([part.lost, stopped]);
    while (ending !== undefined) {
      const how = typeof ending === 'string' ? ending : ending.message;
      restarts = restarts.filter((at) => performance.now() - at < windowMs);
      if (restarts.length === restartsWithinWindow) {
        given.resolve(`${name} ended more than ${restartsWithinWindow} times within a minute: ${how}`);
        return;
      }
      restarts.push(performance.now());
      log(how);
      ending = await again();
    }
  };
  const watched = watch();
  return {
    first,
    lost: given.promise,
    async stop() {
      stopping.abort();
      await watched;
      await part.stop();
    },
  };
}
