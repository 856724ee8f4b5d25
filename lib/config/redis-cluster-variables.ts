// The variables of a Redis Cluster, for data whose keys permit one.
import type { Check } from './startup.ts';
import { anyText, boolean, filePath, type ListenAddress, listOf, peerAddress, text } from './types.ts';
import { defaulted, optional } from './variables.ts';

/** @param help ends the sentence: "in place of …". */
export function redisClusterAddrs(prefix: string, help: string) {
  return defaulted(`${prefix}_CLUSTER_ADDRS`, '', listOf(peerAddress), {
    help: `host:port of nodes of a Redis Cluster, separated by commas, ${help}.`,
  });
}

/** For a cluster beside the Redis of its service, with whose time-out. */
export function redisClusterVariables(prefix: string, help: string) {
  return {
    clusterAddrs: redisClusterAddrs(prefix, help),
    username: optional(`${prefix}_USERNAME`, text, {
      help: 'User name (ACL) there; unset: the default user.',
    }),
    password: defaulted(`${prefix}_PASSWORD`, '', anyText, {
      help: 'Its password; empty for none.',
      secret: true,
      mayBeEmpty: true,
    }),
    tls: defaulted(`${prefix}_TLS_ENABLED`, 'false', boolean, { help: 'Whether to connect to it with TLS.' }),
    tlsCaPath: optional(`${prefix}_TLS_CA_PATH`, filePath, {
      help: 'PEM file with the certificate authorities to trust for it; unset: those of Node.',
    }),
  };
}

/** The variables that opening it depends on, for `start`. */
export function redisClusterNeeds(prefix: string): [string, ...string[]] {
  return [
    `${prefix}_CLUSTER_ADDRS`,
    `${prefix}_USERNAME`,
    `${prefix}_PASSWORD`,
    `${prefix}_TLS_ENABLED`,
    `${prefix}_TLS_CA_PATH`,
  ];
}

/** For a cluster beside the Redis of its service. */
export function redisClusterChecks(prefix: string): Check<{
  readonly pushRedis: { readonly tls: boolean; readonly tlsCaPath: string | undefined };
}>[] {
  const tls = `${prefix}_TLS_ENABLED`;
  return [
    {
      needs: [`${prefix}_TLS_CA_PATH`, tls],
      problem: ({ pushRedis }) =>
        pushRedis.tlsCaPath !== undefined && !pushRedis.tls ? `has no effect without ${tls}=true` : undefined,
    },
  ];
}

/** Where a cluster takes the place of one Redis. */
export function redisOrClusterChecks(service: string): Check<{
  readonly redis: {
    readonly addr: ListenAddress | undefined;
    readonly sentinel: { readonly addrs: readonly ListenAddress[] };
    readonly clusterAddrs: readonly ListenAddress[];
  };
}>[] {
  const [addr, sentinels, cluster] = ['ADDR', 'SENTINELS', 'CLUSTER_ADDRS'].map(
    (end) => `${service}_REDIS_${end}`,
  ) as [string, string, string];
  return [
    {
      needs: [cluster, addr, sentinels],
      problem: ({ redis }) =>
        redis.clusterAddrs.length > 0 && (redis.addr !== undefined || redis.sentinel.addrs.length > 0)
          ? `is set, and so is ${redis.addr === undefined ? sentinels : addr}. Set one of them.`
          : undefined,
    },
  ];
}
