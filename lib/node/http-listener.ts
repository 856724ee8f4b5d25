// An HTTP listener on Node for a fetch-style app, with the time-outs, bounds and drain that a public port needs.
//
// A connection that sends nothing, or its headers or body too slowly, gets 408 and is closed; so is an idle one.
// Requests with too many or too large headers get 431. The number of concurrent requests of one connection is bounded,
// too: HTTP/1.1 lets a client send further requests before the first response, and Node starts all of them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import type { ListenAddress } from '../config/types.ts';
import type { Connection } from '../http/env.ts';
import type { Logger } from '../telemetry/logger.ts';
import { listenOn } from './bind.ts';
import type { Connections } from './connections.ts';
import { boundConnectionsPerAddress, type ConnectionsPerAddress } from './connections-per-address.ts';

export type HttpTimeouts = {
  /** From the connection's (or the next request's) first byte to the end of the headers. */
  readHeaderTimeoutMs: number;
  /** To the end of the request's body. */
  readTimeoutMs: number;
  idleTimeoutMs: number;
};

export type HttpBounds = {
  /** How many at once. Beyond a number, new ones are cut; `Connections` first cuts those without a request yet. */
  connections: number | Connections;
  connectionsPerAddress?: ConnectionsPerAddress;
  /** The last response carries `Connection: close`; 0 for no bound. */
  maxRequestsPerConnection: number;
  maxHeaderBytes: number;
  maxHeaders: number;
};

/** For listeners that only the platform's own services reach. */
export const defaultBounds: HttpBounds = {
  connections: 10_000,
  maxRequestsPerConnection: 0,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
};

/**
 * How long connections without a request stay open once the listener closes: a request may be on its way on one, and
 * would fail. Its response then ends the connection.
 */
const idleGraceMs = 500;

/** How many requests of one connection may wait for their responses; clients that pipeline are rare, and send few. */
const maxPipelined = 16;

export type Listener = {
  readonly port: number;
  /** Stops accepting, lets running requests finish, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
};

export type HttpListenerApp = {
  fetch: (request: Request, connection: Connection) => Response | Promise<Response>;
  /** Serves what it takes (returns true) on Node's own objects; `fetch` serves the rest. */
  serveOnNode?: (request: IncomingMessage, response: ServerResponse) => boolean;
};

/** @throws Error naming the address when it cannot be bound. */
export async function listenHttp(
  app: HttpListenerApp,
  address: ListenAddress,
  timeouts: HttpTimeouts,
  log: Logger,
  bounds: HttpBounds = defaultBounds,
): Promise<Listener> {
  let closing = false;
  let graceOver = false;
  const serve = getRequestListener(
    async (request: Request, { incoming, outgoing }: HttpBindings | Http2Bindings) => {
      const response = await app.fetch(request, { peerAddress: incoming.socket.remoteAddress });
      // After a response before the end of the request (too large, no token), its rest makes the connection unusable.
      // The response must say so, or the client's next request would fail.
      const unread = incoming.method !== 'GET' && !incoming.complete;
      if (unread || closing) outgoing.setHeader('connection', 'close');
      return response;
    },
  );
  const running = new WeakMap<Socket, number>();
  const server = createServer(
    {
      headersTimeout: Math.min(timeouts.readHeaderTimeoutMs, timeouts.readTimeoutMs),
      requestTimeout: timeouts.readTimeoutMs,
      keepAliveTimeout: timeouts.idleTimeoutMs,
      connectionsCheckingInterval: 500,
      maxHeaderSize: bounds.maxHeaderBytes,
    },
    (request, response) => {
      const { socket } = request;
      // Node passes on parsed requests of a connection even after that was cut.
      if (socket.destroyed) return;
      const count = (running.get(socket) ?? 0) + 1;
      if (count > maxPipelined) {
        socket.destroy();
        return;
      }
      running.set(socket, count);
      if (typeof bounds.connections === 'object') bounds.connections.ready(socket);
      response.once('close', () => {
        running.set(socket, (running.get(socket) ?? 1) - 1);
        // A response whose headers were sent before the close did not tell the client that the connection ends.
        if (graceOver) socket.end();
      });
      if (request.rawHeaders.length > bounds.maxHeaders * 2) refuseHeaders(response);
      else if (!app.serveOnNode?.(request, response)) void serve(request, response);
    },
  );
  server.maxRequestsPerSocket = bounds.maxRequestsPerConnection;
  // Node silently drops headers above its own bound, so that bound is one higher.
  server.maxHeadersCount = bounds.maxHeaders + 1;
  boundConnections(server, bounds);

  await listenOn(server, address);
  // Such as too many open files, which may pass.
  server.on('error', (error) => log.warn({ error }, 'a connection could not be accepted'));
  return {
    port: (server.address() as AddressInfo).port,
    close: (timeoutMs) =>
      new Promise((resolve) => {
        closing = true;
        const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
        const endIdle = setTimeout(
          () => {
            graceOver = true;
            server.close();
          },
          Math.min(idleGraceMs, timeoutMs / 2),
        );
        server.once('close', () => {
          clearTimeout(cut);
          clearTimeout(endIdle);
          resolve();
        });
        // That of http would end idle connections at once.
        NetServer.prototype.close.call(server);
      }),
  };
}

function boundConnections(
  server: Server,
  { connections, connectionsPerAddress }: Pick<HttpBounds, 'connections' | 'connectionsPerAddress'>,
): void {
  if (typeof connections === 'number') server.maxConnections = connections;
  else {
    server.prependListener('connection', (socket: Socket) => {
      if (!socket.destroyed) connections.admit(socket);
    });
  }
  if (connectionsPerAddress !== undefined) boundConnectionsPerAddress(server, connectionsPerAddress);
}

function refuseHeaders(response: ServerResponse): void {
  response.writeHead(431, { connection: 'close' }).end();
}
