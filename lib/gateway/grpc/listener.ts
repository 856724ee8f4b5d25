// The authenticated gRPC listener: its services and its bounds.
import { addressBlock, clientAddress, connectionsPerAddress } from '../../http/client-address.ts';
import { listenGrpc } from '../../node/grpc-listener.ts';
import type { Listener } from '../../node/http-listener.ts';
import type { TlsCertificate } from '../../node/tls-certificate.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { GatewayConfig } from '../config.ts';
import { connectionClosed, connectionOpened } from '../instruments.ts';
import { type EdgeGateway, edgeGatewayDefinition } from './edge-gateway-service.ts';
import { grpcServerOptions, grpcStreamBounds } from './options.ts';

export type GrpcServing = {
  edgeGateway: EdgeGateway;
  /** Undefined: the listener serves HTTP/2 without TLS. */
  grpcCertificate: TlsCertificate | undefined;
  /** Aborts when the drain begins. */
  stopping: AbortSignal;
};

/** @throws Error naming the address when it cannot be bound. */
export function openGrpcListener(
  { edgeGateway, grpcCertificate, stopping }: GrpcServing,
  { authenticatedGrpc, trustedProxies }: Pick<GatewayConfig, 'authenticatedGrpc' | 'trustedProxies'>,
  log: Logger,
): Promise<Listener> {
  const warning = grpcCertificate?.warning(new Date());
  if (warning !== undefined) log.warn({ listener: 'authenticated-grpc' }, warning);
  grpcCertificate?.keepFresh(log);
  return listenGrpc({
    address: authenticatedGrpc.addr,
    addServices: (server) => server.addService(edgeGatewayDefinition, { ...edgeGateway }),
    healthOf: ['galaxy.gateway.v1.EdgeGateway'],
    options: grpcServerOptions(authenticatedGrpc),
    connections: {
      max: authenticatedGrpc.maxConnections,
      handshakeTimeoutMs: authenticatedGrpc.handshakeTimeoutMs,
      onOpened: () => connectionOpened('authenticated-grpc'),
      onClosed: () => connectionClosed('authenticated-grpc'),
    },
    connectionsPerAddress: connectionsPerAddress(authenticatedGrpc.maxConnectionsPerAddress, trustedProxies),
    streams: {
      ...grpcStreamBounds,
      clientOf: (socketAddress, headers) => {
        const forwardedFor = headers['x-forwarded-for'];
        return addressBlock(
          clientAddress(socketAddress, forwardedFor ? [`${forwardedFor}`] : [], trustedProxies),
        );
      },
    },
    certificate: grpcCertificate,
    stopping,
    log,
  });
}
