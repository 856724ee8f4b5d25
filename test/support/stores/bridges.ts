// The bridges between the drivers without TCP and the run's own PostgreSQL and Redis.
import { type RedisRest, startRedisRest } from '../../../infra/local/redis-rest.ts';
import { startWebSocketProxy, type WebSocketProxy } from '../../../infra/local/websocket-proxy.ts';
import type { TestRedis } from './redis.ts';

export type Bridges = { proxy: WebSocketProxy; rest: RedisRest; close(): Promise<void> };

export async function startBridges(redis: TestRedis): Promise<Bridges> {
  const [proxy, rest] = await Promise.all([
    startWebSocketProxy(),
    startRedisRest({ token: 'rest-secret', redis: { ...redis, addr: redis } }),
  ]);
  return {
    proxy,
    rest,
    async close() {
      await Promise.all([proxy.close(), rest.close()]);
    },
  };
}
