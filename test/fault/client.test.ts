// The reference client and its link to a real gateway: a link that goes silent, a gateway that is away for a while, and
// a device whose clock is wrong.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { TestClient, type TestClientOptions } from '../support/gateway/test-client.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';

let cluster: Cluster;
let link: TcpProxy;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  cluster = await startCluster();
  const [host = '', port] = cluster.gateways[0]?.endpoints.grpcAddr.split(':') ?? [];
  link = await startTcpProxy({ host, port: Number(port) });
});
afterEach(async () => {
  link.heal();
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await link?.close();
  await cluster?.stop();
});

const waiting = { timeout: 30_000, interval: 20 };

/** Follows a player's events through the link. */
function follow(player: Player, options?: TestClientOptions) {
  const endpoints = { httpUrl: '', ...cluster.gateways[0]?.endpoints, grpcAddr: link.addr };
  const client = new TestClient(endpoints, player.key, player.session, options);
  const stop = new AbortController();
  const seen: { hellos: number; events: string[]; failure: unknown } = {
    hellos: 0,
    events: [],
    failure: undefined,
  };
  const collect = async () => {
    for await (const item of client.events({ signal: stop.signal })) {
      if (item.kind === 'hello') seen.hellos += 1;
      else seen.events.push(item.eventId);
    }
  };
  const over = collect().catch((error: unknown) => {
    seen.failure = error;
  });
  closers.push(async () => {
    stop.abort();
    await over;
    client.close();
  });
  const opened = (times: number) =>
    vi.waitFor(() => expect([seen.failure, seen.hellos]).toEqual([undefined, times]), waiting);
  return { client, seen, opened };
}

it('notices a silent link, and goes on over another one although nothing ever says that the first is lost', async () => {
  const player = await cluster.signIn();
  const { seen, opened } = follow(player, { pingIntervalMs: 1_000 });
  await opened(1);
  link.strand();
  const missed = await cluster.append(player.session.userId);
  await opened(2);
  await vi.waitFor(() => expect(seen.events).toEqual([missed.eventId]), waiting);
});

it('is back within seconds after a gateway was away for a while, as a command is that waited for it', {
  timeout: 60_000,
}, async () => {
  const player = await cluster.signIn();
  const { client, seen, opened } = follow(player);
  await opened(1);
  const gateway = cluster.gateways[0];
  await gateway?.end('SIGKILL');
  let attempts = 0;
  const away = createServer((socket) => {
    attempts += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  closers.push(() => away.close());
  await once(away, 'listening');
  link.lead({ host: '127.0.0.1', port: (away.address() as AddressInfo).port });
  const missed = await cluster.append(player.session.userId);
  const command = client.execute('lobby.game.list', {});
  await gateway?.start();
  // At most 3 s lie between two of them. gRPC's own pauses would take a minute for as many.
  await vi.waitFor(() => expect(attempts).toBeGreaterThanOrEqual(9), waiting);
  link.lead();
  await opened(2);
  expect((await command).resultCode).toBe('ok');
  await vi.waitFor(() => expect(seen.events).toEqual([missed.eventId]), waiting);
});

it.each([
  ['behind', -86_400_000],
  ['ahead', 86_400_000],
])('follows and sends commands although the device’s clock is %s by a day', async (_, skewMs) => {
  const player = await cluster.signIn();
  setClock(skewMs);
  const { client, seen, opened } = follow(player);
  await opened(1);
  const { eventId } = await cluster.append(player.session.userId);
  await vi.waitFor(() => expect(seen.events).toEqual([eventId]), waiting);
  expect((await client.execute('lobby.game.list', {})).resultCode).toBe('ok');
  const other = follow(player).client;
  expect((await other.execute('lobby.game.list', {})).resultCode).toBe('ok');
});

/** Sets the clock of this process, which is the device here. */
function setClock(skewMs: number): void {
  const RealDate = Date;
  class SkewedDate extends RealDate {
    constructor(...parts: ConstructorParameters<typeof Date> | []) {
      super(...((parts.length === 0 ? [SkewedDate.now()] : parts) as ConstructorParameters<typeof Date>));
    }

    static override now(): number {
      return RealDate.now() + skewMs;
    }
  }
  vi.stubGlobal('Date', SkewedDate);
  closers.push(() => vi.unstubAllGlobals());
}
