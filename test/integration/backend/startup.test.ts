import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { withClient } from '../../../infra/local/postgres.ts';
import { runBackendHttp } from '../../../infra/node/backend-http.ts';
import { confirmBytes } from '../../../lib/protocol/envelope.ts';
import { base64 } from '../../support/backend/backend.ts';
import { json, startUpstreamServer } from '../../support/gateway/fake-upstream.ts';
import { refusalOf } from '../../support/run/refusal.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { callersText } from '../../support/service-callers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

// Every test starts processes, some of them several at once.
vi.setConfig({ testTimeout: 120_000 });

const migrations: { entries: unknown[] } = JSON.parse(
  readFileSync('drizzle/backend/migrations/meta/_journal.json', 'utf8'),
);

/** Empty: what starts here first applies the migrations. */
let database: TestDatabase;
let redis: TestRedis;
let good: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  redis = await createTestRedis();
  good = {
    BACKEND_HTTP_ADDR: '127.0.0.1:0',
    BACKEND_ADMIN_HTTP_ADDR: '127.0.0.1:0',
    BACKEND_REDIS_ADDR: redis.addr,
    BACKEND_REDIS_PASSWORD: redis.password,
    BACKEND_REDIS_DB: String(redis.db),
    BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
    BACKEND_CODE_HMAC_KEY: 'a secret of the tests, of 32 bytes or more',
    BACKEND_MAILER: 'log',
  };
});
afterAll(async () => {
  await database.drop();
  await redis.drop();
});

const mailerWarning =
  'BACKEND_MAILER=log prints sign-in codes to this log: anyone who reads it can sign in as any user';

const started: RunningProcess[] = [];
function run(env: Record<string, string>): RunningProcess {
  const running = runEntry('infra/node/backend-http.ts', env);
  started.push(running);
  return running;
}
afterEach(() => {
  // Only a test that failed leaves one.
  for (const { child } of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The lines of a refusal, after its title, of a process. */
async function refusal(env: Record<string, string>): Promise<string[]> {
  const { exitCode, stderr } = await run(env).ended;
  const [title, ...lines] = stderr.trimEnd().split('\n');
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  expect({ exitCode, title }).toEqual({ exitCode: 1, title: `backend-http refuses to start: ${count}` });
  return lines;
}

const logOf = (running: RunningProcess): Record<string, unknown>[] =>
  running
    .stdout()
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line));

const lineWith = (running: RunningProcess, msg: string, fields: Record<string, string> = {}) =>
  vi.waitFor(
    () => {
      const line = logOf(running).find(
        (entry) =>
          entry.msg === msg && Object.entries(fields).every(([name, value]) => entry[name] === value),
      );
      if (line === undefined) throw new Error(`no line "${msg}" yet: ${running.stdout()}`);
      return line;
    },
    { timeout: 40_000 },
  );

const baseUrl = async (running: RunningProcess, listener = 'service-http') =>
  `http://127.0.0.1:${(await lineWith(running, 'listening', { listener })).port}`;

async function stop(running: RunningProcess): Promise<void> {
  running.child.kill('SIGTERM');
  const { exitCode, stderr } = await running.ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
}

async function post(url: string, body: unknown): Promise<{ status: number; body: Record<string, string> }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

describe('the backend refuses to start', () => {
  it('with a line for every variable that is missing', async () => {
    expect((await refusal({})).map((line) => line.split(' is not set.')[0]).toSorted()).toEqual([
      '  BACKEND_CODE_HMAC_KEY:',
      '  BACKEND_MAILER:',
      '  BACKEND_POSTGRES_PRIMARY_DSN:',
      '  BACKEND_REDIS_ADDR:',
      '  BACKEND_REDIS_PASSWORD:',
    ]);
  });

  it('with a line for everything that is wrong, unreachable things too, and prints no secret', async () => {
    const lines = await refusalOf(runBackendHttp, {
      BACKEND_HTTP_ADDR: 'everywhere',
      BACKEND_POSTGRES_PRIMARY_DSN: `postgres://backend:hunter2@127.0.0.1:${await freePort()}/galaxy`,
      BACKEND_REDIS_ADDR: `127.0.0.1:${await freePort()}`,
      BACKEND_REDIS_PASSWORD: 'hunter3',
      BACKEND_CODE_HMAC_KEY: 'only 31 bytes, which is too few',
      BACKEND_MAILER: 'pigeon',
      BACKEND_SMTP_URL: 'http://user:hunter4@mail.example.com',
      BACKEND_MAIL_FROM: 'Galaxy',
      BACKEND_LOBBY_HTTP_URL: 'lobby:8094',
      BACKEND_DEFAULT_CAN_JOIN_GAME: 'yes',
      BACKEND_SIGN_IN_MAIL_WINDOW: '0s',
      BACKEND_OPERATOR_OIDC_ISSUER: 'http://accounts.example.com',
    });
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^ {2}BACKEND_CODE_HMAC_KEY: its value cannot be used: .*at least 32 bytes/),
      '  BACKEND_DEFAULT_CAN_JOIN_GAME: "yes" cannot be used: write true or false',
      '  BACKEND_HTTP_ADDR: "everywhere" cannot be used: write host:port, or :port for every interface',
      expect.stringMatching(/^ {2}BACKEND_LOBBY_HTTP_URL: "lobby:8094" cannot be used: write a URL/),
      expect.stringMatching(/^ {2}BACKEND_MAILER: "pigeon" cannot be used: write smtp, or log/),
      '  BACKEND_MAIL_FROM: "Galaxy" cannot be used: write an e-mail address, or a name and the address in <>',
      expect.stringMatching(
        /^ {2}BACKEND_OPERATOR_OIDC_ISSUER: .* write the URL of the issuer, such as https:/,
      ),
      expect.stringMatching(/^ {2}BACKEND_POSTGRES_PRIMARY_DSN: PostgreSQL cannot be used: .*ECONNREFUSED/),
      expect.stringMatching(/^ {2}BACKEND_REDIS_ADDR: Redis at .* cannot be used: .*ECONNREFUSED/),
      '  BACKEND_SIGN_IN_MAIL_WINDOW: "0s" cannot be used: must be longer than zero',
      expect.stringMatching(/^ {2}BACKEND_SMTP_URL: its value cannot be used: write a URL such as smtp:/),
    ]);
    expect(lines.join()).not.toMatch(/hunter[234]|only 31 bytes/);
  });

  it('when PostgreSQL has no such database', async () => {
    const dsn = new URL(database.dsn);
    dsn.pathname = '/no_such_database';
    expect(await refusalOf(runBackendHttp, { ...good, BACKEND_POSTGRES_PRIMARY_DSN: dsn.href })).toEqual([
      expect.stringMatching(/BACKEND_POSTGRES_PRIMARY_DSN: .*database "no_such_database" does not exist/),
    ]);
  });

  it('when its migrations cannot be applied', async () => {
    const spoilt = await createTestDatabase();
    try {
      await withClient(spoilt.dsn, async (client) => {
        await client.query('create schema backend');
        await client.query('create table backend.users (somebody_elses text)');
      });
      expect(await refusalOf(runBackendHttp, { ...good, BACKEND_POSTGRES_PRIMARY_DSN: spoilt.dsn })).toEqual([
        expect.stringMatching(
          /BACKEND_POSTGRES_PRIMARY_DSN: the migrations of schema backend cannot be applied: .*"users" already exists/,
        ),
      ]);
    } finally {
      await spoilt.drop();
    }
  });

  it('when the mail limits contradict each other, an issuer has no client, and mails are to be sent by SMTP, but neither server nor sender is named, also next to other problems', async () => {
    const others = { BACKEND_LOG_LEVEL: 'loud', BACKEND_HTTP_TOKEN: 'hunter2', BACKEND_MAILER: 'smtp' };
    const lines = await refusalOf(runBackendHttp, {
      ...good,
      ...others,
      BACKEND_SIGN_IN_MAILS_PER_ADDRESS: '5',
      BACKEND_OPERATOR_OIDC_ISSUER: 'https://accounts.example.com',
    });
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^ {2}BACKEND_HTTP_TOKEN: was removed\. .* BACKEND_HTTP_CALLERS/),
      expect.stringMatching(/^ {2}BACKEND_LOG_LEVEL: "loud" cannot be used/),
      '  BACKEND_MAIL_FROM: is not set; BACKEND_MAILER=smtp needs it',
      expect.stringMatching(
        /^ {2}BACKEND_OPERATOR_OIDC_ISSUER: set it together with BACKEND_OPERATOR_OIDC_CL/,
      ),
      '  BACKEND_SIGN_IN_MAILS_PER_ADDRESS: is below BACKEND_SIGN_IN_MAILS_PER_NETWORK; raise it, or lower that one',
      '  BACKEND_SMTP_URL: is not set; BACKEND_MAILER=smtp needs it',
    ]);
  });

  it('when its ports are taken, naming them', async () => {
    const server = new URL(database.dsn);
    const taken = `${server.hostname}:${server.port}`;
    const lines = await refusal({ ...good, BACKEND_HTTP_ADDR: taken, BACKEND_ADMIN_HTTP_ADDR: taken });
    expect(lines.toSorted()).toEqual(
      ['BACKEND_ADMIN_HTTP_ADDR', 'BACKEND_HTTP_ADDR'].map(
        (name) =>
          `  ${name}: ${taken} is in use by another process; choose another port or stop that process`,
      ),
    );
  });
});

describe('the backend', () => {
  it('signs a player in with the code from its log, of which it warns, responds to probes, and stops on SIGTERM', async () => {
    const backend = run(good);
    const url = await baseUrl(backend);
    expect(await lineWith(backend, mailerWarning)).toMatchObject({ level: 'warn' });
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' });

    const email = 'ada@example.com';
    const sent = await post(`${url}/api/v1/public/auth/send-email-code`, { email, locale: 'de' });
    expect(sent.status).toBe(202);
    const mail = await lineWith(backend, 'sign-in code');
    expect(mail).toMatchObject({
      level: 'info',
      to: email,
      code: expect.stringMatching(/^\d{8}$/),
      locale: 'de',
    });

    const secret = new Uint8Array(32).fill(3);
    const clientPublicKey = ed25519.getPublicKey(secret);
    const challengeId = sent.body.challenge_id ?? '';
    const confirmed = await post(`${url}/api/v1/public/auth/confirm-email-code`, {
      challenge_id: challengeId,
      code: mail.code,
      client_public_key: base64(clientPublicKey),
      proof: base64(ed25519.sign(confirmBytes({ challengeId, clientPublicKey }), secret)),
    });
    expect(confirmed.status).toBe(201);
    const session = await fetch(`${url}/api/v1/internal/sessions/${confirmed.body.device_session_id}`);
    expect(await session.json()).toMatchObject({ user_id: confirmed.body.user_id, status: 'active' });

    await stop(backend);
    expect(logOf(backend).at(-1)).toMatchObject({ msg: 'stopped', drained: true });
    const withCode = logOf(backend).filter((line) => JSON.stringify(line).includes(`"${mail.code}"`));
    expect(withCode.map((line) => line.msg)).toEqual(['sign-in code']);
  });

  it('writes sign-in codes at every log level', async () => {
    const port = await freePort();
    const quiet = run({ ...good, BACKEND_LOG_LEVEL: 'error', BACKEND_HTTP_ADDR: `127.0.0.1:${port}` });
    const url = `http://127.0.0.1:${port}/api/v1/public/auth/send-email-code`;
    await vi.waitFor(() => post(url, { email: 'bob@example.com' }), { timeout: 40_000 });
    expect(await lineWith(quiet, 'sign-in code')).toMatchObject({ to: 'bob@example.com' });
    await stop(quiet);
    expect(logOf(quiet).filter(({ msg }) => msg !== 'sign-in code')).toEqual([]);
  });

  it('passes lobby routes on, with bodies and without', async () => {
    const lobby = await startUpstreamServer(json(201, { game_id: 'g' }));
    const backend = run({ ...good, BACKEND_LOBBY_HTTP_URL: lobby.url });
    try {
      const url = `${await baseUrl(backend)}/api/v1/lobby/games`;
      expect(await post(url, { game_name: 'Обмен' })).toEqual({ status: 201, body: { game_id: 'g' } });
      expect((await fetch(`${url}?page_size=1`)).status).toBe(201);
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(201);
      expect(lobby.received.map(({ method, url: target, body }) => [method, target, body])).toEqual([
        ['POST', '/api/v1/lobby/games', '{"game_name":"Обмен"}'],
        ['GET', '/api/v1/lobby/games?page_size=1', ''],
        ['DELETE', '/api/v1/lobby/games', ''],
      ]);
    } finally {
      await stop(backend);
      await lobby.close();
    }
  });

  it('warns when it is open to the network and names no callers, and not with them', async () => {
    const open = run({ ...good, BACKEND_HTTP_ADDR: ':0', BACKEND_ADMIN_HTTP_ADDR: ':0' });
    await baseUrl(open);
    await vi.waitFor(
      () =>
        expect(warnings(open).toSorted()).toEqual([
          expect.stringMatching(/act as any user.*BACKEND_HTTP_CALLERS/),
          expect.stringMatching(/block users.*BACKEND_ADMIN_HTTP_CALLERS/),
        ]),
      { timeout: 40_000 },
    );
    await stop(open);
    const closed = run({
      ...good,
      BACKEND_HTTP_ADDR: ':0',
      BACKEND_HTTP_CALLERS: callersText('the-token'),
      BACKEND_ADMIN_HTTP_ADDR: ':0',
      BACKEND_ADMIN_HTTP_CALLERS: callersText('the-admins-token'),
    });
    await baseUrl(closed);
    await stop(closed);
    expect(warnings(closed)).toEqual([]);
  });

  it('starts several times at once on an empty database', async () => {
    const empty = await createTestDatabase();
    const replicas = Array.from({ length: 3 }, () =>
      run({ ...good, BACKEND_POSTGRES_PRIMARY_DSN: empty.dsn }),
    );
    try {
      await Promise.all(replicas.map((replica) => baseUrl(replica)));
      const applied = await withClient(empty.dsn, (client) =>
        client.query('select hash from backend.schema_migrations'),
      );
      expect(applied.rows.length).toBe(migrations.entries.length);
    } finally {
      await Promise.all(replicas.map(stop));
      await empty.drop();
    }
  });
});

const warnings = (running: RunningProcess) =>
  logOf(running)
    .filter(({ level, listener }) => level === 'warn' && listener !== undefined)
    .map(({ msg }) => msg);
