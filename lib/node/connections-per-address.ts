// Bounds how many connections of a server one client may hold, so that no client takes all of them. Further connections
// are cut at once, before a byte is read. Only open connections are counted, so memory is bounded as well.
import type { Server, Socket } from 'node:net';

export type ConnectionsPerAddress = {
  readonly max: number;
  /** The key under which an address is counted, so that a network may count as one; undefined: no bound. */
  readonly keyOf: (remoteAddress: string | undefined) => string | undefined;
};

export function boundConnectionsPerAddress(server: Server, { max, keyOf }: ConnectionsPerAddress): void {
  const open = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    const key = keyOf(socket.remoteAddress);
    if (key === undefined) return;
    const count = open.get(key) ?? 0;
    if (count >= max) {
      socket.resetAndDestroy();
      return;
    }
    open.set(key, count + 1);
    socket.on('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    });
  });
}
