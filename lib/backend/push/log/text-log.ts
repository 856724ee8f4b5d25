import type { RedisCommands } from '../../../redis/commands.ts';
import { type PushLog, pushLogThrough } from './log.ts';

/** The push log through any driver of Redis, for callers that append text only, such as session invalidations. */
export function textPushLog(redis: RedisCommands): PushLog {
  return pushLogThrough(async (lua, parts) => {
    const texts = parts.map((part) => {
      if (typeof part === 'object') throw new TypeError('bytes need the push log over TCP');
      return part;
    });
    return redis.call('EVAL', lua, ...texts);
  });
}
