// A gRPC listener on Node: bind, and drain within a bound.
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { ListenAddress } from '../config/types.ts';
import { OperatorError } from '../errors/operator-error.ts';
import type { Listener } from './http-listener.ts';

/** @throws Error naming the address when it cannot be bound. */
export async function listenGrpc(
  addServices: (server: Server) => void,
  address: ListenAddress,
  options: ServerOptions,
): Promise<Listener> {
  const server = new Server(options);
  addServices(server);
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${address.port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error)
        reject(
          new OperatorError(`cannot listen on ${host}:${address.port}: ${error.message}`, { cause: error }),
        );
      else resolve(bound);
    });
  });
  return {
    port,
    close: (timeoutMs) =>
      new Promise((resolve, reject) => {
        // Told before tryShutdown, since it cuts what is left only of connections that it was the first to close.
        // forceShutdown cuts nothing when channelz is off: it takes the connections from channelz's list.
        server.drain(`${host}:${port}`, timeoutMs);
        server.tryShutdown((error) => (error ? reject(error) : resolve()));
      }),
  };
}
