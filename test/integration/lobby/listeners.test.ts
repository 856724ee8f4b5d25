// The two listeners of a real lobby process: what slow, endless, oversized and unauthorised requests get there, what
// probes say while PostgreSQL and Redis are away, and how both drain.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listening, lobbyEnvironment, logOf, stop } from '../../support/lobby/lobby-process.ts';
import { exchangeRaw, openRaw, type RawConnection } from '../../support/network/raw-http.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import { type RunningProcess, runEntry } from '../../support/run/run-process.ts';
import { callersText } from '../../support/service-callers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

const userId = crypto.randomUUID();
/** Each with values of its own, so that it shows which variable holds where. */
const ports = {
  public: {
    prefix: 'LOBBY_PUBLIC_HTTP',
    readHeaderMs: 300,
    readMs: 700,
    idleMs: 200,
    bodyLimit: 65_536,
    token: 'public-token',
    games: '/api/v1/lobby/games',
    identity: `X-User-ID: ${userId}\r\n`,
  },
  internal: {
    prefix: 'LOBBY_INTERNAL_HTTP',
    readHeaderMs: 900,
    readMs: 1_400,
    idleMs: 800,
    bodyLimit: 4_096,
    token: 'internal-token',
    games: '/api/v1/internal/lobby/games',
    identity: '',
  },
};
type PortName = keyof typeof ports;
const names = ['public', 'internal'] as const;

let redis: TestRedis;
let database: TestDatabase;
let db: pg.Client;
let toPostgres: TcpProxy;
let toRedis: TcpProxy;
let lobby: RunningProcess;
let urls: Record<PortName, string>;

const urlsOf = (found: Record<PortName, number>): Record<PortName, string> => ({
  public: `http://127.0.0.1:${found.public}`,
  internal: `http://127.0.0.1:${found.internal}`,
});

beforeAll(async () => {
  [redis, database] = await Promise.all([createTestRedis(), createTestDatabase()]);
  db = new pg.Client({ connectionString: database.dsn });
  await db.connect();
  const dsn = new URL(database.dsn);
  toPostgres = await startTcpProxy({ host: dsn.hostname, port: Number(dsn.port) });
  toRedis = await startTcpProxy(redis);
  dsn.host = toPostgres.addr;
  const own = names.flatMap((name) => {
    const { prefix, readHeaderMs, readMs, idleMs, token } = ports[name];
    return [
      [`${prefix}_READ_HEADER_TIMEOUT`, `${readHeaderMs}ms`],
      [`${prefix}_READ_TIMEOUT`, `${readMs}ms`],
      [`${prefix}_IDLE_TIMEOUT`, `${idleMs}ms`],
      [`${prefix}_CALLERS`, callersText(token)],
    ];
  });
  lobby = runEntry('workers/lobby-all-in-one.ts', {
    ...lobbyEnvironment({ dsn: dsn.href }, { ...redis, addr: toRedis.addr }),
    ...Object.fromEntries(own),
    LOBBY_INTERNAL_HTTP_BODY_LIMIT_BYTES: '4096',
  });
  urls = urlsOf(await listening(lobby));
});
afterAll(async () => {
  await stop(lobby);
  await Promise.all([toPostgres.close(), toRedis.close(), db.end()]);
  await Promise.all([redis.drop(), database.drop()]);
});

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000 });

const games = async () => (await db.query('select count(*)::int as count from lobby.games')).rows[0].count;

/** Sends bytes now and then, as long as the other side takes them. */
function drip({ socket, ended }: RawConnection, bytes: string): Promise<string> {
  const timer = setInterval(() => socket.write(bytes), 50);
  return ended.finally(() => clearInterval(timer));
}

/** A time-out, a look every half second whether it is over, and room for a busy machine. */
const inTime = (timeoutMs: number) => timeoutMs + 500 + 3_000;
const headerOf = (answer: string, name: string) =>
  new RegExp(`^${name}: (.*)\r$`, 'im').exec(answer.split('\r\n\r\n', 1)[0] ?? '')?.[1];
const codeOf = (answer: string) => /"code":"([a-z_]+)"/.exec(answer)?.[1];

describe.each(names)('the %s listener', (name) => {
  const port = ports[name];
  const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: lobby\r\n${headers}\r\n`;
  const authorized = `Authorization: Bearer ${port.token}\r\n${port.identity}`;
  /** The head of a request that makes a game, but for what it says of its body. */
  const post = `POST ${port.games} HTTP/1.1\r\nHost: lobby\r\n${authorized}Content-Type: application/json\r\n`;

  describe.concurrent('ends a connection', () => {
    test.each([
      ['that sends nothing', '', undefined],
      ['that stops within its headers', 'GET /healthz HTTP/1.1\r\nHost: lobby\r\n', undefined],
      ['whose headers drip', 'GET /healthz HTTP/1.1\r\nHost: lobby\r\nX-Slow: ', 'x'],
    ])('%s, by its read-header time-out', async (_, bytes, dripped) => {
      const startedAt = performance.now();
      const connection = await openRaw(urls[name]);
      connection.socket.write(bytes);
      const answer = await (dripped === undefined ? connection.ended : drip(connection, dripped));
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      const tookMs = performance.now() - startedAt;
      expect(tookMs).toBeGreaterThan(port.readHeaderMs - 10);
      expect(tookMs).toBeLessThan(inTime(port.readHeaderMs));
    });

    test.each([
      ['whose body does not come', 'Content-Length: 100\r\n\r\n', undefined],
      ['whose body drips', 'Content-Length: 4000\r\n\r\n', ' '],
      ['whose chunks drip', 'Transfer-Encoding: chunked\r\n\r\n', '1\r\n \r\n'],
    ])('%s, by its read time-out, and changes nothing', async (_, rest, dripped) => {
      const startedAt = performance.now();
      const connection = await openRaw(urls[name]);
      connection.socket.write(post + rest);
      await (dripped === undefined ? connection.ended : drip(connection, dripped));
      const tookMs = performance.now() - startedAt;
      expect(tookMs).toBeGreaterThan(port.readMs - 10);
      expect(tookMs).toBeLessThan(inTime(port.readMs));
      expect(await games()).toBe(0);
    });

    test('that is idle after an answer, by its idle time-out', async () => {
      const { socket, ended } = await openRaw(urls[name]);
      const startedAt = performance.now();
      socket.write(get('/healthz'));
      expect((await ended).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
      const tookMs = performance.now() - startedAt;
      expect(tookMs).toBeGreaterThan(port.idleMs - 10);
      // Node keeps a second more, for requests that are under way.
      expect(tookMs).toBeLessThan(inTime(port.idleMs + 1_000));
    });
  });

  test('serves several requests on one connection', async () => {
    const { socket, received, ended } = await openRaw(urls[name]);
    for (let count = 1; count <= 3; count++) {
      socket.write(get(port.games, authorized));
      await eventually(() => expect(received().match(/\{"items":\[\]\}/g)).toHaveLength(count));
    }
    socket.end();
    await ended;
  });

  const declared = (bytes: number) =>
    `${post}Connection: close\r\nContent-Length: ${bytes}\r\n\r\n{}${' '.repeat(bytes - 2)}`;
  const chunked = (bytes: number) =>
    `${post}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n{}${' '.repeat(bytes - 2)}\r\n0\r\n\r\n`;

  test.each([
    ['declared', declared],
    ['in chunks', chunked],
  ])('takes a body up to its limit, %s, and refuses a larger one', async (_, request) => {
    const atLimit = await exchangeRaw(urls[name], request(port.bodyLimit));
    expect([atLimit.slice(0, 12), codeOf(atLimit)]).toEqual(['HTTP/1.1 400', 'invalid_request']);
    const over = await exchangeRaw(urls[name], request(port.bodyLimit + 1));
    expect(over).toMatch(/^HTTP\/1\.1 413 /);
    expect(headerOf(over, 'connection')).toBe('close');
    expect(over).toContain(
      `{"error":{"code":"payload_too_large","message":"The body is larger than ${port.bodyLimit} bytes."}}`,
    );
    expect(await games()).toBe(0);
  });

  test('refuses an endless body, and ends its connection', async () => {
    const connection = await openRaw(urls[name]);
    connection.socket.write(`${post}Transfer-Encoding: chunked\r\n\r\n`);
    const answer = await drip(connection, `2000\r\n${' '.repeat(0x2000)}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('ends a connection on which it leaves a body unread', async () => {
    const connection = await openRaw(urls[name]);
    connection.socket.write(
      `POST ${port.games} HTTP/1.1\r\nHost: lobby\r\n${port.identity}Content-Length: 4000\r\n\r\n${' '.repeat(2_000)}`,
    );
    const answer = await connection.ended;
    expect([answer.slice(0, 12), codeOf(answer)]).toEqual(['HTTP/1.1 401', 'unauthenticated']);
    expect(headerOf(answer, 'connection')).toBe('close');
  });

  test('refuses headers of more than 16 KiB', async () => {
    const request = get('/healthz', `X-Padding: ${'x'.repeat(16_384)}\r\n`);
    expect(await exchangeRaw(urls[name], request)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('asks for its own token, and for none at the probes', async () => {
    const other = ports[name === 'public' ? 'internal' : 'public'].token;
    const ask = (path: string, headers: string) =>
      exchangeRaw(urls[name], get(path, `${port.identity}Connection: close\r\n${headers}`));
    for (const given of ['', 'Bearer', `Bearer ${other}`, `Basic ${port.token}`, `Bearer ${port.token}x`]) {
      const answer = await ask(port.games, given === '' ? '' : `Authorization: ${given}\r\n`);
      expect([answer.slice(0, 12), codeOf(answer)]).toEqual(['HTTP/1.1 401', 'unauthenticated']);
      expect(headerOf(answer, 'www-authenticate')).toBe('Bearer');
    }
    expect(await ask(port.games, `Authorization: bearer ${port.token}\r\n`)).toContain('{"items":[]}');
    expect(await ask('/healthz', '')).toContain('{"status":"ok"}');
    expect(await ask('/readyz', '')).toContain('{"status":"ready"}');
    expect(await ask('/metrics', authorized)).toMatch(/^HTTP\/1\.1 404 /);
  });
});

test('a user needs an id beside the token; an admin needs none', async () => {
  const ask = async (name: PortName) => {
    const response = await fetch(`${urls[name]}${ports[name].games}`, {
      headers: { authorization: `Bearer ${ports[name].token}` },
    });
    return [response.status, response.headers.get('www-authenticate'), await response.json()];
  };
  expect(await ask('public')).toEqual([
    401,
    // Without a challenge: the token was right.
    null,
    { error: { code: 'unauthenticated', message: 'X-User-ID is missing or is not a user id.' } },
  ]);
  expect(await ask('internal')).toEqual([200, null, { items: [] }]);
});

test('probes ask neither PostgreSQL nor Redis, and requests that need them are refused for the moment', async () => {
  toPostgres.cut();
  toRedis.cut();
  for (const name of names) {
    const { games, token } = ports[name];
    const ask = async (path: string) => {
      const headers = { authorization: `Bearer ${token}`, 'x-user-id': userId };
      const response = await fetch(`${urls[name]}${path}`, { headers });
      return [response.status, await response.json()];
    };
    expect(await ask(games)).toEqual([
      503,
      { error: { code: 'service_unavailable', message: expect.stringContaining('try again') } },
    ]);
    expect(await ask('/healthz')).toEqual([200, { status: 'ok' }]);
    expect(await ask('/readyz')).toEqual([200, { status: 'ready' }]);
  }
  toPostgres.heal();
  toRedis.heal();
  await eventually(async () => {
    const headers = { authorization: 'Bearer internal-token' };
    expect((await fetch(`${urls.internal}${ports.internal.games}`, { headers })).status).toBe(200);
  });
});

test('when it is told to stop it takes no new connection, lets go of idle ones, and answers what it has begun', {
  timeout: 60_000,
}, async () => {
  const draining = runEntry('workers/lobby-all-in-one.ts', lobbyEnvironment(database, redis));
  const found = urlsOf(await listening(draining));
  const admin = (path: string, body?: object) =>
    fetch(`${found.internal}/api/v1/internal/lobby${path}`, {
      method: 'POST',
      headers: { ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  const made = await admin('/games', {
    game_type: 'public',
    game_name: 'Orion Arm',
    min_players: 2,
    max_players: 4,
    start_gap_hours: 24,
    start_gap_players: 0,
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_schedule: '0 20 * * 1-5',
    time_zone: 'Europe/Berlin',
    target_engine_version: '1.4.0',
  });
  expect(made.status).toBe(201);
  const { game_id } = (await made.json()) as { game_id: string };

  const idle = await Promise.all(names.map((name) => openRaw(found[name])));
  for (const { socket } of idle) socket.write('GET /healthz HTTP/1.1\r\nHost: lobby\r\n\r\n');
  await eventually(() => expect(idle.every(({ received }) => received().includes('"ok"'))).toBe(true));

  // Holds the game, so that the request waits within its transaction.
  await db.query('begin');
  await db.query('select 1 from lobby.games where game_id = $1 for update', [game_id]);
  const opening = admin(`/games/${game_id}/open-enrollment`);
  await eventually(async () => {
    const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    expect((await db.query(waiting)).rowCount).toBe(1);
  });

  draining.child.kill('SIGTERM');
  await eventually(() => expect(logOf(draining).map(({ msg }) => msg)).toContain('draining'));
  await Promise.all(idle.map(({ ended }) => ended));
  for (const name of names) await expect(fetch(`${found[name]}/healthz`)).rejects.toThrow('fetch failed');
  // Not over by itself meanwhile.
  await delay(200);
  expect(draining.child.exitCode).toBeNull();

  await db.query('commit');
  const opened = await opening;
  expect([opened.status, opened.headers.get('connection')]).toEqual([200, 'close']);
  expect(await opened.json()).toMatchObject({ game_id, status: 'enrollment_open' });
  const { exitCode, stderr } = await draining.ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(logOf(draining).at(-1)).toMatchObject({ msg: 'stopped', drained: true });
});
