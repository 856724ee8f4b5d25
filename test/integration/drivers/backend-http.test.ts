// The backend's HTTP side plays the same story through every pair of drivers, on a real PostgreSQL and a real Redis.
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackendApps } from '../../../handlers/backend/apps.ts';
import { withClient } from '../../../infra/local/postgres.ts';
import { createMailSeal } from '../../../lib/backend/mail/seal.ts';
import { prepareBackend } from '../../../lib/backend/process/serverless.ts';
import { startBackendHttp } from '../../../lib/backend/process/start.ts';
import { pushLog } from '../../../lib/backend/push/log/binary-log.ts';
import { readGlobal, readState } from '../../../lib/backend/push/log/read-global.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import { neonPostgres } from '../../../lib/postgres/neon.ts';
import { confirmBytes } from '../../../lib/protocol/envelope.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { restRedis } from '../../../lib/redis/rest.ts';
import { backendTemplate, base64 } from '../../support/backend/backend.ts';
import { callersText } from '../../support/service-callers.ts';
import { type Bridges, startBridges } from '../../support/stores/bridges.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { openDatabase } from '../../support/stores/redis-databases.ts';

const secret = 'a secret of the tests, of 32 bytes or more';
const tokens = { service: 'service-secret', admin: 'admin-secret' };

let redis: TestRedis;
let database: TestDatabase;
let connection: Redis;
let bridges: Bridges;
beforeAll(async () => {
  [redis, database] = await Promise.all([createTestRedis(), createTestDatabase(backendTemplate)]);
  connection = await openDatabase(redis, redis.db);
  bridges = await startBridges(redis);
});
afterAll(async () => {
  connection.disconnect();
  await bridges.close();
  await Promise.all([redis.drop(), database.drop()]);
});

const common = () => ({
  BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
  BACKEND_CODE_HMAC_KEY: secret,
  BACKEND_LOG_LEVEL: 'silent',
  // Nobody takes mails: the test reads the codes from where they wait.
  BACKEND_MAILER: 'smtp',
  BACKEND_SMTP_URL: 'smtp://127.0.0.1:1',
  BACKEND_MAIL_FROM: 'noreply@example.com',
  BACKEND_HTTP_CALLERS: callersText(tokens.service),
  BACKEND_ADMIN_HTTP_CALLERS: callersText(tokens.admin),
});
const overTcp = () => ({
  ...common(),
  BACKEND_REDIS_ADDR: redis.addr,
  BACKEND_REDIS_PASSWORD: redis.password,
  BACKEND_REDIS_DB: String(redis.db),
});
const withoutTcp = () => ({
  ...common(),
  BACKEND_POSTGRES_DRIVER: 'neon',
  BACKEND_POSTGRES_WEBSOCKET_PROXY: bridges.proxy.addr,
  BACKEND_REDIS_REST_URL: bridges.rest.url,
  BACKEND_REDIS_REST_TOKEN: bridges.rest.token,
});

type Ask = (path: string, init: RequestInit) => Promise<Response>;
type Backend = { service: Ask; admin: Ask; close(): Promise<void> };

const ways: [way: string, open: () => Promise<Backend>][] = [
  ['pg and ioredis, on Node', () => onNode(overTcp())],
  ['Neon’s driver and REST, on Node', () => onNode(withoutTcp())],
  ['Neon’s driver and REST, opened for each request', async () => perRequest(withoutTcp())],
];

async function onNode(environment: Record<string, string>): Promise<Backend> {
  const { config, context, streams, outbox, log, close } = await startBackendHttp(environment);
  const apps = createBackendApps(config, { log, ready: () => true }, context, streams);
  const ask =
    (app: HttpApp): Ask =>
    async (path, init) => {
      const response = await app.request(path, init);
      await outbox.settled();
      return response;
    };
  return { service: ask(apps.service), admin: ask(apps.admin), close };
}

/** As on workerd: what a request has opened is closed with it. */
function perRequest(environment: Record<string, string>): Backend {
  const prepared = prepareBackend(environment, { postgres: { neon: neonPostgres }, redis: restRedis });
  const ask =
    (port: 'service' | 'admin'): Ask =>
    async (path, init) => {
      const { context, streams, check, close } = await prepared.open();
      try {
        await check();
        const process = { log: prepared.log, ready: () => true };
        return await createBackendApps(prepared.config, process, context, streams)[port].request(path, init);
      } finally {
        await close();
      }
    };
  return { service: ask('service'), admin: ask('admin'), async close() {} };
}

describe.each(ways)('with %s', (way, open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.close());

  const ask = async (
    port: 'service' | 'admin',
    method: string,
    path: string,
    body?: unknown,
    userId?: string,
  ) => {
    const token = tokens[port];
    const response = await backend[port](path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(userId === undefined ? {} : { 'x-user-id': userId }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  async function waitingCode(challengeId: string): Promise<string> {
    const { rows } = await withClient(database.dsn, (client) =>
      client.query('select content from backend.mails where mail_id = $1', [challengeId]),
    );
    const seal = await createMailSeal(secret);
    const content = await seal.open(challengeId, new Uint8Array(rows[0].content));
    return content.kind === 'sign_in_code' ? content.code : expect.unreachable('it is a code');
  }

  it('somebody signs in, is found, and is put out when an admin blocks them, and everybody hears of it', async () => {
    const email = `player-${ways.findIndex(([name]) => name === way)}@example.com`;
    const sent = await ask('service', 'POST', '/api/v1/public/auth/send-email-code', { email });
    expect(sent.status).toBe(202);
    const challengeId = String(sent.body.challenge_id);
    const key = crypto.getRandomValues(new Uint8Array(32));
    const clientPublicKey = ed25519.getPublicKey(key);
    const proof = ed25519.sign(confirmBytes({ challengeId, clientPublicKey }), key);
    const confirmed = await ask('service', 'POST', '/api/v1/public/auth/confirm-email-code', {
      challenge_id: challengeId,
      code: await waitingCode(challengeId),
      client_public_key: base64(clientPublicKey),
      proof: base64(proof),
    });
    expect(confirmed.status).toBe(201);
    const sessionId = String(confirmed.body.device_session_id);
    const userId = String(confirmed.body.user_id);

    const lookup = () => ask('service', 'GET', `/api/v1/internal/sessions/${sessionId}`);
    const session = { status: 'active', user_id: userId, client_public_key: base64(clientPublicKey) };
    expect(await lookup()).toMatchObject({ status: 200, body: session });
    expect(await ask('service', 'GET', '/api/v1/user/account', undefined, userId)).toMatchObject({
      status: 200,
    });

    const { epoch, head } = await readState(pushLog(connection));
    const block = `/api/v1/internal/users/${userId}/block`;
    expect(await ask('admin', 'POST', block, { reason_code: 'abuse' })).toMatchObject({ status: 200 });
    expect(await lookup()).toMatchObject({ status: 200, body: { status: 'revoked' } });
    const { entries } = await readGlobal(pushLog(connection), { epoch, id: head }, 10);
    expect(entries).toMatchObject([
      { kind: 'session_invalidation', userId, deviceSessionIds: [sessionId], reason: 'account_blocked' },
    ]);
    const events = await connection.xrange('user:lifecycle_events', '-', '+');
    expect(events.filter(([, fields]) => fields.includes(userId))).toEqual([
      [expect.any(String), expect.arrayContaining(['permanent_blocked', userId, 'abuse'])],
    ]);
  });

  it('a mail is left to the mail worker where no process stays, and otherwise sent at once', async () => {
    const email = 'somebody@example.com';
    const sent = await ask('service', 'POST', '/api/v1/public/auth/send-email-code', { email });
    const attempts = async () => {
      const { rows } = await withClient(database.dsn, (client) =>
        client.query(
          'select failures, next_attempt_at > now() as claimed from backend.mails where mail_id = $1',
          [sent.body.challenge_id],
        ),
      );
      return rows[0];
    };
    if (way.endsWith('on Node'))
      await expect.poll(attempts, { timeout: 10_000 }).toEqual({ failures: 1, claimed: true });
    else expect(await attempts()).toEqual({ failures: 0, claimed: false });
  });

  it('admins see how streams stand, and nobody without a token sees anything', async () => {
    expect(await ask('admin', 'GET', '/api/v1/internal/streams')).toMatchObject({
      status: 200,
      body: { items: [{ consumer: 'notification_intents' }] },
    });
    expect((await backend.admin('/api/v1/internal/streams', {})).status).toBe(401);
    expect((await backend.service('/api/v1/user/account', {})).status).toBe(401);
  });
});
