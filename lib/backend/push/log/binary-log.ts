import { createHash } from 'node:crypto';
import type { Redis } from '../../../redis/client.ts';
import { type PushLog, pushLogThrough } from './log.ts';

/** The push log over TCP, for callers that read and write events: payloads pass through byte for byte. */
export function pushLog(redis: Pick<Redis, 'callBuffer'>): PushLog {
  const digests = new Map<string, string>();
  const digestOf = (lua: string) => {
    const digest = digests.get(lua) ?? createHash('sha1').update(lua).digest('hex');
    digests.set(lua, digest);
    return digest;
  };
  return pushLogThrough((lua, parts) =>
    redis.callBuffer('EVALSHA', [digestOf(lua), ...parts]).catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
        return redis.callBuffer('EVAL', [lua, ...parts]);
      }
      throw error;
    }),
  );
}
