// A master of Redis and its replica, which can change places: servers of their own, for tests of failover.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { startRedis } from '../../../infra/local/redis.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import type { TestRedis } from './redis.ts';

const password = 'secret';

export type PairedRedis = TestRedis & {
  /** For the test itself; works whatever the role. */
  readonly client: Redis;
  /** The server's process. */
  readonly pid: number;
};

export type RedisPair = {
  readonly first: PairedRedis;
  readonly second: PairedRedis;
  /** Makes a replica of a master the master, and the other one its replica. Neither loses a connection. */
  demote(master: PairedRedis, replica: PairedRedis): Promise<void>;
  stop(): Promise<void>;
};

/** The first one is the master. */
export async function startRedisPair(): Promise<RedisPair> {
  const cleanUp = new AsyncDisposableStack();
  try {
    const [first, second] = [await startPaired(cleanUp), await startPaired(cleanUp)];
    await follow(second, first);
    return {
      first,
      second,
      async demote(master, replica) {
        await replica.client.replicaof('NO', 'ONE');
        await follow(master, replica);
      },
      stop: () => cleanUp.disposeAsync(),
    };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

/** Makes `replica` one of `master`, and waits until it holds what that one does. */
async function follow(replica: PairedRedis, master: PairedRedis): Promise<void> {
  await replica.client.replicaof(master.host, master.port);
  await vi.waitFor(
    async () =>
      expect(await replica.client.info('replication')).toMatch(
        /role:slave\r\n(?:.*\r\n)*master_link_status:up/,
      ),
    { timeout: 20_000, interval: 50 },
  );
}

async function startPaired(cleanUp: AsyncDisposableStack): Promise<PairedRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-redis-pair-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startRedis({ dataFolder: folder, port: 0, password });
  cleanUp.defer(() => server.stop());
  const host = '127.0.0.1';
  const addr = { host, port: server.port };
  const client = await openRedis({ addr, password, operationTimeoutMs: 10_000, replica: true }, () => {});
  cleanUp.defer(() => client.disconnect());
  await client.config('SET', 'masterauth', password);
  // A full copy does not wait for more replicas.
  await client.config('SET', 'repl-diskless-sync-delay', 0);
  return { ...addr, addr: server.addr, password, db: 0, drop: async () => {}, client, pid: server.pid };
}
