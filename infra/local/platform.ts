// Databases, keys and services together: what `npm start` runs, and the demo when nothing runs yet.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { type LocalConfig, listenersOf } from './config.ts';
import { keepRunning } from './keep-running.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { localSecrets } from './secrets.ts';
import { accepts, reachable } from './service.ts';
import { startStack } from './stack.ts';
import { runTool } from './tool.ts';

export type PlatformOptions = {
  config: LocalConfig;
  /** Absolute. */
  dataFolder: string;
  environment: NodeJS.ProcessEnv;
  onLine: (service: string, line: string) => void;
  /** Called with messages about slow steps. */
  log: (line: string) => void;
};

export type Platform = {
  readonly postgresDsn: string;
  readonly redisAddr: string;
  readonly logFolder: string;
  /** Resolves with a sentence when a part ends by itself again and again; once or twice it is started again. */
  readonly lost: Promise<string>;
  /** Stops the services, then the databases; resolves when every process has gone. */
  stop(): Promise<void>;
};

/** @throws OperatorError; nothing is left running then. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const running = new AsyncDisposableStack();
  try {
    const parts = await startParts(options, running);
    return { ...parts, stop: () => running.disposeAsync() };
  } catch (error) {
    await running.disposeAsync();
    throw new OperatorError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function startParts(options: PlatformOptions, running: AsyncDisposableStack) {
  const { config, dataFolder, environment, onLine, log } = options;
  await requireFreePorts(config);
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const secrets = await localSecrets(dataFolder);
  const web = join(dataFolder, 'web');
  const webFolders = { app: join(web, 'app'), boards: join(web, 'boards') };
  await runTool('infra/web/build.ts', [web], environment);
  const [postgres, redis] = await both(
    openPostgres(options, running),
    openRedis(options, secrets.redisPassword, running),
  );

  log('starting backend, lobby, Game Master, Runtime Manager and gateway');
  const logFolder = join(dataFolder, 'logs');
  const { processes, listeners, enginesFile } = config;
  const postgresDsn = postgres.dsn;
  const runtimeFolder = join(dataFolder, 'runtime');
  const stack = await startStack(
    {
      processes,
      listeners,
      secrets,
      postgresDsn,
      redis,
      logFolder,
      runtimeFolder,
      enginesFile,
      webFolders,
      environment,
      onLine,
    },
    log,
  );
  running.defer(() => stack.stop());
  const lost = Promise.race([stack.lost, postgres.lost, redis.lost]);
  return { postgresDsn, redisAddr: redis.addr, logFolder, lost };
}

const never = new Promise<string>(() => {});

async function openPostgres({ config, dataFolder, log }: PlatformOptions, running: AsyncDisposableStack) {
  if (config.postgres.dsn !== undefined) return { dsn: config.postgres.dsn, lost: never };
  let { port } = config.postgres;
  const start = async () => {
    const server = await startPostgres({
      dataFolder: join(dataFolder, 'postgres'),
      port,
      portVariable: 'GALAXY_POSTGRES_PORT',
      addressVariable: 'GALAXY_POSTGRES_DSN',
      log,
    });
    port = server.port;
    return server;
  };
  const kept = await keepRunning('PostgreSQL', start, log);
  running.defer(() => kept.stop());
  await kept.first.createDatabase('galaxy');
  return { dsn: kept.first.dsn('galaxy'), lost: kept.lost };
}

async function openRedis(
  { config, dataFolder, log }: PlatformOptions,
  password: string,
  running: AsyncDisposableStack,
) {
  const given = config.redis.addr;
  if (given !== undefined) {
    return { addr: `${given.host}:${given.port}`, password: config.redis.password, lost: never };
  }
  let { port } = config.redis;
  const start = async () => {
    const server = await startRedis({
      dataFolder: join(dataFolder, 'redis'),
      port,
      password,
      portVariable: 'GALAXY_REDIS_PORT',
      addressVariable: 'GALAXY_REDIS_ADDR',
      log,
    });
    port = server.port;
    return server;
  };
  const kept = await keepRunning('Redis', start, log);
  running.defer(() => kept.stop());
  return { addr: kept.first.addr, password, lost: kept.lost };
}

/** Waits for both even when one fails, so that what the other one started is known and can be stopped. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

async function requireFreePorts(config: LocalConfig): Promise<void> {
  const checked = await Promise.all(
    listenersOf(config).map(async (listener) => ((await accepts(listener.address)) ? [listener] : [])),
  );
  const taken = checked.flat();
  if (taken.length === 0) return;
  const lines = taken.map(
    ({ variable, address }) => `  ${variable}: ${reachable(address)} is in use by another process`,
  );
  throw new Error(
    [
      'some ports are taken:',
      ...lines,
      'Stop what uses them (another npm start?), or set other addresses.',
    ].join('\n'),
  );
}
