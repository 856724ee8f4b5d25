// A real Redis (or Valkey) for local development and tests. Its data, configuration and log lie in one folder. It
// listens on 127.0.0.1 only and asks for the password, which it reads from its configuration file (mode 0600), not
// from its command line.
import { existsSync } from 'node:fs';
import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRedis } from '../../lib/redis/client.ts';
import { type ServerLocation, startServer, stopLeftBehind } from './child.ts';
import { locateRedis } from './redis-program.ts';

export type RedisOptions = {
  /** Made when missing. Holds `redis.conf`, `redis.log` and, when durable, the append-only file. */
  dataFolder: string;
  /** 0 takes a free one. */
  port: number;
  /** At least one character, no line breaks. */
  password: string;
  /** Environment variable that sets the port, named when the port is taken. */
  portVariable?: string;
  /** Environment variable that names a Redis to use instead, named when this machine has none. */
  addressVariable?: string;
  /** Keeps what it holds across restarts (default), or forgets it: for tests. */
  durable?: boolean;
  /** Number of logical databases; 16 by default. */
  databases?: number;
  /** Further lines of its configuration file. */
  settings?: Readonly<Record<string, string | number>>;
  /** Called with a line for the user when a step is slow or something was repaired. */
  log?: (line: string) => void;
};

export type LocalRedis = {
  port: number;
  /** `127.0.0.1:port`. */
  addr: string;
  password: string;
  pid: number;
  /** Resolves with the reason when Redis ends without having been asked to. */
  lost: Promise<Error>;
  /** Stops Redis; resolves when its process has gone. */
  stop: () => Promise<void>;
};

/**
 * Starts Redis on a data folder and waits until it responds. Whatever state a killed run left is cleaned up.
 * @throws Error that says what to do: no Redis on this machine, port taken, folder in use.
 */
export async function startRedis(options: RedisOptions): Promise<LocalRedis> {
  const log = options.log ?? (() => {});
  await mkdir(options.dataFolder, { recursive: true, mode: 0o700 });
  const dataFolder = await realpath(options.dataFolder);
  const program = await locateRedis({ addressVariable: options.addressVariable, log });

  const server = await startServer({
    ...locationOf(dataFolder),
    logFile: join(dataFolder, 'redis.log'),
    port: options.port,
    portVariable: options.portVariable,
    command: async (port) => ({
      file: program.file,
      args: [await writeConfiguration({ ...options, dataFolder, port })],
      env: program.env,
    }),
    probe: (port) => ping(port, options.password),
    log,
  });
  return { ...server, addr: `127.0.0.1:${server.port}`, password: options.password };
}

/** Stops a Redis that a killed run left on this data folder; does nothing when there is none. */
export async function stopLeftRedis(dataFolder: string): Promise<void> {
  if (existsSync(dataFolder)) await stopLeftBehind(locationOf(await realpath(dataFolder)), () => {});
}

const locationOf = (dataFolder: string): ServerLocation => ({
  name: 'Redis',
  folder: dataFolder,
  pidFile: join(dataFolder, 'redis.pid'),
  stopSignals: ['SIGTERM'],
});

async function writeConfiguration(options: RedisOptions): Promise<string> {
  const { dataFolder, durable = true } = options;
  const settings = {
    bind: '127.0.0.1',
    port: options.port,
    'protected-mode': 'yes',
    requirepass: quoted(options.password),
    daemonize: 'no',
    pidfile: quoted(join(dataFolder, 'redis.pid')),
    dir: quoted(dataFolder),
    databases: options.databases ?? 16,
    // The append-only file alone keeps the data: every confirmed write is in it when the process is killed.
    appendonly: durable ? 'yes' : 'no',
    save: '""',
    // Streams and reservations must fail loudly rather than vanish.
    'maxmemory-policy': 'noeviction',
    ...options.settings,
  };
  const file = join(dataFolder, 'redis.conf');
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  await writeFile(file, '', { mode: 0o600 });
  await chmod(file, 0o600);
  await writeFile(file, lines.join(''));
  return file;
}

/** Redis reads quoted values with backslash escapes. */
const quoted = (value: string) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`;

async function ping(port: number, password: string): Promise<void> {
  const addr = { host: '127.0.0.1', port };
  const redis = await openRedis({ addr, password, operationTimeoutMs: 2_000, replica: true }, () => {});
  redis.disconnect();
}
