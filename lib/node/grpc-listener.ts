// A gRPC listener on Node that owns its sockets: it accepts, counts and bounds them, waits for TLS and the first bytes
// of HTTP/2, and only then passes a connection to grpc-js. So a silent client costs one socket and nothing more, and a
// drain can cut every remaining connection.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { ListenAddress } from '../config/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { listenOn } from './bind.ts';
import { type ConnectionBounds, Connections } from './connections.ts';
import { boundConnectionsPerAddress, type ConnectionsPerAddress } from './connections-per-address.ts';
import { addHealthService } from './grpc-health.ts';
import type { Listener } from './http-listener.ts';
import { awaitHttp2Preface } from './http2-preface.ts';
import { boundStreams, type StreamBounds } from './http2-streams.ts';
import type { TlsCertificate } from './tls-certificate.ts';

export type GrpcListenerPlan = {
  readonly address: ListenAddress;
  readonly addServices: (server: Server) => void;
  /** Full names of the services that grpc.health.v1 reports. */
  readonly healthOf: readonly string[];
  readonly options: ServerOptions;
  readonly connections: ConnectionBounds;
  readonly connectionsPerAddress?: ConnectionsPerAddress | undefined;
  readonly streams: StreamBounds;
  /** Without one the listener speaks HTTP/2 without TLS. */
  readonly certificate?: TlsCertificate | undefined;
  /** When it aborts, the services report NOT_SERVING, but work until the listener is closed. */
  readonly stopping: AbortSignal;
  readonly log: Pick<Logger, 'warn'>;
};

/** @throws Error naming the address when it cannot be bound. */
export async function listenGrpc(plan: GrpcListenerPlan): Promise<Listener> {
  const server = new Server({ ...plan.options, 'grpc.enable_channelz': 0 });
  plan.addServices(server);
  const health = addHealthService(server, plan.healthOf);
  plan.stopping.addEventListener('abort', health.stopServing, { once: true });

  // TLS ends before grpc-js, so to it every connection is a plain one.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const endSweep = boundStreams(server, plan.streams);
  const connections = new Connections(plan.connections, plan.log);
  const serve = (socket: Socket, secured: Duplex) =>
    awaitHttp2Preface(secured, () => {
      connections.ready(socket);
      injector.injectConnection(secured);
    });
  const secure = plan.certificate && endTls(plan.certificate, plan.connections.handshakeTimeoutMs, serve);
  const acceptor = createServer({ noDelay: true }, (socket) => {
    if (socket.destroyed || !connections.admit(socket)) return;
    if (secure === undefined) serve(socket, socket);
    else secure(socket);
  });
  if (plan.connectionsPerAddress !== undefined)
    boundConnectionsPerAddress(acceptor, plan.connectionsPerAddress);
  await listenOn(acceptor, plan.address);
  // Failing to accept one connection (too many open files) must not end the process.
  acceptor.on('error', (error) => plan.log.warn({ error }, 'a connection could not be accepted'));

  return {
    port: (acceptor.address() as AddressInfo).port,
    close: async (timeoutMs) => {
      health.stopServing();
      health.endWatches();
      const cut = setTimeout(() => connections.cutAll(), timeoutMs);
      const accepting = new Promise<void>((resolve) => acceptor.close(() => resolve()));
      connections.cutWaiting();
      const serving = new Promise<void>((resolve, reject) => {
        server.tryShutdown((error) => (error ? reject(error) : resolve()));
      });
      await Promise.all([accepting, serving]);
      clearTimeout(cut);
      endSweep();
    },
  };
}

/**
 * Sets up TLS on sockets; `onSecured` gets each one that negotiated HTTP/2, with its TLS stream. All others are cut.
 */
function endTls(
  certificate: TlsCertificate,
  handshakeTimeout: number,
  onSecured: (socket: Socket, secured: TLSSocket) => void,
): (socket: Socket) => void {
  const handshaking = new Map<string, Socket>();
  const tls = createTlsServer({ ...certificate.options(), ALPNProtocols: ['h2'], handshakeTimeout });
  certificate.onRenewed((options) => tls.setSecureContext(options));
  tls.on('secureConnection', (secured) => {
    secured.on('error', () => secured.destroy());
    const socket = handshaking.get(connectionId(secured));
    if (socket !== undefined && secured.alpnProtocol === 'h2') onSecured(socket, secured);
    else secured.destroy();
  });
  return (socket) => {
    const id = connectionId(socket);
    handshaking.set(id, socket);
    socket.once('close', () => handshaking.delete(id));
    tls.emit('connection', socket);
  };
}

/** Identifies a connection of a listener. */
function connectionId({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}
