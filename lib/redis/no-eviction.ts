import type { Redis } from './client.ts';

/**
 * @param needs what would break, as the subject of the error's sentence: "the push log".
 * @throws Error when this Redis may drop keys to make room.
 */
export async function refuseEviction(redis: Redis, needs: string): Promise<void> {
  const memory = new Map<string, string>();
  for (const line of (await redis.info('memory')).split('\r\n')) {
    const [name, value] = line.split(':', 2);
    if (name !== undefined && value !== undefined) memory.set(name, value);
  }
  const policy = memory.get('maxmemory_policy');
  if (memory.get('maxmemory') === '0' || policy === 'noeviction') return;
  const { host, port } = redis.options;
  throw new Error(
    `Redis at ${host}:${port} may evict keys (maxmemory-policy ${policy}); ${needs} needs maxmemory-policy noeviction`,
  );
}
