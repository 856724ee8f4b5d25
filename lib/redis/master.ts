// What makes sure that a link leads to a master. A demoted master keeps its connections and serves reads, and its name
// may lead to a replica for a while, so every link is asked: whenever it connects, and at intervals afterwards.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  AbstractConnector,
  type Redis,
  type SentinelConnectionOptions,
  SentinelConnector,
  type StandaloneConnectionOptions,
} from 'ioredis';

const watchIntervalMs = 5_000;

/** Redis serves reads only, so that this cannot be the server that is needed. It may become it. */
export class RedisIsReplica extends Error {
  constructor(name: string) {
    super(`${name} is a read-only replica, not the master`);
    this.name = 'RedisIsReplica';
  }
}

/** One server of a Redis Cluster holds some of the keys only. */
export class RedisIsClusterNode extends Error {
  constructor(name: string) {
    super(
      `${name} is a node of a Redis Cluster, which cannot be used: streams and their offsets need one Redis (a single server, or one that Sentinels watch)`,
    );
    this.name = 'RedisIsClusterNode';
  }
}

type Info = { readonly role?: string; readonly redis_mode?: string };

/**
 * A connector of ioredis whose links become ready only at a master that is not a node of a cluster. The name is
 * resolved again for every connection.
 * @param refused called when a server is not such a master.
 */
export function masterConnector(name: string, sentinels: boolean, refused: (error: Error) => void) {
  const problem = (info: Info): Error | undefined => {
    if (info.redis_mode === 'cluster') return new RedisIsClusterNode(name);
    return info.role === 'slave' ? new RedisIsReplica(name) : undefined;
  };
  const check = (info: Info): boolean => {
    const error = problem(info);
    if (error !== undefined) refused(error);
    return error === undefined;
  };
  if (!sentinels) {
    return class extends OneServer {
      override check(info: Info): boolean {
        return check(info);
      }
    };
  }
  return class extends SentinelConnector {
    constructor(options: unknown) {
      super(options as SentinelConnectionOptions);
    }
    override check(info: Info): boolean {
      const isMaster = check(info);
      // Turns to the next Sentinel when this one named a replica.
      return super.check(info) && isMaster;
    }
  };
}

/** As the one of ioredis, which cannot be extended: it is not exported. */
class OneServer extends AbstractConnector {
  readonly #to: StandaloneConnectionOptions;

  constructor(options: unknown) {
    const to = options as StandaloneConnectionOptions;
    super(to.disconnectTimeout ?? 0);
    this.#to = to;
  }

  override async connect(): Promise<AbstractConnector['stream']> {
    const { host = 'localhost', port = 0, tls } = this.#to;
    this.connecting = true;
    this.stream = tls === undefined ? connect({ host, port }) : connectTls({ host, port, ...tls });
    this.stream.once('error', (error) => {
      this.firstError = error;
    });
    return this.stream;
  }
}

/** Errors of a server that was a master: also from within scripts, where older versions put more before the word. */
const demoted = /(?:^|: -)(?:READONLY|MASTERDOWN|UNBLOCKED) /;

export function saysDemoted(error: Error): boolean {
  return demoted.test(error.message);
}

/**
 * Replaces the link when its server has become a replica. Asking also shows that a link is silent, before a command
 * needs it.
 */
export function watchRole(redis: Redis): void {
  let asking = false;
  const ask = async () => {
    // While a server loads, it replies to INFO only; a demoted one loads what the new master sends.
    if (asking || (redis.status !== 'ready' && redis.status !== 'connect')) return;
    asking = true;
    try {
      if (isReplica(await redis.info('replication'))) replaceLink(redis);
    } catch {
      // A link that does not reply ends by its time-out, which is reported.
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void ask(), watchIntervalMs);
  timer.unref();
  redis.once('end', () => clearInterval(timer));
}

function isReplica(info: string): boolean {
  return /^role:slave\r?$/m.test(info);
}

/** A link that is being replaced already is left alone: ioredis would then give it up for good. */
function replaceLink(redis: Redis): void {
  if (redis.status === 'ready' || redis.status === 'connect') redis.disconnect(true);
}
