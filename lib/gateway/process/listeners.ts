// The gateway's listeners: public HTTP for probes and sign-in, gRPC for signed requests, the web listener for both from
// browsers, admin HTTP for metrics.
import { connectionsPerAddress } from '../../http/client-address.ts';
import { Connections } from '../../node/connections.ts';
import { type HttpBounds, type HttpListenerApp, listenHttp } from '../../node/http-listener.ts';
import { type ListenerPlan, type Listeners, openListeners } from '../../node/listeners.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { GatewayConfig } from '../config.ts';
import { type GrpcServing, openGrpcListener } from '../grpc/listener.ts';
import { connectionClosed, connectionOpened } from '../instruments.ts';
import { type StaticSite, serveStaticSite } from '../static-files/static-site.ts';
import type { WebGateway } from '../web/web-gateway.ts';
import { planAdminListener } from './admin-listener.ts';

/** @throws StartupError naming every address that cannot be bound. */
export function openGatewayListeners(
  serve: GrpcServing & {
    publicHttp: HttpListenerApp;
    webGateway: WebGateway;
    staticSite: StaticSite;
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
          listenHttp(
            serve.publicHttp,
            publicHttp.addr,
            publicHttp,
            log,
            httpBounds('public-http', config, log),
          ),
      },
      ...planWebListener(serve, config),
      ...(serve.adminHttp && admin.addr ? [planAdminListener(serve.adminHttp, admin.addr)] : []),
    ],
    log,
  );
}

/** Serves sign-in and probes like the public listener, the EdgeGateway service, the app and boards. */
function planWebListener(
  serve: { publicHttp: HttpListenerApp; webGateway: WebGateway; staticSite: StaticSite },
  config: GatewayConfig,
): ListenerPlan[] {
  const { addr } = config.webHttp;
  if (addr === undefined) return [];
  const { publicHttp, webGateway, staticSite } = serve;
  const fileFor = serveStaticSite(staticSite);
  const app: HttpListenerApp = {
    fetch: (request, connection) => fileFor(request) ?? publicHttp.fetch(request, connection),
    serveOnNode: webGateway,
  };
  return [
    {
      name: 'web-http',
      address: addr,
      variable: 'GATEWAY_WEB_HTTP_ADDR',
      open: (log) => listenHttp(app, addr, config.webHttp, log, httpBounds('web-http', config, log)),
    },
  ];
}

function httpBounds(
  listener: 'public-http' | 'web-http',
  config: Pick<GatewayConfig, 'publicHttp' | 'webHttp' | 'trustedProxies'>,
  log: Logger,
): HttpBounds {
  const http = listener === 'public-http' ? config.publicHttp : config.webHttp;
  const bounds = {
    max: http.maxConnections,
    // A client whose first headers are too slow has got its 408 by then.
    handshakeTimeoutMs: http.readHeaderTimeoutMs + 2_000,
    onOpened: () => connectionOpened(listener),
    onClosed: () => connectionClosed(listener),
  };
  return {
    ...http,
    connections: new Connections(bounds, log),
    connectionsPerAddress: connectionsPerAddress(http.maxConnectionsPerAddress, config.trustedProxies),
  };
}
