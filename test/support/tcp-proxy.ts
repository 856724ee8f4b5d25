// Stands between a service and one of its peers, so that a test can take the peer away and give it back.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TcpProxy = {
  /** `127.0.0.1:port`, to configure a service with. */
  addr: string;
  /** Ends all connections, and every new one at once. */
  cut: () => void;
  /** Keeps connections open and lets no byte through in either direction. */
  stall: () => void;
  /** Works again. What was held back while it stalled goes on its way. */
  heal: () => void;
  /** Ends all connections, and leads new ones to another server; without one, to the first again. */
  lead: (elsewhere?: Target) => void;
  close: () => Promise<void>;
};

type Target = { host: string; port: number };

export async function startTcpProxy(first: Target): Promise<TcpProxy> {
  let target = first;
  const sockets = new Set<Socket>();
  let mode: 'open' | 'cut' | 'stalled' = 'open';
  // Without Nagle's delays, which neither end would have by itself.
  const server = createServer({ noDelay: true }, (near) => {
    if (mode === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ host: target.host, port: target.port, noDelay: true });
    join(near, far);
    join(far, near);
  });
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (bytes) => to.write(bytes));
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    // A reset connection closes as well, which is all that counts here.
    from.on('error', () => from.destroy());
    if (mode === 'stalled') from.pause();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    addr: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      mode = 'cut';
      destroyAll();
    },
    stall: () => {
      mode = 'stalled';
      for (const socket of sockets) socket.pause();
    },
    heal: () => {
      mode = 'open';
      for (const socket of sockets) socket.resume();
    },
    lead: (elsewhere = first) => {
      target = elsewhere;
      destroyAll();
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      destroyAll();
      await closed;
    },
  };
}
