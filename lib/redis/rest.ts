// Redis over REST, as Upstash speaks it, for runtimes without TCP. Its client asks again by itself where an answer was
// lost, so a command may happen twice; whoever adds to a stream gives entries ids of their own by which repeats are known.
import { errors, Redis } from '@upstash/redis/cloudflare';
import type { RedisCommands, RestOptions } from './commands.ts';

const retries = 2;
const firstPauseMs = 50;

/** There was no answer, so nobody knows whether the command has happened. */
export class RedisNotAnswering extends Error {
  constructor(why: string, cause: unknown) {
    super(`Redis does not answer over REST: ${why}`, { cause });
    this.name = 'RedisNotAnswering';
  }
}

/** Nothing is connected or asked before the first command. */
export function restRedis({ url, token, operationTimeoutMs }: RestOptions): RedisCommands {
  const client = new Redis({
    url,
    token,
    // "123" stays a text.
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    retry: { retries, backoff: (attempt) => firstPauseMs * 2 ** attempt },
    // As a function: with a mere signal the client takes a time-out for an answer.
    signal: () => AbortSignal.timeout(operationTimeoutMs),
  });
  return {
    async call(command, ...args) {
      try {
        return await client.exec([command, ...args]);
      } catch (error) {
        throw plainError(error, operationTimeoutMs);
      }
    },
  };
}

/** As short as ioredis would say it: the client's own words repeat the whole command, contents and all. */
function plainError(error: unknown, timeoutMs: number): Error {
  if (error instanceof errors.UpstashJSONParseError) {
    return new RedisNotAnswering('what came back is no answer of Redis', undefined);
  }
  if (error instanceof errors.UpstashError) {
    const [message = ''] = error.message.split(', command was: ', 1);
    return new Error(message);
  }
  const late = error instanceof DOMException && error.name === 'TimeoutError';
  if (late) return new RedisNotAnswering(`nothing within ${timeoutMs} ms`, undefined);
  const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new RedisNotAnswering(why instanceof Error ? why.message : String(why), error);
}
