// PostgreSQL's process for a session is killed, or its link is cut, at each step of a transaction: the client of the
// HTTP route may send the request again, so it gets service_unavailable and never internal_error.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LocalPostgres, startPostgres, withClient } from '../../infra/local/postgres.ts';
import { startWebSocketProxy, type WebSocketProxy } from '../../infra/local/websocket-proxy.ts';
import { createHttpApp } from '../../lib/http/app.ts';
import { neonPostgres } from '../../lib/postgres/neon.ts';
import { pgPostgres } from '../../lib/postgres/pg.ts';
import type { OpenPostgres, Postgres } from '../../lib/postgres/pool-options.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';

let folder: string;
let server: LocalPostgres;
let websocket: WebSocketProxy;
/** Between the driver and PostgreSQL. */
let link: TcpProxy;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-killed-'));
  server = await startPostgres({ dataFolder: folder, port: 0, durable: false });
  [websocket, link] = await Promise.all([
    startWebSocketProxy(),
    startTcpProxy({ host: '127.0.0.1', port: server.port }),
  ]);
  // Written to the log at once: it must outlive a crash.
  const table = 'set synchronous_commit = on; create table visits (step text)';
  await withClient(server.dsn('postgres'), (client) => client.query(table));
});
afterAll(async () => {
  await Promise.all([websocket?.close(), link?.close()]);
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const drivers: [name: string, open: OpenPostgres][] = [
  ['pg', pgPostgres],
  [
    'neon',
    (options, onError) =>
      neonPostgres({ websocketProxy: { host: '127.0.0.1', port: websocket.port }, ...options }, onError),
  ],
];

/** How the session ends; the server of a killed session ends all others, too, and recovers. */
const deaths: [name: string, end: (pid: number) => Promise<void>][] = [
  ['is killed', async (pid) => void process.kill(pid, 'SIGKILL')],
  [
    'is terminated by the server',
    (pid) =>
      withClient(
        server.dsn('postgres'),
        async (client) => void (await client.query('select pg_terminate_backend($1)', [pid])),
      ),
  ],
  ['is cut off', async () => link.cut()],
];

describe.each(drivers)('with %s', (_, openDriver) => {
  let postgres: Postgres;
  let errors: Error[];
  /** Runs between the statements of the route's transaction. */
  let between: () => Promise<void>;
  const onePid = async () => {
    const [row] = await postgres.db
      .select({ pid: sql<number>`pg_backend_pid()` })
      .from(sql`(select 1) as one`);
    return row?.pid ?? 0;
  };
  const app = createHttpApp({
    log: createLogger({ service: 'test', level: 'silent' }),
    ready: () => true,
    bodyLimitBytes: 1_024,
  });
  app.post('/visits', async (c) => {
    await postgres.db.transaction(async (tx) => {
      await tx.execute(sql`insert into visits values ('first')`);
      await between();
      await tx.execute(sql`update visits set step = 'second' where step = 'first'`);
    });
    return c.json({});
  });
  const visit = async () => {
    const response = await app.request('/visits', { method: 'POST' });
    const body = (await response.json()) as { error?: { code: string } };
    return { status: response.status, code: body.error?.code };
  };
  const unavailable = { status: 503, code: 'service_unavailable' };
  beforeEach(() => {
    const dsn = Object.assign(new URL(server.dsn('postgres')), { host: link.addr }).href;
    errors = [];
    between = async () => {};
    postgres = openDriver(
      { dsn, maxConnections: 1, maxIdleConnections: 1, operationTimeoutMs: 2_000 },
      (error) => errors.push(error),
    );
  });
  afterEach(() => postgres.close());

  describe.each(deaths)('a session that %s', (_death, end) => {
    const heals = async () => {
      link.heal();
      const answers: unknown[] = [];
      await vi.waitFor(
        async () => {
          const answer = await visit();
          answers.push(answer);
          expect(answer).toMatchObject({ status: 200 });
        },
        { timeout: 60_000, interval: 100 },
      );
      for (const answer of answers.slice(0, -1)) expect(answer).toEqual(unavailable);
    };
    it.each([
      ['begin', 'begin'],
      ['the first statement', 'insert into'],
      ['the second statement', 'update visits'],
      ['commit', 'commit'],
    ])('at %s', async (_step, at) => {
      const pid = await onePid();
      const reached = link.hold({ at });
      const answer = visit();
      await reached;
      await end(pid);
      expect(await answer).toEqual(unavailable);
      await heals();
    });

    it('between two statements', async () => {
      const pid = await onePid();
      between = async () => {
        await end(pid);
        await vi.waitFor(() => expect(errors).not.toEqual([]), { timeout: 10_000 });
      };
      expect(await visit()).toEqual(unavailable);
      between = async () => {};
      await heals();
    });
  });
});
