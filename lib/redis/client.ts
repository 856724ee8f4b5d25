import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type RedisOptions as AllOptions, Redis } from 'ioredis';
import type { ListenAddress } from '../config/types.ts';
import { masterConnector, RedisIsReplica, saysDemoted, watchRole } from './master.ts';

export type { Redis } from 'ioredis';

export type RedisOptions = {
  /** Needed without Sentinels. */
  addr?: ListenAddress | undefined;
  /** The default user when unset. */
  username?: string | undefined;
  password: string;
  db?: number;
  tls?: boolean;
  /** PEM file of the authorities that are trusted; unset: those of Node. */
  tlsCaPath?: string | undefined;
  /** They say which server is the master; without addresses, `addr` is the master. */
  sentinel?: RedisSentinel;
  /** Bounds a command. A link that is silent for twice as long while commands wait is replaced. */
  operationTimeoutMs: number;
  /** How long a replica may take at start to become a master. */
  replicaWaitMs?: number;
  /** For reads only: a replica is what is wanted. */
  replica?: boolean;
};

export type LinkOptions = Pick<
  RedisOptions,
  'username' | 'password' | 'tls' | 'tlsCaPath' | 'operationTimeoutMs'
>;

type IoredisOptions = Omit<AllOptions, 'replyMapping'>;

export type RedisSentinel = {
  readonly addrs: readonly ListenAddress[];
  readonly masterName: string;
  readonly password?: string | undefined;
};

const defaultReplicaWaitMs = 30_000;
const replicaRetryMs = 500;

/**
 * Connects to Redis and checks that it replies, and that it is a master. From then on the client reconnects after every
 * loss, for as long as the process lives, and replaces a link that is silent or whose server was demoted.
 * @param onError called whenever the connection breaks later, and when a replica is waited for.
 * @throws Error that says what is wrong (unreachable, wrong password, no such database), without the password.
 */
export async function openRedis(options: RedisOptions, onError: (error: Error) => void): Promise<Redis> {
  const until = performance.now() + (options.replicaWaitMs ?? defaultReplicaWaitMs);
  for (let waiting = false; ; ) {
    try {
      return await connect(options, onError);
    } catch (error) {
      const isReplica = error instanceof Error && error.cause instanceof RedisIsReplica;
      if (!(waiting || isReplica) || performance.now() >= until) throw error;
      if (!waiting) onError(error as Error);
      waiting = true;
    }
    await pause(jittered(replicaRetryMs));
  }
}

/**
 * A connection for blocking reads, whose time-outs include the time that they block.
 * @param onError called when it breaks or cannot connect.
 */
export function openReader(
  redis: Redis,
  { blockMs, operationTimeoutMs }: { blockMs: number; operationTimeoutMs: number },
  { lazyConnect }: { lazyConnect: boolean },
  onError: (error: Error) => void,
): Redis {
  const reader = redis.duplicate({ lazyConnect, ...timeouts(operationTimeoutMs, blockMs) });
  reader.on('error', onError);
  watchRole(reader);
  return reader;
}

/** How errors name this Redis. */
export function redisName({ addr, sentinel }: Pick<RedisOptions, 'addr' | 'sentinel'>): string {
  if (sentinel === undefined || sentinel.addrs.length === 0) return `Redis at ${addr?.host}:${addr?.port}`;
  const addrs = sentinel.addrs.map(({ host, port }) => `${host}:${port}`);
  return `Redis master ${JSON.stringify(sentinel.masterName)} of the Sentinels at ${addrs.join(', ')}`;
}

async function connect(options: RedisOptions, onError: (error: Error) => void): Promise<Redis> {
  let failure: Error | undefined;
  // The first error is the cause of those that follow it, except that SELECT fails before AUTH is reported.
  let report = (error: Error) => {
    if (failure === undefined || failedCommand(error) === 'auth') failure = error;
  };
  try {
    const redis = new Redis(await clientOptions(options, (error) => report(error)));
    redis.on('error', (error: Error) => {
      // The client would go on with database 0.
      if (failedCommand(error) === 'select') redis.disconnect(true);
      if (!isSentinelRound(error)) report(error);
    });
    redis.on('sentinelError', (error: Error) => report(error));
    try {
      await redis.connect();
      // Without this permission nothing would tell a replica from a master.
      await redis.info('replication');
    } catch (error) {
      redis.disconnect();
      throw error;
    }
    report = onError;
    redis.options.retryStrategy = backoffMs;
    redis.options.sentinelRetryStrategy = backoffMs;
    if (options.replica !== true) watchRole(redis);
    return redis;
  } catch (error) {
    const cause = failure ?? error;
    const why = cause instanceof Error ? cause.message : String(cause);
    const name = redisName(options);
    throw new Error(why.startsWith(name) ? why : `${name} cannot be used: ${why}`, { cause });
  }
}

async function clientOptions(
  options: RedisOptions,
  refused: (error: Error) => void,
): Promise<IoredisOptions> {
  const { sentinel } = options;
  const sentinels = sentinel?.addrs ?? [];
  if (sentinels.length === 0 && options.addr === undefined) throw new TypeError('redisChecks have not run');
  const link = await linkOptions(options);
  return {
    ...link,
    ...(sentinels.length === 0 ? options.addr : sentinelOptions(options, link.tls)),
    ...(options.replica === true
      ? {}
      : { Connector: masterConnector(redisName(options), sentinels.length > 0, refused) }),
    db: options.db ?? 0,
    lazyConnect: true,
    // Fail closed and at once while the connection is down, instead of queueing commands.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: saysDemoted,
    retryStrategy: () => null,
  };
}

/**
 * How to sign in and how long to wait: the same for every server, alone or in a cluster.
 * @param blockMs how long the server may keep a command waiting by itself.
 */
export async function linkOptions(
  { username, password, tls, tlsCaPath, operationTimeoutMs }: LinkOptions,
  blockMs = 0,
) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === '' && username === undefined ? {} : { password }),
    ...(tls === true ? { tls: await trusted(tlsCaPath) } : {}),
    // RESP3 has other reply shapes for streams and scripts.
    protocol: 2,
    // A restricted user need not be allowed to run it.
    disableClientInfo: true,
    connectTimeout: operationTimeoutMs,
    disconnectTimeout: operationTimeoutMs,
    ...timeouts(operationTimeoutMs, blockMs),
    // A master that was demoted may load what the new one sends for long; its role is asked for meanwhile.
    maxLoadingRetryTime: 1_000,
    autoResendUnfulfilledCommands: false,
  } satisfies IoredisOptions;
}

function sentinelOptions(
  { sentinel, operationTimeoutMs }: RedisOptions,
  tls: IoredisOptions['tls'],
): IoredisOptions {
  return {
    sentinels: sentinel?.addrs.map(({ host, port }) => ({ host, port })),
    name: sentinel?.masterName,
    ...(sentinel?.password === undefined ? {} : { sentinelPassword: sentinel.password }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: operationTimeoutMs,
    sentinelRetryStrategy: () => null,
  };
}

async function trusted(caPath: string | undefined): Promise<NonNullable<IoredisOptions['tls']>> {
  return caPath === undefined ? {} : { ca: await readFile(caPath) };
}

/**
 * One slow script fails the commands behind it, but does not end the link: that takes twice the time without a byte.
 * @param blockMs how long the server may keep a command waiting by itself.
 */
function timeouts(operationTimeoutMs: number, blockMs = 0) {
  return { commandTimeout: blockMs + operationTimeoutMs, socketTimeout: blockMs + 2 * operationTimeoutMs };
}

/** Spread, so that the links of many processes do not come back at once. */
export function backoffMs(attempt: number): number {
  return jittered(Math.min(50 * 2 ** Math.min(attempt, 6), 2_000));
}

function jittered(ms: number): number {
  return Math.round(ms * (0.5 + Math.random() / 2));
}

function failedCommand(error: Error): string | undefined {
  const { command } = error as { command?: { name?: string } };
  return command?.name;
}

/** The client has asked all Sentinels once; why one was of no use is a `sentinelError`. */
function isSentinelRound({ message }: Error): boolean {
  return message.startsWith('All sentinels are unreachable');
}
