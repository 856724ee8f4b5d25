// An HTTP listener on Node for a fetch-style app, with the time-outs and the drain that a public port needs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import type { ListenAddress } from '../config/types.ts';
import { OperatorError } from '../errors/operator-error.ts';

export type HttpTimeouts = {
  /** From the connection's (or the next request's) first byte to the end of the headers. */
  readHeaderTimeoutMs: number;
  /** To the end of the request's body. */
  readTimeoutMs: number;
  idleTimeoutMs: number;
};

export type Listener = {
  readonly port: number;
  /** Stops accepting, lets running requests finish, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
};

export type HttpListenerApp = { fetch: (request: Request) => Response | Promise<Response> };

/** @throws Error naming the address when it cannot be bound. */
export async function listenHttp(
  app: HttpListenerApp,
  address: ListenAddress,
  timeouts: HttpTimeouts,
): Promise<Listener> {
  const server = createAdaptorServer({
    fetch: async (request: Request, { incoming, outgoing }: HttpBindings | Http2Bindings) => {
      const response = await app.fetch(request);
      // Answered before the whole request was read (too large, no token): what is left of it makes the connection
      // useless, so the client must hear that it ends instead of finding out with its next request.
      if (incoming.method !== 'GET' && !incoming.complete) outgoing.setHeader('connection', 'close');
      return response;
    },
    serverOptions: {
      headersTimeout: timeouts.readHeaderTimeoutMs,
      requestTimeout: timeouts.readTimeoutMs,
      keepAliveTimeout: timeouts.idleTimeoutMs,
      connectionsCheckingInterval: 500,
    },
  });
  if (!('closeIdleConnections' in server)) throw new TypeError('expected an HTTP/1.1 server');

  // Closing ends idle connections only; one that is busy just then would be kept for the client's next request.
  let closing = false;
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    if (closing) response.setHeader('connection', 'close');
    response.once('close', () => {
      if (closing) request.socket.end();
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(bindError(error, address)));
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (timeoutMs) =>
      new Promise((resolve) => {
        closing = true;
        const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function bindError(error: Error & { code?: string }, { host, port }: ListenAddress): Error {
  if (error.code === 'EADDRINUSE') {
    return new OperatorError(
      `${host}:${port} is in use by another process; choose another port or stop that process`,
    );
  }
  return new OperatorError(`cannot listen on ${host}:${port}: ${error.message}`);
}
