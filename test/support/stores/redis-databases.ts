// The logical databases of the run's Redis: database 0 holds the numbers of the free ones, and every test file takes
// one. Services read fixed key names, so files that run at once must not see each other's keys.
import { openRedis, type Redis } from '../../../lib/redis/client.ts';

/** More than the test files that can run at once. */
export const redisDatabases = 256;

const freeKey = 'free-databases';

export type RedisServer = { port: number; password: string };

/** Connects to a logical database of the run's Redis. */
export function openDatabase(server: RedisServer, db: number): Promise<Redis> {
  const addr = { host: '127.0.0.1', port: server.port };
  return openRedis({ addr, password: server.password, db, operationTimeoutMs: 10_000 }, () => {});
}

/** Called once per run: declares all databases but 0 free. */
export async function offerDatabases(server: RedisServer): Promise<void> {
  const numbers = Array.from({ length: redisDatabases - 1 }, (_, index) => index + 1);
  await onRegister(server, (register) => register.sadd(freeKey, ...numbers));
}

/** Takes a free database. */
export async function takeDatabase(server: RedisServer): Promise<number> {
  const taken = await onRegister(server, (register) => register.spop(freeKey));
  if (taken === null)
    throw new Error(`All ${redisDatabases - 1} Redis databases are taken: drop() is missing.`);
  return Number(taken);
}

/** Empties a database and gives it back. */
export async function returnDatabase(server: RedisServer, db: number): Promise<void> {
  const redis = await openDatabase(server, db);
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
  await onRegister(server, (register) => register.sadd(freeKey, db));
}

async function onRegister<T>(server: RedisServer, work: (register: Redis) => Promise<T>): Promise<T> {
  const register = await openDatabase(server, 0);
  try {
    return await work(register);
  } finally {
    register.disconnect();
  }
}
