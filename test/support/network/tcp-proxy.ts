// A proxy between a service and one of its peers, so that a test can cut the peer off and restore it.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TcpProxy = {
  /** `127.0.0.1:port`, to configure a service with. */
  addr: string;
  /** Ends all connections, and immediately ends every new one. */
  cut: () => void;
  /** Holds back every byte in both directions; connections stay open. */
  stall: () => void;
  /** Works again, and passes on what it held back while it stalled. */
  heal: () => void;
  /** Ends all connections, and leads new ones to another server; without one, to the first again. */
  lead: (elsewhere?: Target) => void;
  /** Leads new connections to another server, as a name that moves; those that are open stay where they are. */
  redirect: (elsewhere: Target) => void;
  /** Holds back every byte of the connections that are open now, for good; new ones work. */
  silence: () => void;
  /** Resolves when a client gets to this point. A new point replaces one that no client has reached. */
  hold: (point: HoldPoint) => Promise<Held>;
  close: () => Promise<void>;
};

/** Where to hold a client: at the first bytes that contain `at`, on a connection that has carried `after`. */
export type HoldPoint = { at: string; after?: string };

/** A connection that passes nothing on in either direction until it ends. */
export type Held = {
  /** Passes on the held bytes; the reply to them is still dropped. */
  deliver: () => void;
};

/** The most bytes over which a point may be split. */
const rememberedBytes = 256;

type Target = { host: string; port: number };

export async function startTcpProxy(first: Target): Promise<TcpProxy> {
  let target = first;
  const sockets = new Set<Socket>();
  let mode: 'open' | 'cut' | 'stalled' = 'open';
  let waiting: { point: HoldPoint; reached: (held: Held) => void } | undefined;
  // Without Nagle's delays, which the two ends would not have without the proxy.
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
  /** @returns a function that says whether the connection is held, or becomes held with these bytes. */
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
    // A reset connection closes as well, which is enough here.
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
    redirect: (elsewhere) => {
      target = elsewhere;
    },
    silence: () => {
      for (const socket of sockets) socket.pause();
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
