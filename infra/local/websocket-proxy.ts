// For development and tests only: lets Neon's driver reach a PostgreSQL on this machine. It has no TLS and no
// authentication, so it binds to loopback and forwards nothing to other machines. In production Neon's own endpoint, or
// a proxy with TLS in front of PostgreSQL, takes its place.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';

const loopback = new Set(['127.0.0.1', 'localhost', '::1']);

export type WebSocketProxy = {
  port: number;
  /** `127.0.0.1:port`. */
  addr: string;
  /** Cuts every connection. */
  close(): Promise<void>;
};

/**
 * Passes `ws://127.0.0.1:<port>/v1?address=host:port` on to that address, byte for byte.
 * @param port 0 takes a free one.
 * @throws Error when the port is taken.
 */
export async function startWebSocketProxy(port = 0): Promise<WebSocketProxy> {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  const sockets = new Set<Socket>();
  server.on('connection', (client, request) => {
    const target = loopbackAddress(request.url ?? '');
    if (target === undefined) {
      client.close(1008, 'only addresses on this machine are passed on to');
      return;
    }
    const socket = connect(target);
    sockets.add(socket);
    // The end of one side ends the other; the driver and PostgreSQL each report why.
    socket.on('error', () => client.terminate());
    client.on('error', () => socket.destroy());
    socket.on('data', (bytes) => client.send(bytes));
    client.on('message', (bytes: Buffer) => socket.write(bytes));
    socket.on('close', () => {
      sockets.delete(socket);
      client.close();
    });
    client.on('close', () => socket.end());
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP listener has a port');
  return {
    port: address.port,
    addr: `127.0.0.1:${address.port}`,
    async close() {
      for (const client of server.clients) client.terminate();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function loopbackAddress(url: string): { host: string; port: number } | undefined {
  const address = new URL(url, 'ws://localhost').searchParams.get('address') ?? '';
  const { hostname, port } = URL.parse(`tcp://${address}`) ?? { hostname: '', port: '' };
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return loopback.has(host) && port !== '' ? { host, port: Number(port) } : undefined;
}
