// Clients that stop reading, with real sockets: they cost the gateway no more than its bound, get the reason for their
// end, and no other client notices.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { rssKib } from '../bench/system.ts';
import { Follower } from '../support/gateway/follower.ts';
import { TestClient } from '../support/gateway/test-client.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';

const queueBytes = 1024 * 1024;
const slowStreams = 12;
const events = 320;
const payload = Buffer.from(JSON.stringify({ text: 'x'.repeat(60 * 1024) }));

let cluster: Cluster;
/** The proxy between the slow clients and the gateway. */
let slowLink: TcpProxy;
const cleanUp: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  cluster = await startCluster({
    environment: {
      GATEWAY_PUSH_QUEUE_BYTES: `${queueBytes}`,
      GATEWAY_PUSH_STALL_TIMEOUT: '4s',
      GATEWAY_RATE_LIMIT_USER_SUBSCRIBE: 'off',
    },
  });
  const [host = '', port] = cluster.gateways[0]?.endpoints.grpcAddr.split(':') ?? [];
  slowLink = await startTcpProxy({ host, port: Number(port) });
});
afterEach(async () => {
  slowLink.heal();
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});
afterAll(async () => {
  await cluster?.stop();
  await slowLink?.close();
});

/** Follows through a connection that the test can stall. */
function followSlowly(player: Player): Follower {
  const endpoints = { httpUrl: '', ...cluster.gateways[0]?.endpoints, grpcAddr: slowLink.addr };
  const client = new TestClient(endpoints, player.key, player.session);
  const follower = new Follower(cluster, player, { clients: [client] });
  cleanUp.push(
    () => client.close(),
    () => follower.stop(),
  );
  return follower;
}

const endedAsSlow = () => cluster.lines.filter((line) => line.includes('"reason":"SLOW_CONSUMER"')).length;

it('many that stop reading are ended at their bound; the gateway stays small, and their user’s other device gets every event', async ({
  annotate,
}) => {
  const email = 'slow-and-quick@example.com';
  const quickPlayer = await cluster.signIn(email);
  const slowPlayers: Player[] = [];
  for (let session = 0; session < slowStreams / 2; session += 1) {
    slowPlayers.push(await cluster.signIn(email));
  }
  const quick = new Follower(cluster, quickPlayer);
  cleanUp.push(() => quick.stop());
  await quick.opened();
  const slow = slowPlayers.flatMap((player) => [followSlowly(player), followSlowly(player)]);
  await Promise.all(slow.map((follower) => follower.opened()));
  const { userId } = quickPlayer.session;
  const pid = cluster.gateways[0]?.pid ?? 0;

  slowLink.stall();
  const endedBefore = endedAsSlow();
  const before = rssKib(pid);
  let largest = 0;
  const appended = [];
  for (let index = 0; index < events; index += 1) {
    appended.push(await cluster.append(userId, { payload }));
    largest = Math.max(largest, rssKib(pid) ?? 0);
    // No faster than the quick client reads: only the slow ones must fall behind.
    await quick.until(() => expect(appended.length - quick.events.length).toBeLessThan(16));
  }
  await quick.untilExactly(appended);
  expect(quick.reasons).toEqual([]);
  await quick.until(() => expect(endedAsSlow() - endedBefore).toBe(slowStreams));

  if (before !== undefined) {
    const unboundedKib = (slowStreams * events * payload.length) / 1024;
    await annotate(
      `the gateway grew by at most ${Math.round((largest - before) / 1024)} MiB; all that was sent would be ${Math.round(unboundedKib / 1024)} MiB`,
    );
    expect(largest - before).toBeLessThan(unboundedKib / 2);
  }

  // Two of them start to read again.
  const [back, gone] = [slow.slice(0, 2), slow.slice(2)];
  await Promise.all(gone.map((follower) => follower.stop()));
  slowLink.heal();
  for (const follower of back) {
    await follower.untilExactly(appended, 40_000);
    expect(follower.reasons[0]).toBe('SLOW_CONSUMER');
    expect(follower.hellos.slice(1).every(({ resumed }) => resumed)).toBe(true);
  }
});

it('one that reads nothing for too long is ended even if few bytes wait for it', async () => {
  const player = await cluster.signIn();
  const slow = followSlowly(player);
  await slow.opened();
  const quick = new Follower(cluster, player);
  cleanUp.push(() => quick.stop());
  await quick.opened();

  slowLink.stall();
  const endedBefore = endedAsSlow();
  const appended = [];
  // More than the sockets in between buffer, less than the gateway's bound on waiting bytes.
  const deadline = performance.now() + 30_000;
  while (endedAsSlow() === endedBefore && performance.now() < deadline) {
    if (appended.length < 16) appended.push(await cluster.append(player.session.userId, { payload }));
    await delay(20);
  }
  expect(endedAsSlow()).toBe(endedBefore + 1);
  await quick.untilExactly(appended);
  expect(quick.reasons).toEqual([]);
  slowLink.heal();
  await slow.untilExactly(appended, 40_000);
  expect(slow.reasons).toEqual(['SLOW_CONSUMER']);
});
