// Start-up of the push process: configuration, and two connections to Redis, since one of them is used for
// blocking reads only.
import { redisClusterChecks, redisClusterNeeds } from '../../config/redis-cluster-variables.ts';
import { redisNeeds, redisTcpChecks } from '../../config/redis-variables.ts';
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { openReader, type Redis } from '../../redis/client.ts';
import type { Cluster } from '../../redis/cluster.ts';
import { openRedisWithoutEviction } from '../../redis/no-eviction.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type PushConfig, pushVariables } from '../push/config.ts';
import { openPushCluster } from './requirements.ts';

export const heartbeatIntervalMs = 5_000;

/** Longer than the interval of heartbeats, so that a read without any entry means that something is wrong. */
export const blockMs = 2 * heartbeatIntervalMs;

export type Push = {
  readonly config: PushConfig;
  readonly logger: Logger;
  readonly redis: Redis | Cluster;
  /** For the tail's blocking reads alone. */
  readonly reader: Redis | Cluster;
};

/** @throws StartupError with every problem. */
export async function startPush(environment: Environment): Promise<Push> {
  const connectionLogger = createLogger({ service: 'backend-push', level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: pushVariables,
    checks: [...redisTcpChecks('BACKEND'), ...redisClusterChecks('BACKEND_PUSH_REDIS')],
    requirements: {
      connections: {
        needs: [...redisNeeds('BACKEND'), ...redisClusterNeeds('BACKEND_PUSH_REDIS')] as const,
        open: (config: PushConfig) => openConnections(config, connectionLogger),
        close: async ({ redis, reader }: Connections) => {
          reader.disconnect();
          redis.disconnect();
        },
      },
    },
  });
  const logger = createLogger({ service: 'backend-push', level: config.logLevel });
  return { config, logger, ...resources.connections };
}

type Connections = Pick<Push, 'redis' | 'reader'>;

async function openConnections(config: PushConfig, logger: Logger): Promise<Connections> {
  if (config.pushRedis.clusterAddrs.length === 0) return openSingle(config.redis, logger);
  const cluster = await openPushCluster(config, logger);
  try {
    return { redis: cluster, reader: await openPushCluster(config, logger, blockMs) };
  } catch (error) {
    cluster.disconnect();
    throw error;
  }
}

async function openSingle(
  { password, ...options }: PushConfig['redis'],
  logger: Logger,
): Promise<Connections> {
  if (password === undefined) throw new TypeError('the variables must have been read');
  const redis = await openRedisWithoutEviction({ password, ...options }, 'the push log', (error) =>
    logger.warn({ error }, 'redis connection lost'),
  );
  try {
    const bounds = { blockMs, operationTimeoutMs: options.operationTimeoutMs };
    const reader = openReader(redis, bounds, { lazyConnect: true }, (error) =>
      logger.warn({ error }, 'redis connection of the tail lost'),
    );
    await reader.connect();
    return { redis, reader };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
