// From a revocation over HTTP to the push stream of a gateway, through real processes of the backend.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { createPool } from '../../../lib/postgres/pool.ts';
import type { SessionInvalidation } from '../../../lib/protocol/generated/galaxy/push/v1/push.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { backendTemplate } from '../../support/backend/backend.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { PushReader } from '../../support/backend/push-reader.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

// Every test starts processes.
vi.setConfig({ testTimeout: 120_000 });

const httpAlone = 'infra/node/backend-http.ts';
const allInOne = 'workers/backend-all-in-one.ts';
const relayAlone = 'workers/backend-outbox-relay.ts';

let database: TestDatabase;
let pool: pg.Pool;
let server: TestRedis;
let redis: Redis;
let push: TestPush;
beforeAll(async () => {
  database = await createTestDatabase(backendTemplate);
  pool = createPool(
    { dsn: database.dsn, maxConnections: 2, maxIdleConnections: 0, operationTimeoutMs: 5_000 },
    () => {},
  );
  server = await createTestRedis();
  const addr = { host: server.host, port: server.port };
  redis = await openRedis({ ...server, addr, operationTimeoutMs: 5_000 }, () => {});
  push = await startTestPush(server);
});
afterAll(async () => {
  await push.stop();
  redis.disconnect();
  await server.drop();
  await pool.end();
  await database.drop();
});

/** Between the backend's HTTP process and Redis; the push process has a way of its own. */
let proxy: TcpProxy;
let reader: PushReader;
const running: RunningProcess[] = [];
beforeEach(async () => {
  await pool.query('truncate backend.outbox');
  proxy = await startTcpProxy(server);
  reader = new PushReader(push.addr);
  await reader.until(({ frames }) => frames.length > 0);
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  reader.close();
  await proxy.close();
});

type Backend = { process: RunningProcess; url: string; adminUrl: string };

async function startBackend(entry: string): Promise<Backend> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const process = start(entry, {
    BACKEND_HTTP_ADDR: `127.0.0.1:${port}`,
    BACKEND_ADMIN_HTTP_ADDR: `127.0.0.1:${adminPort}`,
    BACKEND_CODE_HMAC_KEY: 'a secret of the tests, of 32 bytes or more',
    BACKEND_MAILER: 'log',
    BACKEND_REDIS_ADDR: proxy.addr,
  });
  const [url, adminUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${adminPort}`];
  for (const each of [url, adminUrl]) {
    await vi.waitFor(async () => expect((await fetch(`${each}/readyz`)).ok).toBe(true), {
      timeout: 40_000,
    });
  }
  return { process, url, adminUrl };
}

function start(entry: string, variables: Record<string, string>): RunningProcess {
  const process = runEntry(entry, {
    BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
    BACKEND_REDIS_ADDR: server.addr,
    BACKEND_REDIS_PASSWORD: server.password,
    BACKEND_REDIS_DB: String(server.db),
    ...variables,
  });
  running.push(process);
  return process;
}

type Session = { userId: string; deviceSessionId: string };

async function newSession(): Promise<Session> {
  const [userId, deviceSessionId] = [randomUUID(), randomUUID()];
  await pool.query(
    `insert into backend.users (user_id, email, locale, time_zone, created_at) values ($1, $2, 'en', 'UTC', now())`,
    [userId, `${userId}@example.com`],
  );
  await pool.query(
    `insert into backend.device_sessions (device_session_id, user_id, client_public_key, created_at)
     values ($1, $2, $3, now())`,
    [deviceSessionId, userId, Buffer.alloc(32, 7)],
  );
  return { userId, deviceSessionId };
}

async function post(url: string, userId?: string, body: unknown = {}): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(userId === undefined ? {} : { 'x-user-id': userId }) },
    body: JSON.stringify(body),
  });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

const revoke = ({ url }: Backend, { userId, deviceSessionId }: Session) =>
  post(`${url}/api/v1/user/sessions/${deviceSessionId}/revoke`, userId);

const invalidations = (): SessionInvalidation[] =>
  reader.frames.flatMap(({ event }) => (event?.$case === 'sessionInvalidation' ? [event.value] : []));

/** Resolves when the gateway got the invalidation of this session. */
async function invalidated({ userId, deviceSessionId }: Session, reason = 'revoked'): Promise<void> {
  const wanted = { userId, deviceSessionIds: [deviceSessionId], reason };
  const hasCome = () => invalidations().some((given) => JSON.stringify(given) === JSON.stringify(wanted));
  await reader.until(hasCome, 15_000).catch((error: unknown) => {
    throw new Error(`the gateway got no invalidation: ${JSON.stringify(invalidations())}`, { cause: error });
  });
}

const waitingMessages = async () =>
  (await pool.query('select 1 from backend.outbox where published_at is null')).rows.length;

describe('a revocation', () => {
  it('reaches the gateways from the process that made it, without a relay', async () => {
    const backend = await startBackend(httpAlone);
    const own = await newSession();
    await revoke(backend, own);
    await invalidated(own);
    const all = await newSession();
    await post(`${backend.url}/api/v1/user/sessions/revoke-all`, all.userId);
    await invalidated(all);
    const byAdmin = await newSession();
    await post(`${backend.adminUrl}/api/v1/internal/sessions/${byAdmin.deviceSessionId}/revoke`);
    await invalidated(byAdmin);
    await vi.waitFor(async () => expect(await waitingMessages()).toBe(0), { timeout: 15_000 });
  });

  it('is done while Redis is away, and reaches the gateways when it has come back', async () => {
    const backend = await startBackend(allInOne);
    const session = await newSession();
    proxy.cut();
    await revoke(backend, session);
    const looked = await fetch(`${backend.url}/api/v1/internal/sessions/${session.deviceSessionId}`);
    expect(await looked.json()).toMatchObject({ status: 'revoked' });
    expect(await waitingMessages()).toBe(1);
    expect(invalidations()).toEqual([]);

    proxy.heal();
    await invalidated(session);
    await vi.waitFor(async () => expect(await waitingMessages()).toBe(0), { timeout: 10_000 });
  });

  it('is handled at once while Redis does not answer, and looking sessions up goes on', async () => {
    const backend = await startBackend(allInOne);
    const sessions = await Promise.all(Array.from({ length: 30 }, newSession));
    proxy.stall();
    // More of them than there are connections to the database.
    await Promise.all(sessions.map((session) => revoke(backend, session)));
    for (const { deviceSessionId } of sessions) {
      const looked = await fetch(`${backend.url}/api/v1/internal/sessions/${deviceSessionId}`);
      expect(await looked.json()).toMatchObject({ status: 'revoked' });
    }
    expect(await waitingMessages()).toBe(30);
    proxy.heal();
    for (const session of sessions) await invalidated(session);
  });

  it('reaches the gateways through the relay when the process that made it was killed before it could tell', async () => {
    const backend = await startBackend(httpAlone);
    const session = await newSession();
    proxy.stall();
    await revoke(backend, session);
    backend.process.child.kill('SIGKILL');
    await backend.process.ended;
    // What it had sent dies with its connection.
    proxy.cut();
    expect(await waitingMessages()).toBe(1);
    expect(invalidations()).toEqual([]);

    const relay = start(relayAlone, {});
    await invalidated(session);
    await vi.waitFor(async () => expect(await waitingMessages()).toBe(0), { timeout: 15_000 });
    relay.child.kill('SIGTERM');
    const { exitCode, stderr } = await relay.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('follows every one that was made before it under the same user, whichever process publishes', async () => {
    const backend = await startBackend(allInOne);
    const first = await newSession();
    const sessions = [first];
    for (let i = 0; i < 5; i += 1) {
      const deviceSessionId = randomUUID();
      await pool.query(
        `insert into backend.device_sessions (device_session_id, user_id, client_public_key, created_at)
         values ($1, $2, $3, now())`,
        [deviceSessionId, first.userId, Buffer.alloc(32, 7)],
      );
      sessions.push({ userId: first.userId, deviceSessionId });
    }
    start(relayAlone, { BACKEND_OUTBOX_RELAY_INTERVAL: '5ms' });
    for (const session of sessions) await revoke(backend, session);
    for (const session of sessions) await invalidated(session);
    const order = new Set(invalidations().flatMap(({ deviceSessionIds }) => deviceSessionIds));
    expect([...order]).toEqual(sessions.map(({ deviceSessionId }) => deviceSessionId));
  });
});

describe('a block', () => {
  it('reaches the gateways and the stream of user events', async () => {
    const backend = await startBackend(allInOne);
    const session = await newSession();
    await post(`${backend.adminUrl}/api/v1/internal/users/${session.userId}/block`, undefined, {
      reason_code: 'abuse',
    });
    await invalidated(session, 'account_blocked');
    const entries = await vi.waitFor(
      async () => {
        const found = await redis.xrange('user:lifecycle_events', '-', '+');
        expect(found.length).toBe(1);
        return found;
      },
      { timeout: 10_000 },
    );
    const fields = entries[0]?.[1] ?? [];
    const entry = Object.fromEntries(
      Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]),
    );
    expect(entry).toEqual({
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      event_type: 'permanent_blocked',
      user_id: session.userId,
      reason_code: 'abuse',
      occurred_at_ms: expect.stringMatching(/^\d{13}$/),
      traceparent: '',
    });
  });
});

describe('the outbox relay', () => {
  it('refuses to start with every problem at once', async () => {
    const { exitCode, stderr } = await runEntry(relayAlone, {
      BACKEND_OUTBOX_RELAY_INTERVAL: '0s',
      BACKEND_REDIS_ADDR: `127.0.0.1:${await freePort()}`,
      BACKEND_REDIS_PASSWORD: '',
    }).ended;
    expect(exitCode).toBe(1);
    const [title, ...problems] = stderr.trim().split('\n');
    expect(title).toBe('backend-outbox-relay refuses to start: 3 problems');
    expect(problems.map((line) => line.trim().split(':')[0]).sort()).toEqual([
      'BACKEND_OUTBOX_RELAY_INTERVAL',
      'BACKEND_POSTGRES_PRIMARY_DSN',
      'BACKEND_REDIS_ADDR',
    ]);
  });
});
