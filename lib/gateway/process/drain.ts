import type { Listeners } from '../../node/listeners.ts';
import type { PushHub } from '../push/hub.ts';

const longestSpreadMs = 3_000;

/**
 * Ends the streams, spread so that their clients do not all come back at once, then closes the listeners; running
 * commands finish. Until the streams have ended the listeners are open, so that probes and balancers hear that the
 * gateway is not ready any more. All of it within `timeoutMs`, after which connections are cut.
 */
export async function drainGateway(
  { hub, listeners }: { hub: PushHub; listeners: Listeners },
  timeoutMs: number,
): Promise<void> {
  const startedAt = performance.now();
  await hub.drain(Math.min(longestSpreadMs, timeoutMs / 3));
  await listeners.close(Math.max(0, timeoutMs - (performance.now() - startedAt)));
}
