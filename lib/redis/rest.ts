// Redis over Upstash's REST interface, for runtimes without TCP. The client retries when a reply was lost, so a command
// may run twice; entries of streams therefore carry ids of their producers, by which consumers detect repeats.
import { errors, Redis } from '@upstash/redis/cloudflare';
import type { RedisCommands, RestOptions } from './commands.ts';

const retries = 2;
const firstPauseMs = 50;

/** There was no reply, so it is unknown whether the command ran. */
export class RedisNotReplying extends Error {
  constructor(why: string, cause: unknown) {
    super(`Redis does not reply over REST: ${why}`, { cause });
    this.name = 'RedisNotReplying';
  }
}

/** Connects with the first command. */
export function restRedis({ url, token, operationTimeoutMs }: RestOptions): RedisCommands {
  const client = new Redis({
    url,
    token,
    // "123" stays a string.
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    retry: { retries, backoff: (attempt) => firstPauseMs * 2 ** attempt },
    // A function: with a plain signal the client takes a time-out for a reply.
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

/** As short as an error of ioredis: the client's own message repeats the whole command, values included. */
function plainError(error: unknown, timeoutMs: number): Error {
  if (error instanceof errors.UpstashJSONParseError) {
    return new RedisNotReplying('the response is not a reply of Redis', undefined);
  }
  if (error instanceof errors.UpstashError) {
    const [message = ''] = error.message.split(', command was: ', 1);
    return new Error(message);
  }
  const late = error instanceof DOMException && error.name === 'TimeoutError';
  if (late) return new RedisNotReplying(`nothing within ${timeoutMs} ms`, undefined);
  const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new RedisNotReplying(why instanceof Error ? why.message : String(why), error);
}
