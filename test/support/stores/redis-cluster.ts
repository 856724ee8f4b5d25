// A Redis Cluster of three servers, whose slots can be moved, and of which one can be ended and started again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { expect, vi } from 'vitest';
import { type LocalRedis, startRedis } from '../../../infra/local/redis.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';

const host = '127.0.0.1';
const password = 'secret';
const slotCount = 16_384;
const keysPerStep = 20;
const within = { timeout: 60_000, interval: 50 };

export type ClusterNode = {
  readonly id: string;
  /** `host:port` */
  readonly addr: string;
  /** For the test itself; another one after a restart. */
  readonly client: Redis;
  /** Ends it with SIGKILL, and starts it again on its port and data after `awayMs`. */
  restart(awayMs: number): Promise<void>;
};

export type RedisCluster = {
  readonly nodes: readonly ClusterNode[];
  readonly addrs: string;
  readonly password: string;
  /** For the test itself. */
  readonly client: Cluster;
  ownerOf(key: string): Promise<ClusterNode>;
  /**
   * Moves the slot of a key to another node in steps, as `redis-cli --cluster reshard` does.
   * @param pauseMs how long the slot lies on both nodes, half moved.
   * @returns its owner.
   */
  moveSlotOf(key: string, pauseMs: number): Promise<ClusterNode>;
  /**
   * Adds a replica of the node that has the key's slot, and lets it take the place of that node, which becomes its
   * replica (`CLUSTER FAILOVER`, which waits until the replica has everything).
   * @returns the new owner.
   */
  handOver(key: string): Promise<ClusterNode>;
  stop(): Promise<void>;
};

/** @param users lines of users.acl, for users beside the default one. */
export async function startRedisCluster(users: readonly string[]): Promise<RedisCluster> {
  const cleanUp = new AsyncDisposableStack();
  try {
    const nodes: Node[] = [];
    for (let i = 0; i < 3; i += 1) nodes.push(await Node.start(users, cleanUp));
    await form(nodes);
    const client = new Cluster(
      nodes.map(({ port }) => ({ host, port })),
      { redisOptions: { password, protocol: 2 }, enableOfflineQueue: true },
    );
    client.on('error', () => {});
    cleanUp.defer(() => client.disconnect());
    const slotOf = async (key: string) => Number(await first(nodes).client.cluster('KEYSLOT', key));
    const ownerOf = async (key: string) => {
      const slot = await slotOf(key);
      const ranges = await first(nodes).client.cluster('SLOTS');
      const range = ranges.find(([from, to]) => from <= slot && slot <= to);
      const owner = nodes.find(({ port }) => port === range?.[2]?.[1]);
      if (owner === undefined) throw new Error(`no node has the slot of ${key}`);
      return owner;
    };
    return {
      nodes,
      addrs: nodes.map(({ addr }) => addr).join(','),
      password,
      client,
      ownerOf,
      async moveSlotOf(key, pauseMs) {
        const from = await ownerOf(key);
        const to = first(nodes.filter((node) => node !== from));
        await moveSlot(await slotOf(key), { from, to, nodes, pauseMs });
        return to;
      },
      async handOver(key) {
        const from = await ownerOf(key);
        const replica = await Node.start(users, cleanUp);
        for (const { client } of [replica, from]) await client.config('SET', 'masterauth', password);
        await from.client.cluster('MEET', host, replica.port);
        // Refused until it knows that node.
        await vi.waitFor(() => replica.client.cluster('REPLICATE', from.id), within);
        await vi.waitFor(
          async () => expect(await replicationOf(replica)).toMatch(/master_link_status:up/),
          within,
        );
        nodes.push(replica);
        await promote(replica);
        return replica;
      },
      stop: () => cleanUp.disposeAsync(),
    };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

const replicationOf = ({ client }: Node) => client.info('replication');

/** Redis gives a hand-over up in silence when it takes five seconds, as on a busy machine. */
async function promote(replica: Node): Promise<void> {
  const asked = { at: -Infinity };
  await vi.waitFor(async () => {
    if (performance.now() - asked.at > 6_000) {
      asked.at = performance.now();
      await replica.client.cluster('FAILOVER');
    }
    expect(await replicationOf(replica)).toMatch(/role:master/);
  }, within);
}

async function form(nodes: readonly Node[]): Promise<void> {
  const share = Math.ceil(slotCount / nodes.length);
  for (const [index, { client }] of nodes.entries()) {
    const last = Math.min((index + 1) * share, slotCount) - 1;
    await client.cluster('ADDSLOTSRANGE', index * share, last);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const { port } of nodes.slice(1)) await first(nodes).client.cluster('MEET', host, port);
  await vi.waitFor(async () => {
    for (const { client } of nodes) {
      const info = String(await client.cluster('INFO'));
      expect(info).toContain('cluster_state:ok');
      expect(info).toContain(`cluster_known_nodes:${nodes.length}`);
      expect(info).toContain(`cluster_slots_ok:${slotCount}`);
    }
  }, within);
}

async function moveSlot(
  slot: number,
  { from, to, nodes, pauseMs }: { from: Node; to: Node; nodes: readonly Node[]; pauseMs: number },
): Promise<void> {
  await to.client.cluster('SETSLOT', slot, 'IMPORTING', from.id);
  await from.client.cluster('SETSLOT', slot, 'MIGRATING', to.id);
  for (let steps = 0; ; steps += 1) {
    const keys = (await from.client.cluster('GETKEYSINSLOT', slot, keysPerStep)) as string[];
    if (keys.length === 0) break;
    await from.client.call('MIGRATE', host, to.port, '', 0, 5_000, 'AUTH', password, 'KEYS', ...keys);
    if (steps === 0) await delay(pauseMs);
  }
  for (const { client } of [to, from, ...nodes.filter((node) => node !== to && node !== from)]) {
    await client.cluster('SETSLOT', slot, 'NODE', to.id);
  }
}

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new Error('there is none');
  return item;
}

class Node implements ClusterNode {
  id = '';
  readonly #folder: string;
  #server: LocalRedis;
  #client: Redis;

  private constructor(folder: string, server: LocalRedis, client: Redis) {
    this.#folder = folder;
    this.#server = server;
    this.#client = client;
  }

  static async start(users: readonly string[], cleanUp: AsyncDisposableStack): Promise<Node> {
    const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-redis-cluster-'));
    cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
    const all = [`user default on >${password} ~* &* +@all`, ...users];
    await writeFile(join(folder, 'users.acl'), `${all.join('\n')}\n`);
    const server = await serve(folder, 0);
    const node = new Node(folder, server, await connect(server));
    cleanUp.defer(async () => {
      node.#client.disconnect();
      await node.#server.stop();
    });
    node.id = String(await node.client.cluster('MYID'));
    return node;
  }

  get port(): number {
    return this.#server.port;
  }

  get addr(): string {
    return this.#server.addr;
  }

  get client(): Redis {
    return this.#client;
  }

  async restart(awayMs: number): Promise<void> {
    const { pid, lost } = this.#server;
    this.#client.disconnect();
    process.kill(pid, 'SIGKILL');
    await lost;
    await delay(awayMs);
    this.#server = await serve(this.#folder, this.port);
    this.#client = await connect(this.#server);
  }
}

function serve(dataFolder: string, port: number): Promise<LocalRedis> {
  const settings = {
    aclfile: join(dataFolder, 'users.acl'),
    'cluster-enabled': 'yes',
    // Otherwise a killed node may lack what it has acknowledged, while its disk is slow.
    appendfsync: 'always',
    'cluster-node-timeout': 1_000,
    // Without a node only its own slots are not served.
    'cluster-require-full-coverage': 'no',
  };
  return startRedis({ dataFolder, port, password, settings });
}

function connect({ port }: LocalRedis): Promise<Redis> {
  const addr = { host, port };
  return openRedis({ addr, password, operationTimeoutMs: 10_000, replica: true }, () => {});
}
