import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { withClient } from '../../../infra/local/postgres.ts';
import { runLobbyHttp } from '../../../infra/node/lobby-http.ts';
import { runEnrollmentAutomation } from '../../../workers/enrollment-automation.ts';
import { runLobby } from '../../../workers/lobby-all-in-one.ts';
import { runPendingRegistrationExpirer } from '../../../workers/pending-registration-expirer.ts';
import { entryOf, writeCatalogue } from '../../support/engines/catalogue.ts';
import { listening, lobbyEnvironment, logOf, stop } from '../../support/lobby/lobby-process.ts';
import { refusalOf } from '../../support/run/refusal.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

// Every test starts processes, some of them several at once.
vi.setConfig({ testTimeout: 120_000 });

let redis: TestRedis;
/** Empty: every start finds its migrations still to be applied, or waits for another that applies them. */
let database: TestDatabase;
let good: Record<string, string>;

beforeAll(async () => {
  [redis, database] = await Promise.all([createTestRedis(), createTestDatabase()]);
  good = lobbyEnvironment(database, redis);
});
afterAll(async () => {
  await Promise.all([redis.drop(), database.drop()]);
});

const allInOne = 'workers/lobby-all-in-one.ts';

const started: RunningProcess[] = [];
function run(entry: string, env: Record<string, string>): RunningProcess {
  const running = runEntry(entry, env);
  started.push(running);
  return running;
}
afterEach(() => {
  // Only a test that failed leaves one.
  for (const { child } of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** The lines of a refusal, after its title, of a process. */
async function refusal(env: Record<string, string>): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run(allInOne, env).ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  const [title, ...lines] = stderr.trimEnd().split('\n');
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  expect(title).toMatch(new RegExp(`^lobby[a-z-]* refuses to start: ${count}$`));
  return lines;
}

const ask = async (port: number, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.json()];
};

describe('the lobby refuses to start', () => {
  const missing = [
    '  LOBBY_GM_BASE_URL:',
    '  LOBBY_POSTGRES_PRIMARY_DSN:',
    '  LOBBY_REDIS_MASTER_ADDR:',
    '  LOBBY_REDIS_PASSWORD:',
    '  LOBBY_USER_SERVICE_BASE_URL:',
  ];
  const variables = (lines: readonly string[]) => lines.map((line) => line.split(' is not set.')[0]).sort();

  test('with a line for every variable that is missing', async () => {
    expect(variables(await refusal({}))).toEqual(missing);
  });

  test.each([runLobbyHttp, runEnrollmentAutomation, runPendingRegistrationExpirer])(
    'with the same lines, and when race names are to be kept in the memory of a process that is not the whole lobby: $name',
    async (part) => {
      const lines = await refusalOf(part, { LOBBY_RACE_NAME_DIRECTORY_BACKEND: 'stub' });
      const [ofRaceNames, others] = [
        lines.filter((line) => line.includes('LOBBY_RACE_NAME')),
        lines.filter((line) => !line.includes('LOBBY_RACE_NAME')),
      ];
      expect(variables(others)).toEqual(missing);
      expect(ofRaceNames).toEqual([
        expect.stringMatching(
          /^ {2}LOBBY_RACE_NAME_DIRECTORY_BACKEND: "stub" stores race names in the memory of one process.*all-in-one/,
        ),
      ]);
    },
  );

  test('with malformed, removed and unreachable things all at once', async () => {
    const port = await freePort();
    const lines = await refusalOf(runLobby, {
      ...good,
      LOBBY_REDIS_MASTER_ADDR: `127.0.0.1:${port}`,
      LOBBY_POSTGRES_PRIMARY_DSN: `postgres://lobby:hunter2@127.0.0.1:${port}/galaxy`,
      LOBBY_PUBLIC_HTTP_READ_TIMEOUT: 'soon',
      LOBBY_REDIS_ADDR: '127.0.0.1:6379',
      LOBBY_REDIS_TLS_ENABLED: 'true',
      LOBBY_REDIS_USERNAME: 'lobby',
      LOBBY_ENGINES_FILE: writeCatalogue([entryOf(), entryOf()]),
    });
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(
        /^ {2}LOBBY_ENGINES_FILE: \S+engines\.json: engines\[1\]\.manifest\.version: test-game 1\.4\.0 is in the catalogue twice/,
      ),
      expect.stringMatching(/^ {2}LOBBY_POSTGRES_PRIMARY_DSN: PostgreSQL cannot be used: .*ECONNREFUSED/),
      expect.stringMatching(/^ {2}LOBBY_PUBLIC_HTTP_READ_TIMEOUT: "soon" cannot be used: write a duration/),
      expect.stringMatching(/^ {2}LOBBY_REDIS_ADDR: was removed\. Set LOBBY_REDIS_MASTER_ADDR/),
      expect.stringMatching(
        /^ {2}LOBBY_REDIS_MASTER_ADDR: Redis at 127\.0\.0\.1:\d+ cannot be used: .*ECONNREFUSED/,
      ),
      expect.stringMatching(/^ {2}LOBBY_REDIS_TLS_ENABLED: was removed\. /),
      expect.stringMatching(/^ {2}LOBBY_REDIS_USERNAME: was removed\. /),
    ]);
    expect(lines.join()).not.toContain('hunter2');
  });

  test('when Redis rejects the password, without printing it, and PostgreSQL has no such database', async () => {
    const dsn = new URL(database.dsn);
    dsn.pathname = '/no_such_database';
    const lines = await refusalOf(runLobby, {
      ...good,
      LOBBY_REDIS_PASSWORD: 'not-the-password',
      LOBBY_POSTGRES_PRIMARY_DSN: dsn.href,
    });
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/LOBBY_POSTGRES_PRIMARY_DSN: .*database "no_such_database" does not exist/),
      expect.stringMatching(
        /^ {2}LOBBY_REDIS_MASTER_ADDR: Redis at .* cannot be used: .*(WRONGPASS|invalid)/i,
      ),
    ]);
    expect(lines.join()).not.toContain('not-the-password');
  });

  test('when Redis has no such logical database', async () => {
    const lines = await refusalOf(runLobby, { ...good, LOBBY_REDIS_DB: '999999' });
    expect(lines).toEqual([expect.stringMatching(/LOBBY_REDIS_MASTER_ADDR: .*out of range/)]);
  });

  test('when Redis and PostgreSQL take connections and say nothing', async () => {
    const silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const addr = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const lines = await refusalOf(runLobby, {
      ...good,
      LOBBY_REDIS_MASTER_ADDR: addr,
      LOBBY_REDIS_OPERATION_TIMEOUT: '300ms',
      LOBBY_POSTGRES_PRIMARY_DSN: `postgres://lobby:hunter2@${addr}/galaxy`,
      LOBBY_POSTGRES_OPERATION_TIMEOUT: '300ms',
    });
    silent.close();
    expect(lines.toSorted()).toEqual([
      expect.stringMatching(/^ {2}LOBBY_POSTGRES_PRIMARY_DSN: PostgreSQL cannot be used: .*timeout/),
      expect.stringMatching(/^ {2}LOBBY_REDIS_MASTER_ADDR: Redis at .* cannot be used: .*time/i),
    ]);
  });

  test('when its migrations cannot be applied, and Redis wants a password and none is given', async () => {
    const role = `reader_${crypto.randomUUID().replaceAll('-', '')}`;
    const dsn = new URL(database.dsn);
    dsn.username = role;
    dsn.password = 'reader-password';
    const empty = await createTestDatabase();
    dsn.pathname = new URL(empty.dsn).pathname;
    await withClient(database.dsn, (client) =>
      client.query(`create role ${role} login password 'reader-password'`),
    );
    try {
      const lines = await refusalOf(runLobby, {
        ...good,
        LOBBY_POSTGRES_PRIMARY_DSN: dsn.href,
        LOBBY_REDIS_PASSWORD: '',
      });
      expect(lines.toSorted()).toEqual([
        expect.stringMatching(
          /LOBBY_POSTGRES_PRIMARY_DSN: the migrations of schema lobby cannot be applied: .*permission denied/,
        ),
        expect.stringMatching(/LOBBY_REDIS_MASTER_ADDR: .*NOAUTH/),
      ]);
    } finally {
      await withClient(database.dsn, (client) => client.query(`drop role ${role}`));
      await empty.drop();
    }
  });

  test('when its ports are taken, naming both', async () => {
    const lines = await refusal({
      ...good,
      LOBBY_PUBLIC_HTTP_ADDR: redis.addr,
      LOBBY_INTERNAL_HTTP_ADDR: redis.addr,
    });
    expect(lines.toSorted()).toEqual([
      `  LOBBY_INTERNAL_HTTP_ADDR: ${redis.addr} is in use by another process; choose another port or stop that process`,
      `  LOBBY_PUBLIC_HTTP_ADDR: ${redis.addr} is in use by another process; choose another port or stop that process`,
    ]);
  });
});

describe('the lobby', () => {
  test('starts without User Service and Game Master, answers its probes on both ports, and stops on SIGTERM', async () => {
    const running = run(allInOne, good);
    const ports = await listening(running);
    for (const port of [ports.public, ports.internal]) {
      expect(await ask(port, '/healthz')).toEqual([200, { status: 'ok' }]);
      expect(await ask(port, '/readyz')).toEqual([200, { status: 'ready' }]);
    }
    expect(await ask(ports.public, '/api/v1/lobby/games')).toMatchObject([
      401,
      { error: { code: 'unauthenticated' } },
    ]);
    expect(await ask(ports.internal, '/api/v1/internal/lobby/games')).toEqual([200, { items: [] }]);
    await stop(running);
    expect(logOf(running).at(-1)).toMatchObject({ msg: 'stopped', drained: true });
  });

  test('starts several times at once on an empty database', async () => {
    const empty = await createTestDatabase();
    const env = { ...good, LOBBY_POSTGRES_PRIMARY_DSN: empty.dsn };
    const replicas = [run(allInOne, env), run(allInOne, env), run('infra/node/lobby-http.ts', env)];
    try {
      for (const replica of replicas) {
        const ports = await listening(replica);
        expect(await ask(ports.internal, '/api/v1/internal/lobby/games')).toEqual([200, { items: [] }]);
      }
      const applied = await withClient(empty.dsn, (client) =>
        client.query('select count(*)::int as times from lobby.schema_migrations group by hash'),
      );
      expect(applied.rows.length).toBeGreaterThan(0);
      expect(applied.rows.every(({ times }) => times === 1)).toBe(true);
    } finally {
      await Promise.all(replicas.map(stop));
      await empty.drop();
    }
  });

  test('starts without its replicas, warns of each that cannot be used, and serves lists from the primary', async () => {
    const [nothingInIt, port] = [await createTestDatabase(), await freePort()];
    const running = run(allInOne, {
      ...good,
      LOBBY_POSTGRES_REPLICA_DSNS: `postgres://lobby:hunter2@127.0.0.1:${port}/galaxy, ${nothingInIt.dsn}`,
    });
    try {
      const ports = await listening(running);
      expect(await ask(ports.internal, '/api/v1/internal/lobby/games')).toEqual([200, { items: [] }]);
      const { host, pathname } = new URL(nothingInIt.dsn);
      await vi.waitFor(
        () => {
          const warnings = logOf(running).filter(({ msg }) => msg.startsWith('replica cannot be used'));
          expect(warnings.map(({ replica }) => replica).sort()).toEqual(
            [`127.0.0.1:${port}/galaxy`, `${host}${pathname}`].sort(),
          );
        },
        { timeout: 50_000 },
      );
      await stop(running);
      expect(running.stdout()).not.toContain('hunter2');
      expect(logOf(running).map(({ msg }) => msg)).not.toContain('replica is used');
    } finally {
      await nothingInIt.drop();
    }
  });

  test('keeps race names in its memory when told to, and warns of it', async () => {
    const running = run(allInOne, { ...good, LOBBY_RACE_NAME_DIRECTORY_BACKEND: 'stub' });
    const ports = await listening(running);
    const userId = crypto.randomUUID();
    const response = await fetch(
      `http://127.0.0.1:${ports.public}/api/v1/lobby/race-names/availability?name=Zorblax`,
      { headers: { 'x-user-id': userId } },
    );
    expect(await response.json()).toEqual({ available: true, reason: null, message: null });
    await stop(running);
    expect(logOf(running).filter(({ level }) => level === 'warn')).toMatchObject([
      {
        msg: expect.stringContaining('race names are kept in memory'),
        variable: 'LOBBY_RACE_NAME_DIRECTORY_BACKEND',
      },
    ]);
  });

  test.each(['workers/enrollment-automation.ts', 'workers/pending-registration-expirer.ts'])(
    'runs a worker as a process of its own, without a listener: %s',
    async (entry) => {
      const running = run(entry, good);
      await vi.waitFor(() => expect(logOf(running).map(({ msg }) => msg)).toContain('worker started'), {
        timeout: 50_000,
      });
      await stop(running);
      const messages = logOf(running).map(({ msg }) => msg);
      expect(messages).not.toContain('listening');
      expect(messages).not.toContain('tick failed');
      // Every loop of the worker says that it has stopped.
      const last = new Set(messages.slice(messages.indexOf('draining')));
      expect([...last]).toEqual(['draining', 'worker stopped', 'stopped']);
    },
  );
});

describe('the lobby that is told to stop', () => {
  test('finishes the requests that it has begun, and is no longer ready for others', async () => {
    const running = run(allInOne, good);
    const ports = await listening(running);
    // Requests that are under way when the signal comes: their heads are not complete yet.
    const sockets = [connect(ports.public, '127.0.0.1'), connect(ports.internal, '127.0.0.1')];
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) socket.write('GET /readyz HTTP/1.1\r\nHost: lobby\r\n');
    // The heads have been read once later requests on other connections are answered.
    for (const port of [ports.public, ports.internal]) await ask(port, '/healthz');

    running.child.kill('SIGTERM');
    await vi.waitFor(() => expect(logOf(running).map(({ msg }) => msg)).toContain('draining'), {
      timeout: 50_000,
    });
    for (const socket of sockets) socket.write('\r\n');
    for (const answer of await Promise.all(sockets.map((socket) => text(socket)))) {
      expect(answer).toMatch(/^HTTP\/1\.1 503 /);
      expect(answer).toContain('{"status":"draining"}');
    }
    expect((await running.ended).exitCode).toBe(0);
    expect(logOf(running).at(-1)).toMatchObject({ msg: 'stopped', drained: true });
  });

  test('waits no longer than its shutdown time-out for a client that stalls', async () => {
    const running = run(allInOne, { ...good, LOBBY_SHUTDOWN_TIMEOUT: '300ms' });
    const ports = await listening(running);
    const socket = connect(ports.public, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    const userId = crypto.randomUUID();
    socket.write(
      `POST /api/v1/lobby/games HTTP/1.1\r\nHost: lobby\r\nX-User-ID: ${userId}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    await ask(ports.public, '/healthz');

    const signalledAt = performance.now();
    await stop(running);
    // Far less than the ten seconds that a client may take to send its request.
    expect(performance.now() - signalledAt).toBeLessThan(5_000);
    socket.destroy();
  });
});
