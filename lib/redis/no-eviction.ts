import { openRedis, type Redis, type RedisOptions, redisName } from './client.ts';

/**
 * Connects to a Redis and refuses one that evicts keys.
 * @param needs what would break otherwise, as the subject of the error's sentence: "the push log".
 * @param onError called whenever the connection breaks later.
 * @throws Error that says what is wrong, without the password.
 */
export async function openRedisWithoutEviction(
  options: RedisOptions,
  needs: string,
  onError: (error: Error) => void,
): Promise<Redis> {
  const redis = await openRedis(options, onError);
  try {
    await refuseEviction(redis, redisName(options), needs);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** @throws Error when this Redis may drop keys to make room. */
export async function refuseEviction(redis: Redis, name: string, needs: string): Promise<void> {
  const memory = new Map<string, string>();
  for (const line of (await redis.info('memory')).split('\r\n')) {
    const [name, value] = line.split(':', 2);
    if (name !== undefined && value !== undefined) memory.set(name, value);
  }
  const policy = memory.get('maxmemory_policy');
  if (memory.get('maxmemory') === '0' || policy === 'noeviction') return;
  throw new Error(
    `${name} may evict keys (maxmemory-policy ${policy}); ${needs} needs maxmemory-policy noeviction`,
  );
}
