// The gateway's listeners: public HTTP for probes and sign-in, gRPC for signed requests, admin HTTP for metrics.
import { Connections } from '../../node/connections.ts';
import { type HttpBounds, type HttpListenerApp, listenHttp } from '../../node/http-listener.ts';
import { type Listeners, openListeners } from '../../node/listeners.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { connectionsPerAddress } from '../client-address.ts';
import type { GatewayConfig } from '../config.ts';
import { type GrpcServing, openGrpcListener } from '../grpc/listener.ts';
import { connectionClosed, connectionOpened } from '../instruments.ts';
import { planAdminListener } from './admin-listener.ts';

/** @throws StartupError naming every address that cannot be bound. */
export function openGatewayListeners(
  serve: GrpcServing & {
    publicHttp: HttpListenerApp;
    adminHttp: HttpListenerApp | undefined;
  },
  config: GatewayConfig,
  log: Logger,
): Promise<Listeners> {
  const { publicHttp, authenticatedGrpc, admin } = config;
  return openListeners(
    [
      {
        name: 'authenticated-grpc',
        address: authenticatedGrpc.addr,
        variable: 'GATEWAY_AUTHENTICATED_GRPC_ADDR',
        open: () => openGrpcListener(serve, config, log),
      },
      {
        name: 'public-http',
        address: publicHttp.addr,
        variable: 'GATEWAY_PUBLIC_HTTP_ADDR',
        open: () =>
          listenHttp(serve.publicHttp, publicHttp.addr, publicHttp, log, publicHttpBounds(config, log)),
      },
      ...(serve.adminHttp && admin.addr ? [planAdminListener(serve.adminHttp, admin.addr)] : []),
    ],
    log,
  );
}

function publicHttpBounds(
  { publicHttp, trustedProxies }: Pick<GatewayConfig, 'publicHttp' | 'trustedProxies'>,
  log: Logger,
): HttpBounds {
  const bounds = {
    max: publicHttp.maxConnections,
    // A client whose first headers are too slow has got its 408 by then.
    handshakeTimeoutMs: publicHttp.readHeaderTimeoutMs + 2_000,
    onOpened: () => connectionOpened('public-http'),
    onClosed: () => connectionClosed('public-http'),
  };
  return {
    ...publicHttp,
    connections: new Connections(bounds, log),
    connectionsPerAddress: connectionsPerAddress(publicHttp.maxConnectionsPerAddress, trustedProxies),
  };
}
