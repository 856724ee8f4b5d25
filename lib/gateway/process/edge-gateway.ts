// Builds the gateway's gRPC service from the checks of signed requests, commands and event streams.
import type { Logger } from '../../telemetry/logger.ts';
import { callerAddress } from '../client-address.ts';
import type { RequestLimits } from '../commands/admission.ts';
import type { CommandUpstreams } from '../commands/execute-command.ts';
import { ReplayReservations, type ReplayStore } from '../commands/replay-reservations.ts';
import type { ResponseSigner } from '../commands/response-signer.ts';
import { createUseReports } from '../commands/session-use.ts';
import type { UpstreamService } from '../commands/upstream.ts';
import type { GatewayConfig } from '../config.ts';
import { createEdgeGatewayService, type EdgeGateway } from '../grpc/edge-gateway-service.ts';
import type { PushHub } from '../push/hub.ts';

export function createEdgeGateway(
  { freshnessWindowMs, trustedProxies }: Pick<GatewayConfig, 'freshnessWindowMs' | 'trustedProxies'>,
  parts: {
    upstreams: CommandUpstreams & { readonly sessions: UpstreamService };
    limits: RequestLimits;
    redis: ReplayStore;
    signer: ResponseSigner;
    hub: PushHub;
    log: Logger;
  },
): EdgeGateway {
  const { upstreams, limits, redis, signer, hub, log } = parts;
  return createEdgeGatewayService({
    admission: {
      sessions: upstreams.sessions,
      reportUse: createUseReports(upstreams.backend, log),
      limits,
      replay: new ReplayReservations(redis, freshnessWindowMs),
      freshnessWindowMs,
      now: Date.now,
    },
    upstreams,
    signer,
    hub,
    clientAddressOf: (call) => callerAddress(call, trustedProxies),
    now: Date.now,
    log,
  });
}
