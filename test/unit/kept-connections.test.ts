// Replicas behind one address that spreads connections, as a Service of Kubernetes does.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { expect, it, vi } from 'vitest';
import { UpstreamService } from '../../lib/gateway/commands/upstream.ts';
import { askService } from '../../lib/http/ask-service.ts';
import { type Listener, listenHttp } from '../../lib/node/http-listener.ts';
import { renewFetchConnections } from '../../lib/node/kept-connections.ts';

const lifeMs = 1_000;
const posts = 2_000;
const posters = 8;
const timeouts = { readHeaderTimeoutMs: 5_000, readTimeoutMs: 5_000, idleTimeoutMs: 60_000 };
const waiting = { timeout: 30_000, interval: 50 };

type Replica = { readonly listener: Listener; served: number };

async function startReplica(): Promise<Replica> {
  const app = {
    fetch: async (request: Request) => {
      await request.text();
      replica.served += 1;
      return Response.json({});
    },
  };
  const address = { host: '127.0.0.1', port: 0 };
  const listener = await listenHttp(app, address, timeouts, pino({ level: 'silent' }));
  const replica: Replica = { listener, served: 0 };
  return replica;
}

/** Leads each new connection to the next of `replicas`. */
async function startBalancer(replicas: readonly Replica[]) {
  const sockets = new Set<Socket>();
  let next = 0;
  const server = createServer({ noDelay: true }, (near) => {
    const port = replicas[next++ % replicas.length]?.listener.port ?? 0;
    const far = connect({ host: '127.0.0.1', port, noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

type Client = { readonly post: () => Promise<number>; readonly close: () => Promise<void> };

function upstreamClient(baseUrl: string): Client {
  const upstream = new UpstreamService({
    name: 'test',
    baseUrl,
    timeoutMs: 10_000,
    connectionLifeMs: lifeMs,
  });
  const call = { method: 'POST', target: '/', headers: {}, body: '{}' } as const;
  return {
    post: async () => (await upstream.call({ ...call, signal: new AbortController().signal })).status,
    close: () => upstream.close(),
  };
}

function fetchClient(url: string): Client {
  const before = getGlobalDispatcher();
  renewFetchConnections(lifeMs);
  const renewed = getGlobalDispatcher();
  return {
    post: async () =>
      (await askService(url, { method: 'POST', body: {}, timeoutMs: 10_000, maxBytes: 1_000 })).status,
    close: () => {
      setGlobalDispatcher(before);
      return renewed.close();
    },
  };
}

it.each([
  ['the gateway’s calls to its upstreams', upstreamClient],
  ['the services’ requests to each other', fetchClient],
])(
  '%s spread over new replicas, and none fails while connections and replicas end',
  async (_, open) => {
    const first = await startReplica();
    const replicas = [first];
    const balancer = await startBalancer(replicas);
    const client = open(balancer.url);
    const outcomes: unknown[] = [];
    const over = new AbortController();
    const poster = async () => {
      while (!over.signal.aborted) {
        outcomes.push(await client.post().catch((error: unknown) => error));
      }
    };
    const posting = Promise.all(Array.from({ length: posters }, poster));
    const added: Replica[] = [];
    try {
      await vi.waitFor(() => expect(first.served).toBeGreaterThan(200), waiting);
      added.push(await startReplica(), await startReplica());
      replicas.push(...added);
      await vi.waitFor(() => {
        for (const { served } of added) expect(served).toBeGreaterThan(100);
      }, waiting);
      // As one that is taken out of its Service and then told to stop: no connection to it is being opened any more.
      replicas.shift();
      const before = outcomes.length;
      await vi.waitFor(() => expect(outcomes.length).toBeGreaterThan(before + 10 * posters), waiting);
      await first.listener.close(10_000);
      await vi.waitFor(() => expect(outcomes.length).toBeGreaterThan(posts), waiting);
    } finally {
      over.abort();
      await posting;
      await client.close();
      balancer.close();
      for (const { listener } of replicas) await listener.close(0);
    }
    expect(new Set(outcomes)).toEqual(new Set([200]));
    expect(first.served + added.reduce((sum, { served }) => sum + served, 0)).toBe(outcomes.length);
  },
  120_000,
);
