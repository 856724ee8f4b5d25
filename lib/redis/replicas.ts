// Reads that may return slightly old data, from read replicas of Redis where there are any.
import type { ListenAddress } from '../config/types.ts';
import { Replicas } from '../replicas/replicas.ts';
import type { Logger } from '../telemetry/logger.ts';
import { openRedis, type Redis, type RedisOptions } from './client.ts';
import type { RedisReads } from './commands.ts';

const noSentinels = { addrs: [], masterName: '' };

/**
 * Reads on a replica that works, otherwise on the master. The replicas need not be up yet.
 * @param options those of the master; they apply to its replicas, too.
 */
export function openRedisReplicas(
  master: Redis,
  addrs: readonly ListenAddress[],
  options: RedisOptions,
  log: Logger,
): RedisReads & { close(): void } {
  const opened: Redis[] = [];
  const links = addrs.map((addr) => {
    const name = `${addr.host}:${addr.port}`;
    let redis: Redis | undefined;
    const connection = async () => {
      if (redis !== undefined) return redis;
      // The next read reports a connection that breaks later.
      redis = await openRedis({ ...options, addr, replica: true, sentinel: noSentinels }, () => {});
      opened.push(redis);
      return redis;
    };
    return { name, connection };
  });
  const replicas = new Replicas<() => Promise<Redis>>(links, refuseUnlessReplica, log);
  return {
    read: (work) =>
      replicas.read(
        async (connection) => work(await connection()),
        async () => master,
      ),
    close() {
      replicas.close();
      for (const redis of opened) redis.disconnect();
    },
  };
}

async function refuseUnlessReplica(connection: () => Promise<Redis>): Promise<void> {
  const [role, , , link] = (await (await connection()).role()) as unknown[];
  if (role !== 'slave') throw new Error('it is not a replica');
  if (link !== 'connected') throw new Error(`its link to the master is not connected (${link})`);
}
