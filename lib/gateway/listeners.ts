// The gateway's listeners: public HTTP for probes and sign-in, gRPC for signed requests, admin HTTP for metrics.

import { listenGrpc } from '../node/grpc-listener.ts';
import { type HttpListenerApp, listenHttp } from '../node/http-listener.ts';
import { type Listeners, openListeners } from '../node/listeners.ts';
import type { Logger } from '../telemetry/logger.ts';
import { planAdminListener } from './admin-listener.ts';
import { connectionsPerAddress } from './client-address.ts';
import type { GatewayConfig } from './config.ts';
import { type EdgeGateway, edgeGatewayDefinition } from './edge-gateway-service.ts';
import { grpcServerOptions } from './grpc-options.ts';

/** @throws StartupError naming every address that cannot be bound. */
export function openGatewayListeners(
  serve: {
    publicHttp: HttpListenerApp;
    edgeGateway: EdgeGateway;
    adminHttp: HttpListenerApp | undefined;
  },
  {
    publicHttp,
    authenticatedGrpc,
    admin,
    trustedProxies,
  }: Pick<GatewayConfig, 'publicHttp' | 'authenticatedGrpc' | 'admin' | 'trustedProxies'>,
  log: Logger,
): Promise<Listeners> {
  return openListeners(
    [
      {
        name: 'authenticated-grpc',
        address: authenticatedGrpc.addr,
        variable: 'GATEWAY_AUTHENTICATED_GRPC_ADDR',
        open: () =>
          listenGrpc(
            (server) => server.addService(edgeGatewayDefinition, { ...serve.edgeGateway }),
            authenticatedGrpc.addr,
            grpcServerOptions,
          ),
      },
      {
        name: 'public-http',
        address: publicHttp.addr,
        variable: 'GATEWAY_PUBLIC_HTTP_ADDR',
        open: () =>
          listenHttp(serve.publicHttp, publicHttp.addr, publicHttp, {
            ...publicHttp,
            connectionsPerAddress: connectionsPerAddress(publicHttp.maxConnectionsPerAddress, trustedProxies),
          }),
      },
      ...(serve.adminHttp && admin.addr ? [planAdminListener(serve.adminHttp, admin.addr)] : []),
    ],
    log,
  );
}
