// A gRPC listener on Node that owns its sockets: it accepts, counts and bounds them, waits for TLS and the first bytes
// of HTTP/2, and only then hands a connection to grpc-js. That way a client that connects and stays silent costs a
// socket and nothing more, and a drain can cut whatever is left, whoever holds it.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { ListenAddress } from '../config/types.ts';
import { OperatorError } from '../errors/operator-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type ConnectionBounds, Connections } from './connections.ts';
import { boundConnectionsPerAddress, type ConnectionsPerAddress } from './connections-per-address.ts';
import { addHealthService } from './grpc-health.ts';
import type { Listener } from './http-listener.ts';
import { awaitHttp2Preface } from './http2-preface.ts';
import { boundStreams, type StreamBounds } from './http2-streams.ts';

export type GrpcListenerPlan = {
  readonly address: ListenAddress;
  readonly addServices: (server: Server) => void;
  /** Full names of the services that grpc.health.v1 tells of. */
  readonly healthOf: readonly string[];
  readonly options: ServerOptions;
  readonly connections: ConnectionBounds;
  readonly connectionsPerAddress?: ConnectionsPerAddress | undefined;
  readonly streams: StreamBounds;
  /** Asked for every connection, so that a renewed certificate is taken at once; without it h2c. */
  readonly secureContext?: (() => SecureContext) | undefined;
  /** When it aborts the services are NOT_SERVING, though they go on until the listener is closed. */
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
  const { secureContext } = plan;
  const acceptor = createServer({ noDelay: true }, (socket) => {
    if (socket.destroyed || !connections.admit(socket)) return;
    const onSecured = (secured: Duplex) =>
      awaitHttp2Preface(secured, () => {
        connections.ready(socket);
        injector.injectConnection(secured);
      });
    if (secureContext === undefined) onSecured(socket);
    else secure(socket, secureContext(), onSecured);
  });
  if (plan.connectionsPerAddress !== undefined)
    boundConnectionsPerAddress(acceptor, plan.connectionsPerAddress);
  await listen(acceptor, plan.address);
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

/** @param onSecured called when TLS is set up and the client has asked for HTTP/2; anything else is cut. */
function secure(socket: Socket, secureContext: SecureContext, onSecured: (secured: TLSSocket) => void): void {
  const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['h2'] });
  secured.on('error', () => socket.destroy());
  secured.once('secure', () => {
    if (secured.alpnProtocol === 'h2') onSecured(secured);
    else socket.destroy();
  });
}

async function listen(acceptor: NetServer, { host, port }: ListenAddress): Promise<void> {
  acceptor.listen(port, host);
  try {
    await once(acceptor, 'listening');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`cannot listen on ${host}:${port}: ${reason}`, { cause: error });
  }
}
