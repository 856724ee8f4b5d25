// A Redis Cluster, for data whose keys share a hash tag or are used one by one: the push log and the replay reservations.
// The client learns from the servers which of them has a slot, follows a slot that moves, and connects again to a server
// that went away.
import { Cluster } from 'ioredis';
import type { ListenAddress } from '../config/types.ts';
import { backoffMs, type LinkOptions, linkOptions } from './client.ts';
import { refuseEviction } from './no-eviction.ts';

export type { Cluster } from 'ioredis';

export type RedisClusterOptions = LinkOptions & {
  /** Some of its nodes, at least one of which replies at start. */
  readonly clusterAddrs: readonly ListenAddress[];
  /** For a reader: how long its commands block. */
  readonly blockMs?: number;
};

/**
 * Connects, and checks that the cluster works and evicts no keys.
 * @param needs what an evicted key would break, as the subject of the error's sentence: "the push log".
 * @param onError called whenever a connection breaks later.
 * @throws Error that says what is wrong, without the password.
 */
export async function openRedisCluster(
  options: RedisClusterOptions,
  needs: string,
  onError: (error: Error) => void,
): Promise<Cluster> {
  const addrs = options.clusterAddrs.map(({ host, port }) => `${host}:${port}`);
  const name = `Redis Cluster at ${addrs.join(', ')}`;
  let failure: Error | undefined;
  let report = (error: Error) => {
    failure = error;
  };
  const cluster = new Cluster([...options.clusterAddrs], await clusterOptions(options));
  cluster.on('node error', (error: Error) => report(error));
  cluster.on('error', (error: Error) => {
    if (failure === undefined) report(error);
  });
  try {
    await ready(cluster);
    for (const node of cluster.nodes('master')) await refuseEviction(node, name, needs);
  } catch (error) {
    cluster.disconnect();
    const cause = failure ?? error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(why.startsWith(name) ? why : `${name} cannot be used: ${why}`, { cause });
  }
  report = onError;
  cluster.options.clusterRetryStrategy = backoffMs;
  return cluster;
}

async function clusterOptions(options: RedisClusterOptions) {
  const { operationTimeoutMs, blockMs } = options;
  return {
    lazyConnect: true,
    redisOptions: await linkOptions(options, blockMs),
    slotsRefreshTimeout: operationTimeoutMs,
    // Every connection resolves its name anew, and TLS checks the name.
    dnsLookup: (host: string, found: (error: null, address: string) => void) => found(null, host),
    // Fail closed and at once while no server of the cluster is connected.
    enableOfflineQueue: false,
    clusterRetryStrategy: (): number | null => null,
  };
}

/** @throws Error when its servers do not reply, or do not serve. The client's own promise stays open then. */
function ready(cluster: Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    cluster.once('ready', resolve);
    cluster.once('end', () => reject(new Error('its state is not ok')));
    cluster.connect().catch(() => {
      // `end` follows.
    });
  });
}
