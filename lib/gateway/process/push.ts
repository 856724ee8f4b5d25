// Builds the push side of a gateway: the client that follows the push log, the hub that owns the event streams, and the
// verification of sessions while the push log cannot be read.
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../telemetry/logger.ts';
import { lookUpSession } from '../commands/sessions.ts';
import type { UpstreamService } from '../commands/upstream.ts';
import type { GatewayConfig } from '../config.ts';
import { eventReceived, observePush, streamEnded, streamOpened } from '../instruments.ts';
import { type HubLimits, PushHub } from '../push/hub.ts';
import { newGatewayId, PushClient } from '../push/push-client.ts';
import { createPushListener } from '../push/push-listener.ts';
import { resyncOnUnusablePage } from '../push/resync-on-unusable-page.ts';
import { SessionVerification } from '../push/session-verification.ts';
import type { EventSigner } from '../push/signed-event.ts';

export function createPushClient(config: GatewayConfig, log: Logger): PushClient {
  return new PushClient({
    addr: config.backend.grpcAddr,
    token: config.upstreamToken,
    gatewayId: newGatewayId(),
    timeoutMs: config.backend.timeoutMs,
    log,
  });
}

export function createPushHub(
  deps: { client: PushClient; signer: EventSigner; log: Logger },
  limits: HubLimits,
): PushHub {
  const { client, signer, log } = deps;
  return new PushHub({
    limits,
    signer,
    readUserEvents: resyncOnUnusablePage(client.readUserEvents.bind(client), log),
    now: Date.now,
    log,
    observer: { streamOpened, streamEnded, published: (_, streams) => eventReceived(streams > 0) },
  });
}

/**
 * Applies the push log to the hub's streams until `stop` aborts.
 * @param deps.backend not the pool of session look-ups, which strangers can keep busy.
 */
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
  const stopObserving = observePush(() => client.state);
  await Promise.all([
    client.run(createPushListener(hub, verification, log), stop),
    verification.run(stop),
  ]).finally(stopObserving);
}
