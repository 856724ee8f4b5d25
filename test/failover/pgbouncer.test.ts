// The HTTP sides behind a real PgBouncer in transaction mode, which gives a client another session for each transaction,
// and migrations, which must not go through it and wait for each other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LocalPostgres, startPostgres, withClient } from '../../infra/local/postgres.ts';
import { startWebSocketProxy, type WebSocketProxy } from '../../infra/local/websocket-proxy.ts';
import { migrations } from '../../lib/lobby/migrations.ts';
import { migrate } from '../../lib/postgres/migrate.ts';
import { postgresDriver } from '../../lib/postgres/open-database.ts';
import { gameBody } from '../support/lobby/games.ts';
import { lobbyEnvironment, logOf, stop } from '../support/lobby/lobby-process.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';
import { type PgBouncer, startPgBouncer } from '../support/stores/pgbouncer.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';

let folder: string;
let server: LocalPostgres;
let pgbouncer: PgBouncer;
let websocket: WebSocketProxy;
let redis: TestRedis;
let direct: string;
let pooled: string;
const started: RunningProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-pooler-'));
  [redis, websocket, server] = await Promise.all([
    createTestRedis(),
    startWebSocketProxy(),
    startPostgres({ dataFolder: folder, port: 0, durable: false }),
  ]);
  direct = server.dsn('postgres');
  pgbouncer = await startPgBouncer(direct);
  pooled = pgbouncer.through(direct);
});
afterAll(async () => {
  await Promise.all(started.map((running) => stop(running)));
  await pgbouncer?.stop();
  await Promise.all([server?.stop(), websocket?.close(), redis?.drop()]);
  await rm(folder, { recursive: true, force: true });
});

const asked = (text: string) => withClient(direct, async (client) => (await client.query(text)).rows);
const lobbyHttp = (changes: Record<string, string>) =>
  runEntry('infra/node/lobby-http.ts', {
    ...lobbyEnvironment({ dsn: pooled }, redis),
    LOBBY_POSTGRES_OPERATION_TIMEOUT: '2s',
    ...changes,
  });
const backendHttp = (changes: Record<string, string>) =>
  runEntry('infra/node/backend-http.ts', {
    BACKEND_HTTP_ADDR: '127.0.0.1:0',
    BACKEND_ADMIN_HTTP_ADDR: '127.0.0.1:0',
    BACKEND_POSTGRES_PRIMARY_DSN: pooled,
    BACKEND_POSTGRES_OPERATION_TIMEOUT: '2s',
    BACKEND_REDIS_ADDR: redis.addr,
    BACKEND_REDIS_PASSWORD: redis.password,
    BACKEND_REDIS_DB: String(redis.db),
    BACKEND_CODE_HMAC_KEY: 'a secret of the tests, of 32 bytes or more',
    BACKEND_MAILER: 'log',
    ...changes,
  });
const job = (variables: Record<string, string>) => runEntry('infra/node/migrate.ts', variables, ['lobby']);

describe('a process that is configured otherwise refuses to start', () => {
  it('without a word of the pooler, or with a role that has no time-outs', async () => {
    const unaware = lobbyHttp({});
    const boundless = lobbyHttp({ LOBBY_POSTGRES_POOLER: 'transaction' });
    expect(await unaware.ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /LOBBY_POSTGRES_PRIMARY_DSN: statement_timeout is 0 ms on a new session, not 2000 ms.*_POOLER to transaction/,
      ),
    });
    expect(await boundless.ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /statement_timeout is 0 ms for the role galaxy; .* Run: ALTER ROLE "galaxy" SET statement_timeout = 2000;/,
      ),
    });
  });
});

describe('migrations', () => {
  const migrating = (changes: Record<string, string> = {}) =>
    job({ LOBBY_POSTGRES_PRIMARY_DSN: direct, ...changes });

  it('through a pooler are refused, and leave no lock behind', async () => {
    const [through, unset] = await Promise.all([
      migrating({ LOBBY_POSTGRES_MIGRATION_DSN: pooled }).ended,
      migrating({ LOBBY_POSTGRES_POOLER: 'transaction' }).ended,
    ]);
    expect(through).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('the DSN leads to a pooler, which runs each transaction in another'),
    });
    expect(unset).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/LOBBY_POSTGRES_MIGRATION_DSN: is not set. Migrations cannot go through/),
    });
    expect(await asked(`select pid from pg_locks where locktype = 'advisory'`)).toEqual([]);
  });

  it('wait for each other visibly and in bounded time, and end on SIGTERM', async () => {
    await withClient(direct, async (holder) => {
      const { rows } = await holder.query(
        `select pg_backend_pid() as pid from pg_advisory_lock(hashtextextended('galaxy.migrate.lobby', 0))`,
      );
      const who = `another migration \\(process ${rows[0].pid} of PostgreSQL\\)`;
      const waiting = migrating();
      const lines: string[] = [];
      const bounded = migrate({
        dsn: direct,
        folder: migrations.folder,
        schema: 'lobby',
        longestWaitMs: 1_000,
        onWait: (line) => lines.push(line),
      });
      await expect(bounded).rejects.toThrow(new RegExp(`cannot be applied: waited 1 s for ${who}`));
      expect(lines).toEqual([
        expect.stringMatching(new RegExp(`schema lobby wait for ${who} \\(for 0 s now`)),
      ]);
      await vi.waitFor(() => expect(waiting.stdout()).toMatch(new RegExp(`wait for ${who}`)), {
        timeout: 30_000,
      });
      waiting.child.kill('SIGTERM');
      const { stderr } = await waiting.ended;
      expect(waiting.child.signalCode).toBeNull();
      expect(stderr).not.toContain('another migration');
    });
    expect(await migrating().ended).toMatchObject({
      exitCode: 0,
      stdout: 'the schema lobby is up to date\n',
    });
  });
});

describe('the HTTP sides serve', () => {
  const ports = async (running: RunningProcess): Promise<Record<string, number>> => {
    started.push(running);
    return vi.waitFor(
      () => {
        const found = logOf(running).filter(({ msg }) => msg === 'listening');
        expect(found).toHaveLength(2);
        return Object.fromEntries(found.map(({ listener = '', port = 0 }) => [listener, port]));
      },
      { timeout: 40_000 },
    );
  };
  beforeAll(async () => {
    await asked(`alter role galaxy set statement_timeout = 2000`);
    await asked(`alter role galaxy set idle_in_transaction_session_timeout = 4000`);
    // The sessions that PgBouncer has opened do not know of it.
    await asked(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null`,
    );
  });
  /** Several times as many at once as PgBouncer has sessions. @returns how often there was each status. */
  const load = async (request: () => Promise<Response>): Promise<Record<number, number>> => {
    const counts: Record<number, number> = {};
    for (let round = 0; round < 10; round++) {
      const responses = await Promise.all(Array.from({ length: 15 }, request));
      for (const response of responses) {
        await response.arrayBuffer();
        counts[response.status] = (counts[response.status] ?? 0) + 1;
      }
    }
    return counts;
  };

  it.each(['pg', 'neon'])('of the lobby, with %s', async (driver) => {
    const running = lobbyHttp({
      LOBBY_POSTGRES_POOLER: 'transaction',
      LOBBY_POSTGRES_MIGRATION_DSN: direct,
      LOBBY_POSTGRES_DRIVER: driver,
      ...(driver === 'neon' && { LOBBY_POSTGRES_WEBSOCKET_PROXY: websocket.addr }),
    });
    const { 'internal-http': port } = await ports(running);
    const games = `http://127.0.0.1:${port}/api/v1/internal/lobby/games`;
    const headers = { 'content-type': 'application/json' };
    const enrollmentEndsAt = new Date(Date.now() + 30 * 24 * 3_600_000).toISOString();
    const body = JSON.stringify({ ...gameBody, enrollment_ends_at: enrollmentEndsAt });
    expect(await load(() => fetch(games, { method: 'POST', headers, body }))).toEqual({ 201: 150 });
    expect(await load(() => fetch(games, { headers }))).toEqual({ 200: 150 });
  });

  it.each(['pg', 'neon'] as const)(
    'with %s a refused write makes PgBouncer leave that session',
    async (driver) => {
      const open = await postgresDriver(driver);
      const websocketProxy = { host: '127.0.0.1', port: websocket.port };
      const limits = { maxConnections: 1, maxIdleConnections: 1, operationTimeoutMs: 2_000 };
      const postgres = open({ dsn: pooled, pooler: 'transaction', websocketProxy, ...limits }, () => {});
      let pid = 0;
      const refused = postgres.db.transaction(
        async (tx) => {
          const [row] = await tx.select({ pid: sql<number>`pg_backend_pid()` }).from(sql`(select 1) as one`);
          pid = row?.pid ?? 0;
          await tx.execute(sql`create table refused ()`);
        },
        { accessMode: 'read only' },
      );
      await expect(refused).rejects.toMatchObject({ cause: { code: '25006' } });
      await vi.waitFor(
        async () => expect(await asked(`select 1 from pg_stat_activity where pid = ${pid}`)).toEqual([]),
        { timeout: 10_000 },
      );
      await postgres.close();
    },
  );

  it('of the backend, which has not to migrate', async () => {
    const refused = backendHttp({ BACKEND_POSTGRES_POOLER: 'transaction' });
    expect(await refused.ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('schema backend of PostgreSQL is older than this version'),
    });
    const migrated = runEntry('infra/node/migrate.ts', { BACKEND_POSTGRES_PRIMARY_DSN: direct }, ['backend']);
    expect(await migrated.ended).toMatchObject({ exitCode: 0 });
    const found = await ports(backendHttp({ BACKEND_POSTGRES_POOLER: 'transaction' }));
    const service = `http://127.0.0.1:${found['service-http']}/api/v1/internal`;
    expect(await load(() => fetch(`${service}/sessions/${uuidv7()}`))).toEqual({ 404: 150 });
  });
});
