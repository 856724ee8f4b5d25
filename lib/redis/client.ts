import { Redis } from 'ioredis';
import type { ListenAddress } from '../config/types.ts';

export type { Redis } from 'ioredis';

export type RedisOptions = {
  addr: ListenAddress;
  password: string;
  db?: number;
  tls?: boolean;
  operationTimeoutMs: number;
};

/**
 * Connects to Redis and checks that it replies.
 * @param onError called whenever the connection breaks later.
 * @throws Error that says what is wrong (unreachable, wrong password, no such database), without the password.
 */
export async function openRedis(options: RedisOptions, onError: (error: Error) => void): Promise<Redis> {
  const { host, port } = options.addr;
  const redis = new Redis({
    host,
    port,
    db: options.db ?? 0,
    ...(options.password === '' ? {} : { password: options.password }),
    ...(options.tls === true ? { tls: {} } : {}),
    // RESP3 has other reply shapes for streams and scripts.
    protocol: 2,
    lazyConnect: true,
    connectTimeout: options.operationTimeoutMs,
    commandTimeout: options.operationTimeoutMs,
    // Fail closed and at once while the connection is down, instead of queueing commands.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => null,
  });
  let failure: Error | undefined;
  const remember = (error: Error) => {
    failure = error;
  };
  redis.on('error', remember);
  try {
    await redis.connect();
    // The client selects the database when it connects, but silently stays on database 0 when that fails.
    await redis.select(options.db ?? 0);
  } catch (error) {
    redis.disconnect();
    const cause = failure ?? error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Redis at ${host}:${port} cannot be used: ${why}`, { cause });
  }
  redis.off('error', remember);
  redis.on('error', onError);
  // From now on the client reconnects after every loss, for as long as the process lives.
  redis.options.retryStrategy = (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000);
  return redis;
}
