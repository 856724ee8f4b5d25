/**
 * Single Redis commands, with strings as arguments and RESP2 replies: what both ioredis and REST support. Blocking
 * commands, transactions and subscriptions need a connection, and so ioredis itself.
 */
export type RedisCommands = {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
};

/** Runs reads that may return slightly old data. */
export type RedisReads = {
  read<T>(work: (redis: RedisCommands) => Promise<T>): Promise<T>;
};

export type RestOptions = {
  /** Such as `https://eu1-example-12345.upstash.io`. */
  url: string;
  token: string;
  /** Bound on one command, all attempts together. */
  operationTimeoutMs: number;
};
