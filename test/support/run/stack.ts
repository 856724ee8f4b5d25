// The whole platform in one real process, as `npm start` runs it, on free ports, with a database of the run's PostgreSQL
// and a database of its Redis. A process for each service takes four times the CPU time to start; start.test.ts has that.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Caller, callerToken } from '../../../infra/local/callers.ts';
import { freePort } from '../../../infra/local/child.ts';
import type { Listeners } from '../../../infra/local/config.ts';
import { localSecrets } from '../../../infra/local/secrets.ts';
import { reachable } from '../../../infra/local/service.ts';
import { startStack } from '../../../infra/local/stack.ts';
import { signInByMail } from '../backend/sign-in.ts';
import { TestClient } from '../gateway/test-client.ts';
import { createTestDatabase } from '../stores/database.ts';
import { createTestRedis } from '../stores/redis.ts';

export type TestStack = {
  readonly listeners: Listeners;
  /** The bearer token of a caller. */
  readonly tokenOf: (caller: Caller) => string;
  /** Has the Runtime Manager's journal and engines. */
  readonly runtimeFolder: string;
  /** Of the stack's database. */
  readonly dsn: string;
  /** A pool on it. */
  readonly db: pg.Pool;
  /** Signs a player in by e-mail: a new one, unless the address is that of another one. */
  signIn(name: string, email?: string): Promise<TestClient>;
  /** One that has not signed in. */
  newClient(): TestClient;
  /** Everything that the services have logged. */
  logs(): Promise<string>;
  /** Ends its services as Ctrl-C does. The databases stay, so that it can be started again. */
  stopServices(): Promise<void>;
  startServices(): Promise<void>;
  stop(): Promise<void>;
};

/** @param environment variables for all services. */
export async function startTestStack(environment: Record<string, string> = {}): Promise<TestStack> {
  const cleanUp = new AsyncDisposableStack();
  try {
    return await startParts(cleanUp, environment);
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

async function startParts(
  cleanUp: AsyncDisposableStack,
  environment: Record<string, string>,
): Promise<TestStack> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-stack-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const database = await createTestDatabase();
  cleanUp.defer(() => database.drop());
  const redis = await createTestRedis();
  cleanUp.defer(() => redis.drop());

  const address = async () => ({ host: '127.0.0.1', port: await freePort() });
  const listeners: Listeners = {
    gatewayHttp: await address(),
    gatewayGrpc: await address(),
    gatewayWeb: await address(),
    backendHttp: await address(),
    backendAdmin: await address(),
    backendPush: await address(),
    lobbyPublic: await address(),
    lobbyInternal: await address(),
    gameMaster: await address(),
    gameMasterPublic: await address(),
    console: await address(),
  };
  const secrets = await localSecrets(folder);
  const lines: string[] = [];
  const logFolder = join(folder, 'logs');
  const runtimeFolder = join(folder, 'runtime');
  const start = () =>
    startStack(
      {
        processes: 'one',
        listeners,
        secrets,
        postgresDsn: database.dsn,
        redis,
        logFolder,
        runtimeFolder,
        environment,
        onLine: (_, line) => lines.push(line),
      },
      (line) => lines.push(line),
    );
  let stack = await start();
  cleanUp.defer(() => stack.stop());

  const db = new pg.Pool({ connectionString: database.dsn, max: 4 });
  cleanUp.defer(() => db.end());

  const endpoints = {
    httpUrl: `http://${reachable(listeners.gatewayHttp)}`,
    grpcAddr: reachable(listeners.gatewayGrpc),
  };
  const newClient = () => {
    const client = new TestClient(endpoints);
    cleanUp.defer(() => client.close());
    return client;
  };
  return {
    listeners,
    runtimeFolder,
    tokenOf: (caller) => callerToken(secrets, caller),
    dsn: database.dsn,
    db,
    async signIn(name, email = `${name}-${randomUUID()}@example.com`) {
      const client = newClient();
      await signInByMail(client, email, lines);
      return client;
    },
    newClient,
    async logs() {
      const files = await readdir(logFolder);
      return (await Promise.all(files.map((file) => readFile(join(logFolder, file), 'utf8')))).join('');
    },
    stopServices: () => stack.stop(),
    async startServices() {
      stack = await start();
    },
    stop: () => cleanUp.disposeAsync(),
  };
}
