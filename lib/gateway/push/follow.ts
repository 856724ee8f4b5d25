// The push side of a gateway, put together: the client that follows the push log, the hub of streams that it tells,
// and the verification of sessions while it cannot.
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../telemetry/logger.ts';
import { lookUpSession } from '../commands/sessions.ts';
import type { UpstreamService } from '../commands/upstream.ts';
import type { GatewayConfig } from '../config.ts';
import { eventReceived, observePush, streamEnded, streamOpened } from '../instruments.ts';
import { createPushDispatcher } from './dispatcher.ts';
import { type HubLimits, PushHub } from './hub.ts';
import { newGatewayId, PushClient } from './push-client.ts';
import { reloadUnusable } from './reload-unusable.ts';
import { SessionVerification } from './session-verification.ts';
import type { EventSigner } from './signed-event.ts';

export function createPushClient(config: GatewayConfig, log: Logger): PushClient {
  const client = new PushClient({
    addr: config.backend.grpcAddr,
    token: config.upstreamToken,
    gatewayId: newGatewayId(),
    timeoutMs: config.backend.timeoutMs,
    log,
  });
  observePush(() => client.state);
  return client;
}

export function createPushHub(
  deps: { client: PushClient; signer: EventSigner; log: Logger },
  limits: HubLimits,
): PushHub {
  const { client, signer, log } = deps;
  return new PushHub({
    limits,
    signer,
    readUserEvents: reloadUnusable(client.readUserEvents.bind(client), log),
    now: Date.now,
    log,
    observer: { streamOpened, streamEnded, published: (_, streams) => eventReceived(streams > 0) },
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
