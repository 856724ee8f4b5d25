// Finds a Redis program: redis-server or valkey-server.
import {
  type DebianProgram,
  type LocatedProgram,
  type LocateOptions,
  locateProgram,
} from './debian-program.ts';
import { lastWords } from './processes.ts';

const redis: DebianProgram = {
  title: 'Redis',
  names: ['redis-server', 'valkey-server'],
  packages: ['redis-server', 'redis-tools'],
  path: 'usr/bin/redis-server',
};

/** @throws Error that says what to install, or which variable names a Redis to use instead. */
export async function locateRedis({
  addressVariable,
  ...options
}: LocateOptions & { addressVariable: string | undefined }): Promise<LocatedProgram> {
  const located = await locateProgram(redis, options).catch((error: unknown) => {
    throw new Error(`${notFound(addressVariable)} Fetching it with apt-get failed: ${lastWords(error)}`, {
      cause: error,
    });
  });
  if (located === undefined) throw new Error(notFound(addressVariable));
  return located;
}

function notFound(addressVariable: string | undefined): string {
  const install =
    process.platform === 'darwin'
      ? '"brew install redis"'
      : '"sudo apt-get update && sudo apt-get install redis-server"';
  const other =
    addressVariable === undefined
      ? ''
      : `, or set ${addressVariable} to the host:port of a Redis that runs already`;
  return (
    'There is no Redis on this machine: neither redis-server nor valkey-server is on the PATH. Install one (' +
    `${install}, or your system's package)${other}.`
  );
}
