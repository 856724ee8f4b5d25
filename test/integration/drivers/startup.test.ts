// What a start refuses of drivers, asked of real servers.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { startRedis } from '../../../infra/local/redis.ts';
import { compileCache } from '../../../infra/local/service.ts';
import { prepareBackend } from '../../../lib/backend/process/serverless.ts';
import { startBackend, startBackendHttp } from '../../../lib/backend/process/start.ts';
import { startNotificationWorker } from '../../../lib/backend/process/start-notification-worker.ts';
import { startOutboxRelay } from '../../../lib/backend/process/start-outbox-relay.ts';
import { startPush } from '../../../lib/backend/process/start-push.ts';
import { StartupError } from '../../../lib/config/startup.ts';
import { prepareLobby } from '../../../lib/lobby/process/serverless.ts';
import { startLobby, startLobbyHttp } from '../../../lib/lobby/process/start.ts';
import { neonPostgres } from '../../../lib/postgres/neon.ts';
import { pgPostgres } from '../../../lib/postgres/pg.ts';
import { openRedis } from '../../../lib/redis/client.ts';
import { restRedis } from '../../../lib/redis/rest.ts';
import { callersText } from '../../support/service-callers.ts';
import { type Bridges, startBridges } from '../../support/stores/bridges.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

const root = join(import.meta.dirname, '../../..');

let redis: TestRedis;
/** Empty until something migrates it. */
let database: TestDatabase;
let bridges: Bridges;
let lobby: Record<string, string>;
let backend: Record<string, string>;
beforeAll(async () => {
  [redis, database] = await Promise.all([createTestRedis(), createTestDatabase()]);
  bridges = await startBridges(redis);
  const both = (service: string) => ({
    [`${service}_POSTGRES_PRIMARY_DSN`]: database.dsn,
    [`${service}_POSTGRES_DRIVER`]: 'neon',
    [`${service}_POSTGRES_WEBSOCKET_PROXY`]: bridges.proxy.addr,
    [`${service}_REDIS_REST_URL`]: bridges.rest.url,
    [`${service}_REDIS_REST_TOKEN`]: bridges.rest.token,
    [`${service}_LOG_LEVEL`]: 'silent',
  });
  lobby = {
    ...both('LOBBY'),
    LOBBY_USER_SERVICE_BASE_URL: 'http://127.0.0.1:1',
    LOBBY_GM_BASE_URL: 'http://127.0.0.1:1',
    LOBBY_PUBLIC_HTTP_CALLERS: callersText('public-secret'),
    LOBBY_INTERNAL_HTTP_CALLERS: callersText('internal-secret'),
  };
  backend = {
    ...both('BACKEND'),
    BACKEND_CODE_HMAC_KEY: 'a secret of the tests, of 32 bytes or more',
    BACKEND_MAILER: 'smtp',
    BACKEND_SMTP_URL: 'smtp://127.0.0.1:1',
    BACKEND_MAIL_FROM: 'noreply@example.com',
    BACKEND_HTTP_CALLERS: callersText('service-secret'),
    BACKEND_ADMIN_HTTP_CALLERS: callersText('admin-secret'),
  };
});
afterAll(async () => {
  await bridges.close();
  await Promise.all([redis.drop(), database.drop()]);
});

/** What is wrong with each variable. */
async function problems(work: Promise<unknown>): Promise<Record<string, string>> {
  const error: unknown = await work.then(
    () => expect.unreachable('it should not start'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StartupError)) throw error;
  return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]));
}

const runToEnd = (args: string[], env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ['--import', './infra/node/quick-imports.ts', ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...compileCache, ...env },
  });

/** Applies migrations as an operator does. */
const job = (which: string, env: Record<string, string>) => runToEnd(['infra/node/migrate.ts', which], env);

describe('where no process starts the handlers', () => {
  const drivers = { postgres: { pg: pgPostgres, neon: neonPostgres }, redis: restRedis };

  it('a database is refused until the job has migrated it', async () => {
    const check = async () => {
      const opened = [prepareLobby(lobby, drivers).open(), await prepareBackend(backend, drivers).open()];
      const found = await Promise.allSettled(opened.map((each) => each.check()));
      await Promise.all(opened.map((each) => each.close()));
      return found.map((each) => (each.status === 'rejected' ? String(each.reason) : 'good'));
    };
    const onLambda = async () => {
      const starts = [
        startLobbyHttp(lobby, { migrates: false }),
        startBackendHttp(backend, { migrates: false }),
      ];
      const found = await Promise.allSettled(starts);
      for (const each of found) if (each.status === 'fulfilled') await each.value.close();
      return found.map((each) => (each.status === 'rejected' ? String(each.reason) : 'good'));
    };
    expect(await onLambda()).toEqual([
      expect.stringMatching(/LOBBY_POSTGRES_PRIMARY_DSN: schema lobby of PostgreSQL is older/),
      expect.stringMatching(/BACKEND_POSTGRES_PRIMARY_DSN: schema backend of PostgreSQL is older/),
    ]);
    expect(await check()).toEqual([
      expect.stringMatching(
        /schema lobby of PostgreSQL is older .* run: node infra\/node\/migrate\.ts lobby$/,
      ),
      expect.stringMatching(/schema backend of PostgreSQL is older .*node\/migrate\.ts backend$/),
    ]);
    const throughWebSocket = {
      LOBBY_POSTGRES_PRIMARY_DSN: database.dsn,
      LOBBY_POSTGRES_DRIVER: 'neon',
      LOBBY_POSTGRES_WEBSOCKET_PROXY: bridges.proxy.addr,
    };
    expect((await job('lobby', throughWebSocket)).stdout).toBe('the schema lobby is up to date\n');
    expect(await check()).toEqual(['good', expect.stringContaining('schema backend')]);
    const overTcp = {
      LOBBY_POSTGRES_PRIMARY_DSN: database.dsn,
      GM_POSTGRES_PRIMARY_DSN: database.dsn,
      BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
    };
    expect((await job('all', overTcp)).stdout).toBe(
      'the schema lobby is up to date\nthe schema game_master is up to date\nthe schema backend is up to date\n',
    );
    expect(await check()).toEqual(['good', 'good']);
    expect(await onLambda()).toEqual(['good', 'good']);
    await expect(job('all', {})).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /LOBBY_POSTGRES_PRIMARY_DSN: is not set[\s\S]*BACKEND_POSTGRES_PRIMARY_DSN: is not set/,
      ),
    });
    await expect(job('both', overTcp)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('say which'),
    });
  }, 120_000);
});

describe('on Node', () => {
  it('an HTTP side starts without TCP to either', async () => {
    const [theLobby, theBackend] = [await startLobbyHttp(lobby), await startBackendHttp(backend)];
    await Promise.all([theLobby.close(), theBackend.close()]);
  });

  it('whoever waits for entries of streams is refused REST alone', async () => {
    const refused = {
      lobby: {
        LOBBY_REDIS_MASTER_ADDR: /^is not set/,
        LOBBY_REDIS_REST_URL: /needs LOBBY_REDIS_MASTER_ADDR$/,
      },
      backend: { BACKEND_REDIS_ADDR: /^is not set/, BACKEND_REDIS_REST_URL: /needs BACKEND_REDIS_ADDR$/ },
    };
    const starts: [start: () => Promise<unknown>, expected: Record<string, RegExp>][] = [
      [() => startLobby('lobby-outbox-relay', lobby), refused.lobby],
      [() => startBackend(backend), refused.backend],
      [() => startOutboxRelay(backend), refused.backend],
      [() => startNotificationWorker(backend), refused.backend],
      [() => startPush(backend), refused.backend],
    ];
    for (const [start, expected] of starts) {
      const found = await problems(start());
      for (const [variable, message] of Object.entries(expected)) expect(found[variable]).toMatch(message);
    }
  });

  it('what REST and the WebSocket lead to is proven, and every problem told without a secret', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const found = await problems(
      startLobbyHttp({
        ...lobby,
        LOBBY_REDIS_REST_TOKEN: 'wrong-secret',
        LOBBY_POSTGRES_WEBSOCKET_PROXY: nobody,
      }),
    );
    expect(found).toEqual({
      LOBBY_REDIS_REST_URL: `Redis at ${bridges.rest.url} cannot be used: WRONGPASS invalid or missing auth token`,
      LOBBY_POSTGRES_PRIMARY_DSN: expect.stringMatching(/^PostgreSQL cannot be used: .*WebSocket failed/),
    });
    expect(
      await problems(startBackendHttp({ ...backend, BACKEND_REDIS_REST_URL: `http://${nobody}` })),
    ).toEqual({
      BACKEND_REDIS_REST_URL: expect.stringMatching(/cannot be used: .*ECONNREFUSED/),
    });
  });

  // In processes of their own: the driver leaves such a connection open, and until PostgreSQL gives it up, nobody can
  // make or drop a database.
  it.each(['pg', 'neon'])(
    'a DSN without the password that the server wants is told so (%s)',
    async (driver) => {
      const dsn = new URL(database.dsn);
      dsn.password = '';
      const variables = { ...lobby, LOBBY_POSTGRES_DRIVER: driver, LOBBY_POSTGRES_PRIMARY_DSN: dsn.href };
      const why = 'the server asks for a password, and the DSN has none';
      await expect(runToEnd(['infra/node/lobby-http.ts'], variables)).rejects.toMatchObject({
        stderr: expect.stringContaining(`LOBBY_POSTGRES_PRIMARY_DSN: PostgreSQL cannot be used: ${why}\n`),
      });
      await expect(job('lobby', variables)).rejects.toMatchObject({
        stderr: expect.stringContaining(
          `LOBBY_POSTGRES_PRIMARY_DSN: the migrations of schema lobby cannot be applied: ${why}\n`,
        ),
      });
    },
    60_000,
  );

  it('the lobby refuses a Redis that may evict keys', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxy-evicting-'));
    const evicting = await startRedis({ dataFolder: folder, port: 0, password: 'p', durable: false });
    const addr = { host: '127.0.0.1', port: evicting.port };
    const admin = await openRedis({ addr, password: 'p', operationTimeoutMs: 5_000 }, () => {});
    try {
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await admin.config('SET', 'maxmemory', '100mb');
      const { LOBBY_REDIS_REST_URL: _, LOBBY_REDIS_REST_TOKEN: __, ...others } = lobby;
      const environment = { ...others, LOBBY_REDIS_MASTER_ADDR: evicting.addr, LOBBY_REDIS_PASSWORD: 'p' };
      const expected = {
        LOBBY_REDIS_MASTER_ADDR: `Redis at ${evicting.addr} may evict keys (maxmemory-policy allkeys-lru); the lobby needs maxmemory-policy noeviction`,
      };
      expect(await problems(startLobbyHttp(environment))).toEqual(expected);
      expect(await problems(startLobby('lobby', environment, { alone: true }))).toEqual(expected);
    } finally {
      admin.disconnect();
      await evicting.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
