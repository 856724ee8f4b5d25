// The connections that the backend's processes need at start. Redis may fail afterwards: messages then wait in the
// outbox.
import { readFile } from 'node:fs/promises';
import { postgresNeeds } from '../../config/postgres-variables.ts';
import { redisClusterNeeds } from '../../config/redis-cluster-variables.ts';
import { redisNeeds } from '../../config/redis-variables.ts';
import { createAssertionSigner } from '../../operators/assertion.ts';
import { openDatabase } from '../../postgres/open-database.ts';
import type { Postgres } from '../../postgres/pool-options.ts';
import type { Redis } from '../../redis/client.ts';
import { type Cluster, openRedisCluster } from '../../redis/cluster.ts';
import { type HttpRedis, openHttpRedis } from '../../redis/http-redis.ts';
import { openRedisWithoutEviction } from '../../redis/no-eviction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { BackendConfig, BackendHttpConfig } from '../config.ts';
import { migrations } from '../migrations.ts';

/** The key of the assertions about operators; undefined where none is configured. */
export const assertionSignerRequirement = {
  needs: ['BACKEND_OPERATOR_ASSERTION_PRIVATE_KEY_PEM_PATH'] as const,
  async open({ operatorAssertionKeyPath: path }: Pick<BackendConfig, 'operatorAssertionKeyPath'>) {
    if (path === undefined) return undefined;
    const pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Error(`cannot read ${path} (${error.code ?? error.name})`);
    });
    return createAssertionSigner(pem).catch((error: Error) => {
      throw new Error(
        `${path}: ${error.message}; create one with: openssl genpkey -algorithm ed25519 -out operator-assertion.pem`,
      );
    });
  },
};

/** @param migrates false where a job of its own applies migrations. */
export function postgresRequirement(connectionLog: Logger, migrates = true) {
  return {
    needs: postgresNeeds('BACKEND'),
    open: ({ postgres }: Pick<BackendConfig, 'postgres'>) =>
      openDatabase(postgres, migrations, migrates, connectionLog),
    close: (postgres: Postgres) => postgres.close(),
  };
}

export function redisRequirement(connectionLog: Logger) {
  return {
    needs: redisNeeds('BACKEND'),
    open: ({ redis }: Pick<BackendConfig, 'redis'>) =>
      openRedisWithoutEviction(redis, 'the push log', (error) =>
        connectionLog.warn({ error }, 'redis connection lost'),
      ),
    close: async (redis: Redis) => redis.disconnect(),
  };
}

/** For the HTTP side, which does not need a connection where REST is configured. */
export function httpRedisRequirement(connectionLog: Logger) {
  return {
    needs: [...redisNeeds('BACKEND'), 'BACKEND_REDIS_REST_URL', 'BACKEND_REDIS_REST_TOKEN'] as const,
    open: ({ redis }: Pick<BackendHttpConfig, 'redis'>) =>
      openHttpRedis(redis, { service: 'BACKEND', needs: 'the push log' }, (error) =>
        connectionLog.warn({ error }, 'redis connection lost'),
      ),
    close: async (redis: HttpRedis) => redis.close(),
  };
}

/** The cluster that holds the push log; undefined where the Redis of the streams does. */
export function pushClusterRequirement(connectionLog: Logger) {
  return {
    needs: [...redisClusterNeeds('BACKEND_PUSH_REDIS'), 'BACKEND_REDIS_OPERATION_TIMEOUT'] as const,
    open: async (config: PushClusterConfig) =>
      config.pushRedis.clusterAddrs.length === 0 ? undefined : openPushCluster(config, connectionLog),
    close: async (cluster: Cluster | undefined) => cluster?.disconnect(),
  };
}

export type PushClusterConfig = Pick<BackendConfig, 'pushRedis'> & {
  readonly redis: { readonly operationTimeoutMs: number };
};

/** @param blockMs for a reader: how long its commands block. */
export function openPushCluster(
  { pushRedis, redis }: PushClusterConfig,
  log: Logger,
  blockMs = 0,
): Promise<Cluster> {
  const options = { ...pushRedis, operationTimeoutMs: redis.operationTimeoutMs, blockMs };
  return openRedisCluster(
    options,
    { variable: 'BACKEND_PUSH_REDIS_CLUSTER_ADDRS', needs: 'the push log' },
    (error) => log.warn({ error }, 'connection to the redis cluster lost'),
  );
}

/** For processes that read or write streams and the push log over a connection. */
export function backendRequirements(connectionLog: Logger) {
  return {
    postgres: postgresRequirement(connectionLog),
    redis: redisRequirement(connectionLog),
    pushCluster: pushClusterRequirement(connectionLog),
  };
}
