// One PostgreSQL and one Redis for a test run, on free ports, in a fresh folder that goes away with them. Vitest runs
// this file once per project, all in its main process but each with modules of its own, so the projects share the
// servers through globalThis; the last one to finish stops them.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { describedApis } from '../../../infra/generate/openapi-documents.ts';
import type { ApiDocument } from '../../../infra/generate/operations.ts';
import { type LocalPostgres, startPostgres, stopLeftPostgres } from '../../../infra/local/postgres.ts';
import { codeOf, pidExists } from '../../../infra/local/processes.ts';
import { type LocalRedis, startRedis, stopLeftRedis } from '../../../infra/local/redis.ts';
import { offerDatabases, redisDatabases } from '../stores/redis-databases.ts';

type Apis = Record<keyof typeof describedApis, ApiDocument>;
type Servers = { postgres: LocalPostgres; redis: LocalRedis; apis: Apis; cleanUp: AsyncDisposableStack };

declare module 'vitest' {
  export interface ProvidedContext {
    /** `dsn` leads to the database `postgres` of the run's server, as superuser. Of its Unix socket, the folder. */
    postgres: { dsn: string; socketFolder: string };
    redis: { port: number; password: string };
    /** The descriptions of listeners, made once, since to make them takes a test file a second of CPU time. */
    apis: Apis;
  }
}

declare global {
  var galaxyTestServers: { users: number; starting: Promise<Servers> } | undefined;
}

export async function setup(project: TestProject): Promise<void> {
  globalThis.galaxyTestServers ??= { users: 0, starting: startServers() };
  const shared = globalThis.galaxyTestServers;
  shared.users += 1;
  const { postgres, redis, apis } = await shared.starting.catch((error: unknown) => {
    // Nothing was left running, so there is nothing to tear down.
    globalThis.galaxyTestServers = undefined;
    throw error;
  });
  project.provide('postgres', { dsn: postgres.dsn('postgres'), socketFolder: postgres.socketFolder });
  project.provide('redis', { port: redis.port, password: redis.password });
  project.provide('apis', apis);
}

export async function teardown(): Promise<void> {
  const shared = globalThis.galaxyTestServers;
  if (shared === undefined) return;
  shared.users -= 1;
  if (shared.users > 0) return;
  globalThis.galaxyTestServers = undefined;
  const { cleanUp } = await shared.starting;
  await cleanUp.disposeAsync();
}

async function startServers(): Promise<Servers> {
  await removeKilledRuns();
  const cleanUp = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), `galaxy-test-${process.pid}-`));
    cleanUp.defer(() => rm(folder, { recursive: true, force: true }));

    const common = { port: 0, durable: false };
    const postgres = await startPostgres({ ...common, dataFolder: join(folder, 'postgres') });
    cleanUp.defer(postgres.stop);
    const redis = await startRedis({
      ...common,
      dataFolder: join(folder, 'redis'),
      password: randomBytes(18).toString('base64url'),
      databases: redisDatabases,
      // The first download takes so long that it needs a message.
      log: (line) => process.stderr.write(`${line}\n`),
    });
    cleanUp.defer(redis.stop);

    await offerDatabases(redis);
    return { postgres, redis, apis: await describeApis(), cleanUp };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

/** Imported once per run, not once per project. */
async function describeApis(): Promise<Apis> {
  const { describedApis } = await import('../../../infra/generate/openapi-documents.ts');
  const { lobbyPublic, lobbyInternal, gameMaster } = describedApis;
  return { lobbyPublic: lobbyPublic(), lobbyInternal: lobbyInternal(), gameMaster: gameMaster() };
}

/** A run that was killed could not clean up after itself; its folder names its process. */
async function removeKilledRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const runner = /^galaxy-test-(\d+)-/.exec(name)?.[1];
    const folder = join(tmpdir(), name);
    if (runner === undefined || pidExists(Number(runner)) || !(await isMine(folder))) continue;
    await stopLeftPostgres(join(folder, 'postgres'));
    await stopLeftRedis(join(folder, 'redis'));
    await rm(folder, { recursive: true, force: true });
  }
}

async function isMine(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).uid === process.getuid?.();
  } catch (error) {
    // Another run may be removing it at this moment.
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
