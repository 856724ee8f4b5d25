// Builds the gateway's services, for gRPC and for browsers, from the checks of signed requests, commands and event
// streams. Both share limits, replay reservations, upstreams and streams.
import { callerAddress } from '../../http/client-address.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { RequestLimits } from '../commands/admission.ts';
import type { CommandUpstreams } from '../commands/execute-command.ts';
import { ReplayReservations, type ReplayStore } from '../commands/replay-reservations.ts';
import type { ResponseSigner } from '../commands/response-signer.ts';
import { createUseReports } from '../commands/session-use.ts';
import type { UpstreamService } from '../commands/upstream.ts';
import type { GatewayConfig } from '../config.ts';
import { createEdgeGatewayService, type EdgeGateway } from '../grpc/edge-gateway-service.ts';
import type { PushHub } from '../push/hub.ts';
import { createWebGateway, type WebGateway } from '../web/web-gateway.ts';

export function createEdgeGateways(
  config: Pick<GatewayConfig, 'freshnessWindowMs' | 'trustedProxies' | 'publicHttp' | 'authenticatedGrpc'>,
  parts: {
    upstreams: CommandUpstreams & { readonly sessions: UpstreamService };
    limits: RequestLimits;
    redis: ReplayStore;
    signer: ResponseSigner;
    hub: PushHub;
    log: Logger;
    /** Aborts when the drain begins. */
    stopping: AbortSignal;
  },
): { edgeGateway: EdgeGateway; webGateway: WebGateway } {
  const { upstreams, limits, redis, signer, hub, log, stopping } = parts;
  const { freshnessWindowMs, trustedProxies } = config;
  const deps = {
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
    now: Date.now,
    log,
  };
  const { corsOrigins } = config.publicHttp;
  return {
    edgeGateway: createEdgeGatewayService({
      ...deps,
      clientAddressOf: (call) => callerAddress(call, trustedProxies),
      directEvents: config.authenticatedGrpc.directEvents,
    }),
    webGateway: createWebGateway({ ...deps, trustedProxies, corsOrigins, stopping }),
  };
}
