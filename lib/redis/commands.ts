/**
 * Redis a command at a time, text in and text out, in RESP2's shapes: what both ioredis and REST can do. Commands that
 * block, transactions and subscriptions need a connection, and so ioredis itself.
 */
export type RedisCommands = {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
};

/** Runs what only reads, and may see what is slightly old. */
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
