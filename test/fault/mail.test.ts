// Processes that are killed while a mail is on its way.
import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { backendTemplate, secret } from '../support/backend/backend.ts';
import { startSmtpServer } from '../support/backend/smtp-server.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';

vi.setConfig({ testTimeout: 90_000 });

let database: TestDatabase;
let redis: TestRedis;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase(backendTemplate);
  redis = await createTestRedis();
  pool = new pg.Pool({ connectionString: database.dsn, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  await redis.drop();
});

const started: RunningProcess[] = [];
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const { child } of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const environment = (smtpPort: number) => ({
  BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
  BACKEND_CODE_HMAC_KEY: secret,
  BACKEND_MAILER: 'smtp',
  BACKEND_SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
  BACKEND_SMTP_TLS: 'optional',
  BACKEND_SMTP_TIMEOUT: '2s',
  BACKEND_MAIL_FROM: 'Galaxy <noreply@galaxy.example>',
});

function run(entry: string, env: Record<string, string>): RunningProcess {
  const running = runEntry(entry, env);
  started.push(running);
  return running;
}

/** Starts the HTTP side, and requests a code. @returns the process and the challenge. */
async function askForCode(smtpPort: number): Promise<{ process: RunningProcess; challengeId: string }> {
  const port = await freePort();
  const process = run('infra/node/backend-http.ts', {
    ...environment(smtpPort),
    BACKEND_HTTP_ADDR: `127.0.0.1:${port}`,
    BACKEND_ADMIN_HTTP_ADDR: '127.0.0.1:0',
    BACKEND_REDIS_ADDR: redis.addr,
    BACKEND_REDIS_PASSWORD: redis.password,
    BACKEND_REDIS_DB: String(redis.db),
  });
  const response = await vi.waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/api/v1/public/auth/send-email-code`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'ada@example.com' }),
      }),
    { timeout: 40_000 },
  );
  expect(response.status).toBe(202);
  const { challenge_id: challengeId } = await response.json();
  return { process, challengeId };
}

const mailsLeft = async () =>
  (await pool.query('select count(*)::int as count from backend.mails')).rows[0].count;

describe('a mail whose process is killed', () => {
  it('after the commit and before it was sent is sent by the mail worker', async () => {
    const silent = await listen(createServer());
    const { process, challengeId } = await askForCode(silent);
    expect(await mailsLeft()).toBe(1);
    process.child.kill('SIGKILL');
    await process.ended;

    const server = await startSmtpServer();
    cleanUps.push(() => server.close());
    run('workers/backend-mail.ts', environment(server.port));
    await vi.waitFor(() => expect(server.received.length).toBe(1), { timeout: 40_000 });
    expect(server.received[0]?.headers.get('message-id')).toBe(`<${challengeId}@galaxy.example>`);
    await vi.waitFor(async () => expect(await mailsLeft()).toBe(0), { timeout: 10_000 });
  });

  it('after it was sent and before that was recorded is sent again, as the same mail', async () => {
    let kill: (() => void) | undefined;
    const server = await startSmtpServer({
      refuse: {
        data: () => {
          kill?.();
          kill = undefined;
          return undefined;
        },
      },
    });
    cleanUps.push(() => server.close());
    const asked = Promise.withResolvers<void>();
    // Set up before the response comes: the mail may be sent by then.
    kill = () => {
      started.at(-1)?.child.kill('SIGKILL');
      asked.resolve();
    };
    const response = askForCode(server.port);
    await asked.promise;
    await response.catch(() => {});
    await started.at(-1)?.ended;
    expect(server.received.length).toBe(1);
    expect(await mailsLeft()).toBe(1);

    run('workers/backend-mail.ts', environment(server.port));
    await vi.waitFor(() => expect(server.received.length).toBe(2), { timeout: 40_000 });
    const [first, second] = server.received.map(({ headers }) => headers.get('message-id'));
    expect(second).toBe(first);
    await vi.waitFor(async () => expect(await mailsLeft()).toBe(0), { timeout: 10_000 });
  });
});

describe('the mail worker', () => {
  it('stops on SIGTERM once the mail in progress has ended', async () => {
    const silent = await listen(createServer());
    await askForCode(silent);
    const [http] = started;
    http?.child.kill('SIGKILL');
    await http?.ended;
    const worker = run('workers/backend-mail.ts', environment(silent));
    await vi.waitFor(() => expect(worker.stdout()).toContain('mail could not be sent'), { timeout: 40_000 });
    worker.child.kill('SIGTERM');
    const { exitCode, stderr, stdout } = await worker.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('"drained":true');
    expect(await mailsLeft()).toBe(1);
  });

  it('refuses to start with a line for everything that is missing', async () => {
    const { exitCode, stderr } = await run('workers/backend-mail.ts', { BACKEND_MAILER: 'smtp' }).ended;
    expect(exitCode).toBe(1);
    expect(stderr.split('\n').map((line) => line.split(' is not set')[0])).toEqual([
      'backend-mail refuses to start: 4 problems',
      '  BACKEND_POSTGRES_PRIMARY_DSN:',
      '  BACKEND_CODE_HMAC_KEY:',
      '  BACKEND_SMTP_URL:',
      '  BACKEND_MAIL_FROM:',
      '',
    ]);
  });
});

/** A server that accepts connections and never sends anything. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has a port');
  return address.port;
}
