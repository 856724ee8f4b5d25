// A gRPC listener on Node: bind, and drain within a bound.
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { ListenAddress } from '../config/types.ts';
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
        reject(new Error(`cannot listen on ${host}:${address.port}: ${error.message}`, { cause: error }));
      else resolve(bound);
    });
  });
  return {
    port,
    close: (timeoutMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.forceShutdown(), timeoutMs);
        server.tryShutdown(() => {
          clearTimeout(cut);
          resolve();
        });
      }),
  };
}
