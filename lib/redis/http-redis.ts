// Redis for the HTTP side of a service on Node: over REST or over a connection, as configured.
import { StartupError } from '../config/startup.ts';
import type { Redis, RedisOptions } from './client.ts';
import type { RedisCommands } from './commands.ts';
import { openRedisWithoutEviction } from './no-eviction.ts';

export type HttpRedisOptions = Omit<RedisOptions, 'password'> & {
  readonly password: string | undefined;
  readonly rest: { readonly url: string | undefined; readonly token: string | undefined };
};

export type HttpRedis = {
  readonly commands: RedisCommands;
  /** Absent over REST. */
  readonly connection?: Redis;
  close(): void;
};

/**
 * Connects, or sends one command over REST, and checks that Redis replies. Over REST it cannot check for eviction.
 * @param service prefix of its variables.
 * @param needs what an evicted key would break, as the subject of the error's sentence: "the push log".
 * @param onError called whenever the connection breaks later.
 * @throws Error that says what is wrong, without password or token.
 */
export async function openHttpRedis(
  { password, rest, ...options }: HttpRedisOptions,
  { service, needs }: { service: string; needs: string },
  onError: (error: Error) => void,
): Promise<HttpRedis> {
  const { url, token } = rest;
  if (url !== undefined && token !== undefined) {
    const { restRedis } = await import('./rest.ts');
    const commands = restRedis({ url, token, ...options });
    try {
      await commands.call('PING');
    } catch (error) {
      const message = `Redis at ${url} cannot be used: ${error instanceof Error ? error.message : error}`;
      throw new StartupError([{ variable: `${service}_REDIS_REST_URL`, message }]);
    }
    return { commands, close() {} };
  }
  if (password === undefined) throw new TypeError('redisHttpChecks have not run');
  const connection = await openRedisWithoutEviction({ password, ...options }, needs, onError);
  return { commands: connection, connection, close: () => connection.disconnect() };
}
