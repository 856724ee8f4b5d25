// The push log and the replay reservations in a Redis Cluster, under light load: the slot of the push log moves to
// another node, a replica takes over, and a node restarts. Each service signs in as a user that may do only what drivers.md says.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { appendClientEvent } from '../../lib/backend/push/log/append-client-event.ts';
import { pushLog } from '../../lib/backend/push/log/binary-log.ts';
import { notificationIntentEntry } from '../../lib/protocol/notification-intents.ts';
import { fieldsOf } from '../../lib/protocol/stream-fields.ts';
import { openRedisCluster } from '../../lib/redis/cluster.ts';
import { newIntent } from '../support/backend/notifications.ts';
import { newEvent } from '../support/backend/push-log.ts';
import { Follower, outcomeOf } from '../support/gateway/follower.ts';
import { type Cluster, type Player, startCluster } from '../support/run/cluster.ts';
import { createTestRedis } from '../support/stores/redis.ts';
import { type RedisCluster, startRedisCluster } from '../support/stores/redis-cluster.ts';

const within = { timeout: 60_000, interval: 100 };
/** Below the limit of a session, however fast the machine is. */
const commandPauseMs = 60;
const users = ['gateway-replays', 'backend-push'];
const password = 'secret';

let redis: RedisCluster;
let cluster: Cluster;
let player: Player;
let follower: Follower;
let load: Load;
beforeAll(async () => {
  redis = await startRedisCluster(await documentedUsers());
  cluster = await startCluster({
    environment: {
      GATEWAY_REDIS_ADDR: '',
      GATEWAY_REDIS_CLUSTER_ADDRS: redis.addrs,
      GATEWAY_REDIS_USERNAME: 'gateway-replays',
      GATEWAY_REDIS_PASSWORD: password,
      GATEWAY_REDIS_OPERATION_TIMEOUT: '1s',
    },
    backendEnvironment: {
      BACKEND_PUSH_REDIS_CLUSTER_ADDRS: redis.addrs,
      BACKEND_PUSH_REDIS_USERNAME: 'backend-push',
      BACKEND_PUSH_REDIS_PASSWORD: password,
      BACKEND_REDIS_OPERATION_TIMEOUT: '1s',
    },
    pushRedis: redis.client,
  });
  player = await cluster.signIn();
  follower = await new Follower(cluster, player).opened();
});
afterAll(async () => {
  await follower?.stop();
  await cluster?.stop();
  await redis?.stop();
});

afterEach(() => load?.stop());

/** As an operator copies them from the page. */
async function documentedUsers(): Promise<string[]> {
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'drivers.md'), 'utf8');
  const lines = [...page.matchAll(/^user (\w+-\w+) on >secret .*$/gm)];
  expect(lines.map(([, user]) => user)).toEqual(users);
  return lines.map(([line]) => line);
}

/** Commands by the player, and events for them, until `stop`. */
class Load {
  readonly outcomes: string[] = [];
  readonly appended: { eventId: string }[] = [];
  readonly #stop = new AbortController();
  readonly #over: Promise<unknown>;

  constructor() {
    this.#over = Promise.all([this.#commands(), this.#events()]);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#over;
  }

  async #commands(): Promise<void> {
    const client = cluster.client(player, 0);
    while (!this.#stop.signal.aborted) {
      this.outcomes.push(await outcomeOf(client.execute('user.account.get', {})));
      await delay(commandPauseMs);
    }
  }

  /** Each until it was appended, as the services do; a repeat is the same event. */
  async #events(): Promise<void> {
    const log = pushLog(redis.client);
    while (!this.#stop.signal.aborted) {
      const event = newEvent(player.session.userId, { timestampMs: Date.now() });
      const appended = await vi.waitFor(() => appendClientEvent(log, event), within);
      this.appended.push(appended);
      await delay(20);
    }
  }
}

/** A notification, which the backend's worker takes from the stream and appends itself. */
async function notify(): Promise<void> {
  const before = follower.events.length;
  const intent = newIntent([player.session.userId]);
  await cluster.redis.xadd('notification:intents', '*', ...fieldsOf(notificationIntentEntry, intent));
  await vi.waitFor(() => expect(follower.events.length).toBe(before + 1), within);
}

describe('at start', () => {
  const open = (
    clusterAddrs: readonly { host: string; port: number }[],
    more: { password?: string; operationTimeoutMs?: number } = {},
  ) =>
    openRedisCluster(
      { clusterAddrs, password, operationTimeoutMs: 2_000, ...more },
      { variable: 'CLUSTER_ADDRS', needs: 'the log' },
      () => {},
    ).then(
      (opened) => {
        opened.disconnect();
        return 'opened';
      },
      (error: unknown) => String(error),
    );
  const host = '127.0.0.1';
  const nodeAddrs = () => redis.nodes.map(({ addr }) => ({ host, port: Number(addr.split(':')[1]) }));

  it('one node that replies is enough', async () => {
    const silent = { host, port: await freePort() };
    expect(await open([silent, ...nodeAddrs().slice(2)])).toBe('opened');
  });

  it('refuses what does not reply, one Redis, a wrong password, and a node that evicts keys', async () => {
    const silent = { host, port: await freePort() };
    expect(await open([silent])).toMatch(
      /CLUSTER_ADDRS: Redis Cluster at .* cannot be used: none of these nodes replies/,
    );
    const one = await createTestRedis();
    expect(await open([one], { password: one.password })).toMatch(/cluster support disabled/);
    await one.drop();
    expect(await open(nodeAddrs(), { password: 'wrong-secret' })).toMatch(/WRONGPASS(?!.*wrong-secret)/);
    const [{ client } = expect.unreachable()] = redis.nodes;
    await client.config('SET', 'maxmemory', '1gb');
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await open(nodeAddrs())).toMatch(/may evict keys .* the log needs maxmemory-policy noeviction/);
    await client.config('SET', 'maxmemory', '0');
  });
});

const { globalKey } = pushLog({ callBuffer: async () => null } as never);

it('follows the slot of the push log to another node: no command is refused, no event lost or doubled', async () => {
  await notify();
  const known = follower.ids.map((eventId) => ({ eventId }));
  load = new Load();
  await vi.waitFor(() => expect(load.appended.length).toBeGreaterThan(20), within);
  const before = await redis.ownerOf(globalKey);
  const since = performance.now();
  const owner = await redis.moveSlotOf(globalKey, 2_000);
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  expect(await redis.ownerOf(globalKey)).toBe(owner);
  expect(owner).not.toBe(before);
  const moved = load.appended.length;
  await vi.waitFor(() => expect(load.appended.length).toBeGreaterThan(moved + 20), within);
  await load.stop();
  await follower.untilExactly([...known, ...load.appended], within.timeout);
  expect(new Set(load.outcomes)).toEqual(new Set(['ok']));
  process.stdout.write(
    `slot moved in ${seconds} s; ${load.outcomes.length} commands, ${load.appended.length} events\n`,
  );
  await notify();
});

it('refuses commands only while the node of their reservations is away, and loses no event', async () => {
  const known = follower.ids.map((eventId) => ({ eventId }));
  load = new Load();
  await vi.waitFor(() => expect(load.appended.length).toBeGreaterThan(20), within);
  const node = await redis.ownerOf(globalKey);
  await node.restart(3_000);
  const back = load.appended.length;
  await vi.waitFor(() => expect(load.appended.length).toBeGreaterThan(back + 20), within);
  await vi.waitFor(() => expect(load.outcomes.slice(-50)).toEqual(Array(50).fill('ok')), within);
  await load.stop();
  await follower.untilExactly([...known, ...load.appended], within.timeout);
  const refused = load.outcomes.filter((outcome) => outcome !== 'ok');
  expect(new Set(refused)).toEqual(new Set(['REPLAY_STORE_UNAVAILABLE']));
  process.stdout.write(
    `node away for 3 s: ${refused.length} of ${load.outcomes.length} commands refused, ${load.appended.length} events\n`,
  );
});

it('serves again after all nodes were away', async () => {
  const client = cluster.client(player, 0);
  const account = () => outcomeOf(client.execute('user.account.get', {}));
  await Promise.all(redis.nodes.map((node) => node.restart(3_000)));
  const since = performance.now();
  await vi.waitFor(async () => expect(await account()).toBe('ok'), within);
  await notify();
  process.stdout.write(
    `all nodes away: serves after ${((performance.now() - since) / 1_000).toFixed(1)} s\n`,
  );
});

it('follows the slots of a node to its replica: no event is lost or doubled', async () => {
  const known = follower.ids.map((eventId) => ({ eventId }));
  load = new Load();
  await vi.waitFor(() => expect(load.appended.length).toBeGreaterThan(20), within);
  const owner = await redis.handOver(globalKey);
  await vi.waitFor(async () => expect(await redis.ownerOf(globalKey)).toBe(owner), within);
  const handedOver = load.appended.length;
  await vi.waitFor(() => expect(load.appended.length).toBeGreaterThan(handedOver + 20), within);
  await vi.waitFor(() => expect(load.outcomes.slice(-50)).toEqual(Array(50).fill('ok')), within);
  await load.stop();
  await follower.untilExactly([...known, ...load.appended], within.timeout);
  const refused = load.outcomes.filter((outcome) => outcome !== 'ok');
  expect(refused.filter((outcome) => outcome !== 'REPLAY_STORE_UNAVAILABLE')).toEqual([]);
  process.stdout.write(
    `replica took over: ${refused.length} of ${load.outcomes.length} commands refused, ${load.appended.length} events\n`,
  );
  await notify();
});

it('ends the streams of a revoked session, and no user needs more than its rules', async () => {
  const endings = follower.reasons.length;
  await cluster.askBackend(`/api/v1/user/sessions/${player.session.deviceSessionId}/revoke`, player.session);
  await vi.waitFor(() => expect(follower.reasons.length).toBeGreaterThan(endings), within);
  for (const { client } of redis.nodes) {
    expect(await client.acl('LOG')).toEqual([]);
  }
  const clients = await Promise.all(redis.nodes.map(({ client }) => client.client('LIST')));
  expect(users.filter((user) => !clients.join('').includes(` user=${user} `))).toEqual([]);
  // The log is in the cluster alone.
  expect(await cluster.redis.keys('{backend:push}*')).toEqual([]);
});
