// The reference client and its link to a real gateway: a link that goes silent, a gateway that is away for a while, and
// a device whose clock is wrong.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type ClientOptions, GalaxyClient } from '../../lib/client/galaxy-client.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';

let cluster: Cluster;
let link: TcpProxy;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  cluster = await startCluster();
  const [host = '', port] = cluster.gateways[0]?.endpoints.grpcAddr.split(':') ?? [];
  link = await startTcpProxy({ host, port: Number(port) });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  link.heal();
});
afterAll(async () => {
  await link?.close();
  await cluster?.stop();
});

const waiting = { timeout: 30_000, interval: 20 };

/** Follows a player's events through the link. */
function follow(player: Player, options?: ClientOptions) {
  const endpoints = { httpUrl: '', ...cluster.gateways[0]?.endpoints, grpcAddr: link.addr };
  const client = new GalaxyClient(endpoints, player.key, player.session, options);
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

it('notices a silent link, and opens another one although nothing ever says that the first is lost', async () => {
  const player = await cluster.signIn();
  const { seen, opened } = follow(player, { pingIntervalMs: 1_000 });
  await opened(1);
  link.stall();
  const missed = await cluster.append(player.session.userId);
  // What was held back stays so: only new connections pass.
  link.lead();
  link.heal();
  await opened(2);
  await vi.waitFor(() => expect(seen.events).toEqual([missed.eventId]), waiting);
});
