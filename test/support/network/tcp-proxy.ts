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
  /** Resolves when a client gets to this point. One at a time: a point that nobody has got to is forgotten. */
  hold: (point: HoldPoint) => Promise<Held>;
  close: () => Promise<void>;
};

/** Where a client is to be held: at the first bytes that contain `at`, on a connection that has carried `after`. */
export type HoldPoint = { at: string; after?: string };

/** A connection on which nothing gets through any more, in either direction, for as long as it lives. */
export type Held = {
  /** Lets on after all what was held; its answer stays away. */
  deliver: () => void;
};

/** As many bytes as a point may be split by. */
const rememberedBytes = 256;

type Target = { host: string; port: number };

export async function startTcpProxy(first: Target): Promise<TcpProxy> {
  let target = first;
  const sockets = new Set<Socket>();
  let mode: 'open' | 'cut' | 'stalled' = 'open';
  let waiting: { point: HoldPoint; reached: (held: Held) => void } | undefined;
  // Without Nagle's delays, which neither end would have by itself.
  const server = createServer({ noDelay: true }, (near) => {
    if (mode === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ host: target.host, port: target.port, noDelay: true });
    const isHeld = watch(far);
    join(near, far, isHeld);
    join(far, near, () => isHeld());
  });
  /** @returns a function that tells whether the connection is held, or is so from these bytes on. */
  const watch = (far: Socket) => {
    let held = false;
    let seen: { of: HoldPoint; isPast: boolean; tail: string } | undefined;
    return (bytes?: Buffer): boolean => {
      if (held || waiting === undefined || bytes === undefined) return held;
      const { point, reached } = waiting;
      const { isPast, tail } = seen?.of === point ? seen : { isPast: point.after === undefined, tail: '' };
      const text = tail + bytes.toString('latin1');
      const past = isPast ? 0 : text.indexOf(point.after ?? '');
      seen = {
        of: point,
        isPast: past !== -1,
        tail: text.slice(Math.max(past, text.length - rememberedBytes)),
      };
      held = past !== -1 && text.includes(point.at, past);
      if (!held) return false;
      waiting = undefined;
      reached({ deliver: () => far.write(bytes) });
      return true;
    };
  };
  const join = (from: Socket, to: Socket, isHeld: (bytes?: Buffer) => boolean) => {
    sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      if (!isHeld(bytes)) to.write(bytes);
    });
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
    hold: (point) =>
      new Promise((reached) => {
        waiting = { point, reached };
      }),
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
