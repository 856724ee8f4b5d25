// Databases, migrated as a deployment does it, and the configuration of one runtime's services.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '../../../infra/local/child.ts';
import { startRedisRest } from '../../../infra/local/redis-rest.ts';
import { startWebSocketProxy } from '../../../infra/local/websocket-proxy.ts';
import { callersText } from '../../support/service-callers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { type ListenerName, type Ports, root, type Service, urlOf } from './running.ts';

/** How services reach PostgreSQL and Redis: over TCP, or through a WebSocket and REST. */
export type Drivers = 'TCP' | 'WebSocket and REST';

export type Stage = {
  readonly ports: Ports;
  readonly redis: TestRedis;
  readonly environments: Readonly<Record<Service, Readonly<Record<string, string>>>>;
};

export const tokens: Readonly<Record<ListenerName, string>> = {
  service: 'token-of-the-backend',
  admin: 'token-of-its-admins',
  public: 'token-of-the-lobby',
  internal: 'token-of-its-admins-and-games',
};

export async function setStage(drivers: Drivers, cleanUp: AsyncDisposableStack): Promise<Stage> {
  const database = await createTestDatabase();
  cleanUp.defer(() => database.drop());
  const redis = await createTestRedis();
  cleanUp.defer(() => redis.drop());
  const ports = {
    public: await freePort(),
    internal: await freePort(),
    service: await freePort(),
    admin: await freePort(),
  };
  const { ofBackend, ofLobby } = await (drivers === 'TCP' ? tcp : webSocketAndRest)(database, redis, cleanUp);
  const backend = {
    ...ofBackend,
    BACKEND_HTTP_CALLERS: callersText(tokens.service),
    BACKEND_ADMIN_HTTP_CALLERS: callersText(tokens.admin),
    BACKEND_CODE_HMAC_KEY: 'a key of the tests that is long enough',
    BACKEND_MAILER: 'log',
    BACKEND_MAIL_INTERVAL: '100ms',
    BACKEND_LOBBY_HTTP_URL: urlOf(ports.public),
    BACKEND_LOBBY_HTTP_TOKEN: tokens.public,
  };
  const lobby = {
    ...ofLobby,
    LOBBY_PUBLIC_HTTP_CALLERS: callersText(tokens.public),
    LOBBY_INTERNAL_HTTP_CALLERS: callersText(tokens.internal),
    LOBBY_USER_SERVICE_BASE_URL: urlOf(ports.service),
    LOBBY_USER_SERVICE_TOKEN: tokens.service,
    LOBBY_GM_BASE_URL: urlOf(await freePort()),
  };
  await migrate({ ...backend, ...lobby });
  return { ports, redis, environments: { backend, lobby } };
}

async function tcp({ dsn }: TestDatabase, redis: TestRedis) {
  return {
    ofBackend: {
      BACKEND_POSTGRES_PRIMARY_DSN: dsn,
      BACKEND_REDIS_ADDR: redis.addr,
      BACKEND_REDIS_PASSWORD: redis.password,
      BACKEND_REDIS_DB: String(redis.db),
    },
    ofLobby: {
      LOBBY_POSTGRES_PRIMARY_DSN: dsn,
      LOBBY_REDIS_MASTER_ADDR: redis.addr,
      LOBBY_REDIS_PASSWORD: redis.password,
      LOBBY_REDIS_DB: String(redis.db),
    },
  };
}

async function webSocketAndRest({ dsn }: TestDatabase, redis: TestRedis, cleanUp: AsyncDisposableStack) {
  const proxy = await startWebSocketProxy();
  cleanUp.defer(() => proxy.close());
  const { password, db, ...addr } = redis;
  const rest = await startRedisRest({ token: 'token-of-redis', redis: { addr, password, db } });
  cleanUp.defer(() => rest.close());
  return {
    ofBackend: {
      BACKEND_POSTGRES_PRIMARY_DSN: dsn,
      BACKEND_POSTGRES_DRIVER: 'neon',
      BACKEND_POSTGRES_WEBSOCKET_PROXY: proxy.addr,
      BACKEND_REDIS_REST_URL: rest.url,
      BACKEND_REDIS_REST_TOKEN: rest.token,
    },
    ofLobby: {
      LOBBY_POSTGRES_PRIMARY_DSN: dsn,
      LOBBY_POSTGRES_DRIVER: 'neon',
      LOBBY_POSTGRES_WEBSOCKET_PROXY: proxy.addr,
      LOBBY_REDIS_REST_URL: rest.url,
      LOBBY_REDIS_REST_TOKEN: rest.token,
    },
  };
}

/** Migrates as a deployment's job does. */
async function migrate(environment: Record<string, string>): Promise<void> {
  const env = { PATH: process.env.PATH, ...environment };
  for (const service of ['lobby', 'backend']) {
    await promisify(execFile)(process.execPath, ['infra/node/migrate.ts', service], { cwd: root, env });
  }
}
