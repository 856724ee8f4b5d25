// Databases, migrated as a deployment does it, and what the services of one runtime are configured with.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '../../../infra/local/child.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createTestRedis, type TestRedis } from '../../support/redis.ts';
import { type ListenerName, type Ports, root, type Service, urlOf } from './running.ts';

export type Stage = {
  readonly ports: Ports;
  readonly redis: TestRedis;
  readonly environments: Readonly<Record<Service, Record<string, string>>>;
};

export const tokens: Readonly<Record<ListenerName, string>> = {
  service: 'token-of-the-backend',
  admin: 'token-of-its-admins',
  public: 'token-of-the-lobby',
  internal: 'token-of-its-admins-and-games',
};

export async function setStage(cleanUp: AsyncDisposableStack): Promise<Stage> {
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
  const backend = {
    BACKEND_HTTP_TOKEN: tokens.service,
    BACKEND_ADMIN_HTTP_TOKEN: tokens.admin,
    BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
    BACKEND_REDIS_ADDR: redis.addr,
    BACKEND_REDIS_PASSWORD: redis.password,
    BACKEND_REDIS_DB: String(redis.db),
    BACKEND_CODE_HMAC_KEY: 'a key of the tests that is long enough',
    BACKEND_MAILER: 'log',
    BACKEND_MAIL_INTERVAL: '100ms',
    BACKEND_LOBBY_HTTP_URL: urlOf(ports.public),
    BACKEND_LOBBY_HTTP_TOKEN: tokens.public,
  };
  const lobby = {
    LOBBY_PUBLIC_HTTP_TOKEN: tokens.public,
    LOBBY_INTERNAL_HTTP_TOKEN: tokens.internal,
    LOBBY_POSTGRES_PRIMARY_DSN: database.dsn,
    LOBBY_REDIS_MASTER_ADDR: redis.addr,
    LOBBY_REDIS_PASSWORD: redis.password,
    LOBBY_REDIS_DB: String(redis.db),
    LOBBY_USER_SERVICE_BASE_URL: urlOf(ports.service),
    LOBBY_USER_SERVICE_TOKEN: tokens.service,
    LOBBY_GM_BASE_URL: urlOf(await freePort()),
  };
  await Promise.all([migrate('backend', backend), migrate('lobby', lobby)]);
  return { ports, redis, environments: { backend, lobby } };
}

/** As a job of a deployment does it. */
async function migrate(service: Service, environment: Record<string, string>): Promise<void> {
  const env = { PATH: process.env.PATH, ...environment };
  await promisify(execFile)(process.execPath, ['infra/node/migrate.ts', service], { cwd: root, env });
}
