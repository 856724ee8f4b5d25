// Bounds how many connections of a server one client may hold, so that nobody takes all of them. What is over the bound
// is cut at once, before a byte of it is read. Counts only what is open, so it takes no more memory than that.
import type { Server, Socket } from 'node:net';

export type ConnectionsPerAddress = {
  readonly max: number;
  /** What an address counts as, so that a network may count as one; undefined for one that is not bounded. */
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
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left === 0) open.delete(key);
      else open.set(key, left);
    });
  });
}
