import type { Listeners } from '../../node/listeners.ts';
import type { PushHub } from '../push/hub.ts';

const longestSpreadMs = 3_000;

/**
 * Ends the streams, spread over time so that their clients do not all reconnect at once, then closes the listeners;
 * running commands finish. The listeners stay open until the streams have ended, so that probes and balancers see that
 * the gateway is no longer ready. Connections that are left after `timeoutMs` are cut.
 */
export async function drainGateway(
  { hub, listeners }: { hub: PushHub; listeners: Listeners },
  timeoutMs: number,
): Promise<void> {
  const startedAt = performance.now();
  await hub.drain(Math.min(longestSpreadMs, timeoutMs / 3));
  await listeners.close(Math.max(0, timeoutMs - (performance.now() - startedAt)));
}
