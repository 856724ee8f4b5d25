// A Redis Cluster, for data whose keys share a hash tag or are used one by one: the push log and the replay reservations.
// The client learns from the servers which of them has a slot, follows a slot that moves, and connects again to a server
// that went away.
import { Cluster } from 'ioredis';
import { StartupError } from '../config/startup.ts';
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

/** While a node is away every command tries to connect to it: one line in this time says so. */
const reportEveryMs = 1_000;

/**
 * Connects, and checks that the cluster works and evicts no keys.
 * @param variable names its addresses.
 * @param needs what an evicted key would break, as the subject of the error's sentence: "the push log".
 * @param onError called when a connection breaks later, now and then.
 * @throws StartupError that says what is wrong, without the password.
 */
export async function openRedisCluster(
  options: RedisClusterOptions,
  { variable, needs }: { variable: string; needs: string },
  onError: (error: Error) => void,
): Promise<Cluster> {
  const addrs = options.clusterAddrs.map(({ host, port }) => `${host}:${port}`);
  const name = `Redis Cluster at ${addrs.join(', ')}`;
  let failure: Error | undefined;
  let report = (error: Error) => {
    if (failure === undefined || !saysClosed(error)) failure = error;
  };
  const cluster = new Cluster([...options.clusterAddrs], await clusterOptions(options));
  cluster.on('node error', (error: Error) => report(error));
  // What all nodes together say; each has been reported.
  cluster.on('error', () => {});
  try {
    await ready(cluster);
    for (const node of cluster.nodes('master')) await refuseEviction(node, name, needs);
  } catch (error) {
    cluster.disconnect();
    const cause = failure ?? error;
    const why = saysClosed(cause) ? 'none of these nodes replies' : String((cause as Error).message);
    const message = why.startsWith(name) ? why : `${name} cannot be used: ${why}`;
    throw new StartupError([{ variable, message }]);
  }
  report = nowAndThen(onError);
  cluster.options.clusterRetryStrategy = backoffMs;
  return cluster;
}

/** The client's word for a node that could not be connected to; a node that replied said more. */
function saysClosed(error: unknown): boolean {
  return error instanceof Error && error.message === 'Connection is closed.';
}

function nowAndThen(onError: (error: Error) => void): (error: Error) => void {
  let quietUntil = 0;
  return (error) => {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + reportEveryMs;
    onError(error);
  };
}

async function clusterOptions(options: RedisClusterOptions) {
  const { operationTimeoutMs, blockMs } = options;
  return {
    lazyConnect: true,
    redisOptions: await linkOptions(options, blockMs),
    slotsRefreshTimeout: operationTimeoutMs,
    // Every connection resolves its name itself, and TLS checks the name.
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
