// The push side of a gateway, put together: the client that follows the push log, what it tells the hub, and the
// verification of sessions while it cannot.
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../telemetry/logger.ts';
import type { GatewayConfig } from '../config.ts';
import { lookUpSession } from '../sessions.ts';
import type { UpstreamService } from '../upstream.ts';
import { createPushDispatcher } from './dispatcher.ts';
import type { PushHub } from './hub.ts';
import { newGatewayId, PushClient } from './push-client.ts';
import { SessionVerification } from './session-verification.ts';

export function createPushClient(config: GatewayConfig, log: Logger): PushClient {
  return new PushClient({
    addr: config.backend.grpcAddr,
    token: config.upstreamToken,
    gatewayId: newGatewayId(),
    timeoutMs: config.backend.timeoutMs,
    log,
  });
}

/** Keeps the hub's streams in step with the push log until `stop` aborts. */
export async function followPush(
  deps: { client: PushClient; hub: PushHub; backend: UpstreamService; log: Logger },
  config: GatewayConfig['push'],
  stop: AbortSignal,
): Promise<void> {
  const { client, hub, backend, log } = deps;
  const verification = new SessionVerification({
    hub,
    push: client,
    lookUp: (deviceSessionId, signal) =>
      lookUpSession(backend, deviceSessionId, { headers: { 'x-request-id': randomUUID() }, signal }),
    staleAfterMs: config.staleAfterMs,
    unverifiedAfterMs: config.unverifiedAfterMs,
    log,
  });
  await Promise.all([client.run(createPushDispatcher(hub, verification), stop), verification.run(stop)]);
}
