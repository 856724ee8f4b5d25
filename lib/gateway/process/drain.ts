import type { Listeners } from '../../node/listeners.ts';
import { within } from '../../node/process.ts';
import type { PushHub } from '../push/hub.ts';

const longestSpreadMs = 3_000;

/**
 * Closes the gRPC listener, which sends GOAWAY on every connection, and the web listener, whose responses then end their
 * connections: a client that calls again, or reopens a stream, does so on a new connection, to another gateway. Then ends the streams, spread over time so that their clients do not all
 * reconnect at once; running commands finish. Public HTTP stays open meanwhile, so that probes and balancers see that
 * the gateway is no longer ready. Connections that are left after `timeoutMs` are cut.
 */
export async function drainGateway(
  { hub, listeners }: { hub: PushHub; listeners: Listeners },
  timeoutMs: number,
): Promise<void> {
  const startedAt = performance.now();
  const signed = Promise.all([
    listeners.close(timeoutMs, 'authenticated-grpc'),
    listeners.close(timeoutMs, 'web-http'),
  ]);
  const spreadMs = Math.min(longestSpreadMs, timeoutMs / 3);
  // Requests of public HTTP that run at the end get a third of the time for themselves.
  await within((timeoutMs * 2) / 3, Promise.all([hub.drain(spreadMs), signed]));
  await Promise.all([signed, listeners.close(Math.max(0, timeoutMs - (performance.now() - startedAt)))]);
}
