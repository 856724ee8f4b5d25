import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until what has been started is up. When it ends before that, rejects as it did, and has stopped to ask: the next
 * test file may run in this process, and its stand-ins would get the requests.
 * @param isUp asked every 20 ms; a rejection counts as "not yet".
 * @param running settles when it ends.
 */
export async function untilUp(
  isUp: () => Promise<boolean>,
  running: Promise<unknown>,
  withinMs = 30_000,
): Promise<void> {
  let asking = true;
  const up = (async () => {
    for (const deadline = Date.now() + withinMs; asking && Date.now() < deadline; await delay(20)) {
      if (await isUp().catch(() => false)) return;
    }
    throw new Error(`It was not up within ${withinMs} ms.`);
  })();
  const early = running.then(() => {
    throw new Error('It ended before it was up.');
  });
  try {
    await Promise.race([up, early]);
  } finally {
    asking = false;
    await Promise.allSettled([up]);
  }
}
