// A balancer of connections: each new one goes to the next target. It asks nobody whether they are well, so a target
// that has gone refuses until the test ejects it.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TcpBalancer = {
  /** `127.0.0.1:port`. */
  addr: string;
  /** Sends no new connections there; open ones stay. */
  eject: (target: string) => void;
  close: () => Promise<void>;
};

/** @param targets host:port of each, in the order of their turns. */
export async function startTcpBalancer(targets: readonly string[]): Promise<TcpBalancer> {
  const ejected = new Set<string>();
  const sockets = new Set<Socket>();
  let turn = 0;
  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (bytes: Buffer) => to.write(bytes));
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    // A connection that was refused or reset closes as well.
    from.on('error', () => from.destroy());
  };
  const server = createServer({ noDelay: true }, (near) => {
    const left = targets.filter((target) => !ejected.has(target));
    const [host = '', port] = left[turn++ % left.length]?.split(':') ?? [];
    const far = connect({ host, port: Number(port), noDelay: true });
    join(near, far);
    join(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    addr: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    eject: (target) => ejected.add(target),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
