// Reads from replicas of Redis, where there are some: for what may be slightly old.
import type { ListenAddress } from '../config/types.ts';
import { Replicas } from '../replicas/replicas.ts';
import type { Logger } from '../telemetry/logger.ts';
import { openRedis, type Redis, type RedisOptions } from './client.ts';
import type { RedisReads } from './commands.ts';

/**
 * Reads on a replica that answers, otherwise on the master. The replicas need not be there yet.
 * @param options those of the master, which hold for its replicas, too.
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
      // A link that breaks later shows in the read that needs it.
      redis = await openRedis({ ...options, addr }, () => {});
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
  if (role !== 'slave') throw new Error('it is no replica');
  if (link !== 'connected') throw new Error(`its link to the master is not connected (${link})`);
}
