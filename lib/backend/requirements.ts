// What the backend's processes cannot run without, for `start`. Redis may go away afterwards: it only takes what is
// published.
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { openDatabase } from '../postgres/open-database.ts';
import { openRedis, type Redis } from '../redis/client.ts';
import { refuseEviction } from '../redis/no-eviction.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { BackendConfig } from './config.ts';

const migrationsFolder = fileURLToPath(new URL('../../drizzle/backend/migrations', import.meta.url));

export function postgresRequirement(connectionLog: Logger) {
  return {
    needs: [
      'BACKEND_POSTGRES_PRIMARY_DSN',
      'BACKEND_POSTGRES_OPERATION_TIMEOUT',
      'BACKEND_POSTGRES_MAX_OPEN_CONNS',
      'BACKEND_POSTGRES_MAX_IDLE_CONNS',
      'BACKEND_POSTGRES_CONN_MAX_LIFETIME',
    ] as const,
    open: ({ postgres }: Pick<BackendConfig, 'postgres'>) =>
      openDatabase(postgres, { folder: migrationsFolder, schema: 'backend' }, (error) =>
        connectionLog.warn({ error }, 'postgresql connection lost'),
      ),
    close: (pool: pg.Pool) => pool.end(),
  };
}

export function redisRequirement(connectionLog: Logger) {
  return {
    needs: [
      'BACKEND_REDIS_ADDR',
      'BACKEND_REDIS_PASSWORD',
      'BACKEND_REDIS_DB',
      'BACKEND_REDIS_TLS_ENABLED',
      'BACKEND_REDIS_OPERATION_TIMEOUT',
    ] as const,
    open: ({ redis }: Pick<BackendConfig, 'redis'>) => openUsableRedis(redis, connectionLog),
    close: async (redis: Redis) => redis.disconnect(),
  };
}

async function openUsableRedis(options: BackendConfig['redis'], connectionLog: Logger): Promise<Redis> {
  const redis = await openRedis(options, (error) => connectionLog.warn({ error }, 'redis connection lost'));
  try {
    await refuseEviction(redis, 'the push log');
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
