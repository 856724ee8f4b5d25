// The gateway without its Redis, without the backend, and with a backend that is slow or responds with nonsense: it
// refuses what it cannot check, in bounded time, keeps streams open, and serves again without a restart.
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Answer, json, startUpstreamServer } from '../support/gateway/fake-upstream.ts';
import { Follower, outcomeOf } from '../support/gateway/follower.ts';
import type { TestClient } from '../support/gateway/test-client.ts';
import type { TcpProxy } from '../support/network/tcp-proxy.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';

const backendTimeoutMs = 2_000;
const redisTimeoutMs = 1_000;
/** Added to a time-out, for a busy machine. */
const slackMs = 2_500;

let cluster: Cluster;
let player: Player;
let client: TestClient;
let follower: Follower;

beforeAll(async () => {
  cluster = await startCluster({
    environment: {
      GATEWAY_BACKEND_TIMEOUT: `${backendTimeoutMs}ms`,
      GATEWAY_REDIS_OPERATION_TIMEOUT: `${redisTimeoutMs}ms`,
    },
  });
  player = await cluster.signIn();
  client = cluster.client(player, 0);
  follower = await new Follower(cluster, player).opened();
});
afterEach(() => cluster.links.gatewayToBackend.lead());
afterAll(async () => {
  await follower?.stop();
  await cluster?.stop();
});

const account = () => outcomeOf(client.execute('user.account.get', {}));

async function expectRefused(reason: string, withinMs: number): Promise<void> {
  const startedAt = performance.now();
  expect(await account()).toBe(reason);
  expect(performance.now() - startedAt).toBeLessThan(withinMs);
}

/** A new stream is refused with this reason at every attempt, and opens once the fault is over. */
async function expectNoNewStream(reason: string): Promise<Follower> {
  const other = new Follower(cluster, player);
  onTestFinished(() => other.stop());
  await other.until(() => expect(other.reasons).toContain(reason));
  expect(other.hellos).toEqual([]);
  return other;
}

/** The stream that was open before still gets an event. */
async function expectStreamAlive(): Promise<void> {
  const event = await cluster.append(player.session.userId);
  await follower.until(() => expect(follower.ids.at(-1)).toBe(event.eventId));
  expect([follower.reasons, follower.hellos.length]).toEqual([[], 1]);
}

const untilServing = () =>
  vi.waitFor(async () => expect(await account()).toBe('ok'), { timeout: 20_000, interval: 100 });

const losses: [string, (link: TcpProxy) => void][] = [
  ['cannot be reached', (link) => link.cut()],
  ['does not respond', (link) => link.stall()],
];

describe('the gateway’s Redis', () => {
  it.each(losses)(
    '%s: commands and new streams are refused, open streams stay open, and it serves again',
    async (_, lose) => {
      const link = cluster.links.gatewayToRedis;
      expect(await account()).toBe('ok');
      lose(link);
      onTestFinished(() => link.heal());
      await expectRefused('REPLAY_STORE_UNAVAILABLE', 2 * redisTimeoutMs + slackMs);
      const waiting = await expectNoNewStream('REPLAY_STORE_UNAVAILABLE');
      await expectStreamAlive();
      link.heal();
      await untilServing();
      await waiting.opened();
      await expectStreamAlive();
    },
  );
});

describe('the push log’s Redis', () => {
  it.each(losses)('%s: streams stay open, and get every event once it is back', async (_, lose) => {
    const link = cluster.links.pushToRedis;
    const before = follower.ids.length;
    lose(link);
    onTestFinished(() => link.heal());
    const events = [];
    for (let index = 0; index < 20; index += 1) events.push(await cluster.append(player.session.userId));
    expect(await account()).toBe('ok');
    expect(follower.ids.length).toBe(before);
    link.heal();
    const ids = events.map(({ eventId }) => eventId);
    await follower.until(() => expect(follower.ids.slice(before)).toEqual(ids), 40_000);
    expect([follower.reasons, follower.hellos.length]).toEqual([[], 1]);
  });
});

describe('the backend', () => {
  it.each(losses)(
    '%s: commands and new streams are refused in time, open streams stay open, and it serves again',
    async (_, lose) => {
      const link = cluster.links.gatewayToBackend;
      expect(await account()).toBe('ok');
      lose(link);
      onTestFinished(() => link.heal());
      await expectRefused('UPSTREAM_UNAVAILABLE', backendTimeoutMs + slackMs);
      const waiting = await expectNoNewStream('UPSTREAM_UNAVAILABLE');
      await expectStreamAlive();
      link.heal();
      await untilServing();
      await waiting.opened();
    },
  );

  const session = (more: object) =>
    json(200, {
      device_session_id: player.session.deviceSessionId,
      user_id: player.session.userId,
      status: 'active',
      client_public_key: Buffer.from(client.publicKey).toString('base64'),
      ...more,
    });
  const nonsense: [string, Answer][] = [
    ['responds with a page', (_, response) => void response.end('<html>It works!</html>')],
    ['responds with half an object', (_, response) => void response.end('{"device_session_id":"')],
    [
      'responds with another session',
      (...call) => session({ device_session_id: crypto.randomUUID() })(...call),
    ],
    ['responds with an invalid key', (...call) => session({ client_public_key: 'AAAA' })(...call)],
    ['responds with an unknown status', (...call) => session({ status: 'perhaps' })(...call)],
    ['fails', json(500, { error: { code: 'internal_error', message: 'Something is broken.' } })],
    ['does not know the route', (_, response) => void response.writeHead(404).end('404 page not found')],
    [
      'hangs up in the middle',
      (_, response) =>
        void response.writeHead(200, { 'content-length': 500 }).write('{', () => response.destroy()),
    ],
    ['sends headers and then nothing', (_, response) => response.writeHead(200).flushHeaders()],
    [
      'sends without an end',
      (_, response) => {
        const timer = setInterval(() => response.write(Buffer.alloc(64 * 1024, 0x20)), 5);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ];
  it.each(nonsense)(
    '%s: commands are refused in time, open streams stay open, and it serves again',
    async (_, respond) => {
      const peer = await startUpstreamServer(respond);
      onTestFinished(() => peer.close());
      const { hostname, port } = new URL(peer.url);
      cluster.links.gatewayToBackend.lead({ host: hostname, port: Number(port) });
      await expectRefused('UPSTREAM_UNAVAILABLE', backendTimeoutMs + slackMs);
      await expectStreamAlive();
      cluster.links.gatewayToBackend.lead();
      await untilServing();
    },
  );

  it('is killed and started again: commands are refused in between, and the same sessions continue', async () => {
    expect(await cluster.backend.end('SIGKILL')).toBe('backend ended (exit code SIGKILL)');
    await expectRefused('UPSTREAM_UNAVAILABLE', backendTimeoutMs + slackMs);
    await expectStreamAlive();
    await cluster.backend.start();
    await untilServing();
    await expectStreamAlive();
  });
});
