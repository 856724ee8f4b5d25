// What the HTTP sides of lobby and backend ask of Redis, from both drivers, on a real server.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { type RedisRest, startRedisRest } from '../../../infra/local/redis-rest.ts';
import { backendPublishers } from '../../../lib/backend/outbox/publishers.ts';
import { pushLog } from '../../../lib/backend/push/log/binary-log.ts';
import { readGlobal, readState } from '../../../lib/backend/push/log/read-global.ts';
import { isTransientFault } from '../../../lib/errors/transient-fault.ts';
import type { Message } from '../../../lib/outbox/store.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import type { RedisCommands } from '../../../lib/redis/commands.ts';
import { RedisNotReplying, restRedis } from '../../../lib/redis/rest.ts';
import { requeueAtOnce } from '../../../lib/streams/admin.ts';
import { readStreamState } from '../../../lib/streams/offset.ts';
import { startTcpProxy } from '../../support/network/tcp-proxy.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { openDatabase } from '../../support/stores/redis-databases.ts';

const token = 'rest-secret';
const operationTimeoutMs = 1_000;

let server: TestRedis;
let connection: Redis;
let rest: RedisRest;
beforeAll(async () => {
  server = await createTestRedis();
  connection = await openDatabase(server, server.db);
  rest = await startRedisRest({ token, redis: { ...server, addr: server } });
});
beforeEach(async () => void (await connection.flushdb()));
afterAll(async () => {
  connection.disconnect();
  await rest.close();
  await server.drop();
});

const overRest = (changes: Partial<Parameters<typeof restRedis>[0]> = {}) =>
  restRedis({ url: rest.url, token, operationTimeoutMs, ...changes });
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.unreachable('it should fail'),
    (error: unknown) => error,
  );

/** The streams and the push log in one Redis. */
const both = (redis: RedisCommands) => ({ redis, push: redis });

const drivers: [name: string, open: () => RedisCommands][] = [
  ['ioredis', () => connection],
  ['@upstash/redis', () => overRest()],
];

describe.each(drivers)('with %s', (_, open) => {
  it('text stays text, whatever it looks like, and what there is none of is null', async () => {
    const redis = open();
    for (const text of [
      '123',
      '1e3',
      'true',
      'null',
      '{"a":1}',
      '',
      'OK',
      'Vögel 🚀',
      'line\nbreak',
      'T0s=',
    ]) {
      await redis.call('SET', 'key', text);
      expect(await redis.call('GET', 'key')).toBe(text);
      expect(await connection.get('key')).toBe(text);
    }
    expect(await redis.call('GET', 'none')).toBeNull();
    expect(await redis.call('SET', 'number', 123)).toBe('OK');
    expect(await redis.call('INCR', 'number')).toBe(124);
  });

  it('an entry is added with its fields, in order', async () => {
    const redis = open();
    const ids = [];
    for (const n of ['1', '2', '3'])
      ids.push(await redis.call('XADD', 'stream', '*', 'n', n, 'json', '{"ü":[1]}'));
    expect(await redis.call('XRANGE', 'stream', '-', '+')).toEqual(
      ids.map((id, index) => [id, ['n', String(index + 1), 'json', '{"ü":[1]}']]),
    );
    expect(ids).toEqual(ids.toSorted());
  });

  it('a script gets keys and arguments, and gives texts, numbers and lists', async () => {
    const lua = `return {KEYS[1], ARGV[1], tonumber(ARGV[2]), {'12', 3, {}}, false}`;
    expect(await open().call('EVAL', lua, 1, 'a key', '007', 5)).toEqual([
      'a key',
      '007',
      5,
      ['12', 3, []],
      null,
    ]);
  });

  it('tells how a stream stands to its consumer', async () => {
    const redis = open();
    const place = { stream: 'events', offsetKey: 'offsets:events' };
    expect(await readStreamState(redis, place)).toEqual({
      offset: undefined,
      invalid: false,
      lost: false,
      oldestUnprocessedAgeMs: 0,
    });
    const first = `${Date.now() - 60_000}-0`;
    await connection.xadd('events', first, 'n', '1');
    await connection.xadd('events', `${Date.now() - 30_000}-0`, 'n', '2');
    await connection.set(place.offsetKey, first);
    const state = await readStreamState(redis, place);
    expect(state).toMatchObject({ offset: first, invalid: false, lost: false });
    expect(state.oldestUnprocessedAgeMs).toBeGreaterThanOrEqual(30_000);
    expect(state.oldestUnprocessedAgeMs).toBeLessThan(60_000);
  });

  it('puts a dead letter back into its stream', async () => {
    const place = { name: 'c', stream: 'events', offsetKey: 'o' };
    const fields = { event_id: '12', text: 'ü' };
    const letter = { deadLetterId: uuidv7(), fields } as unknown as Parameters<
      ReturnType<typeof requeueAtOnce>
    >[2];
    await requeueAtOnce(open())(undefined as never, place, letter);
    expect(await connection.xrange('events', '-', '+')).toEqual([
      [expect.any(String), ['event_id', '12', 'text', 'ü']],
    ]);
  });

  it('publishes what the backend decides: ended sessions to the push log, users’ events to their stream', async () => {
    const publishers = backendPublishers(both(open()), {
      userLifecycle: 'user:lifecycle_events',
      notificationIntents: 'notification:intents',
    });
    const [userId, sessionId] = [uuidv7(), uuidv7()];
    const message = (kind: string, payload: Message['payload']): Message => ({
      position: 1,
      kind,
      orderingKey: userId,
      payload,
      traceparent: null,
      failures: 0,
    });
    const ended = { user_id: userId, device_session_ids: [sessionId], reason: 'revoked' };
    const { epoch, head } = await readState(pushLog(connection));
    await publishers.session_invalidation?.(message('session_invalidation', ended));
    const page = await readGlobal(pushLog(connection), { epoch, id: head }, 10);
    expect(page.entries).toMatchObject([
      {
        kind: 'session_invalidation',
        userId,
        deviceSessionIds: [sessionId],
        reason: 'revoked',
        position: { epoch },
      },
    ]);
    const event = {
      event_id: uuidv7(),
      event_type: 'deleted',
      user_id: userId,
      reason_code: 'x',
      occurred_at_ms: 1,
    };
    await publishers.user_lifecycle?.(message('user_lifecycle', event));
    const [[, fields] = []] = await connection.xrange('user:lifecycle_events', '-', '+');
    expect(fields).toEqual(expect.arrayContaining(['user_id', userId, 'occurred_at_ms', '1']));
  });

  it('begins the push log where there was none', async () => {
    const publish = backendPublishers(both(open()), {
      userLifecycle: 's',
      notificationIntents: 'n',
    }).session_invalidation;
    const payload = { user_id: uuidv7(), device_session_ids: [uuidv7()], reason: 'revoked' };
    await publish?.({ position: 1, kind: '', orderingKey: '', payload, traceparent: null, failures: 0 });
    expect((await readState(pushLog(connection))).epoch).toMatch(/^[0-9a-f]{16}$/);
  });

  it('what Redis refuses is told in its words alone, and passes not', async () => {
    const redis = open();
    await redis.call('SET', 'text', 'x');
    const refused = await failure(redis.call('XADD', 'text', '*', 'secret', 'of the entry'));
    expect(String(refused)).toContain('WRONGTYPE');
    expect(String(refused)).not.toContain('of the entry');
    expect(isTransientFault(refused)).toBe(false);
    expect(await failure(redis.call('NONSENSE'))).toMatchObject({
      message: expect.stringContaining('unknown'),
    });
  });
});

describe('over REST', () => {
  it('a wrong token is told as such, and not tried again', async () => {
    const refused = await failure(overRest({ token: 'wrong' }).call('GET', 'key'));
    expect(String(refused)).toContain('WRONGPASS');
    expect(isTransientFault(refused)).toBe(false);
  });

  it('nobody there is a passing fault, soon', async () => {
    const redis = overRest({ url: `http://127.0.0.1:${await freePort()}` });
    const startedAt = performance.now();
    const error = await failure(redis.call('XADD', 's', '*', 'a', 'b'));
    expect(error).toBeInstanceOf(RedisNotReplying);
    expect(String(error)).toContain('ECONNREFUSED');
    expect(isTransientFault(error)).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('an answer that does not come in time is a passing fault, never taken for success', async () => {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: rest.port });
    try {
      const redis = overRest({ url: `http://${proxy.addr}` });
      expect(await redis.call('PING')).toBe('PONG');
      proxy.stall();
      const startedAt = performance.now();
      const error = await failure(redis.call('XADD', 's', '*', 'a', 'b'));
      expect(String(error)).toContain('nothing within 1000 ms');
      expect(isTransientFault(error)).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(10 * operationTimeoutMs);
      proxy.heal();
      expect(await redis.call('PING')).toBe('PONG');
    } finally {
      await proxy.close();
    }
  });

  it('a link that breaks is asked again: a command may happen twice, and its answer is the last one', async () => {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: rest.port });
    try {
      const redis = overRest({ url: `http://${proxy.addr}` });
      const reached = proxy.hold({ at: 'XADD' });
      const added = redis.call('XADD', 's', '*', 'a', 'b');
      const held = await reached;
      held.deliver();
      await expect.poll(() => connection.xlen('s'), { timeout: 10_000 }).toBe(1);
      proxy.cut();
      proxy.heal();
      expect(await added).toMatch(/^\d+-\d+$/);
      expect(await connection.xlen('s')).toBe(2);
    } finally {
      await proxy.close();
    }
  });

  it.each([
    [502, '<html>Bad gateway</html>'],
    [200, 'not JSON'],
  ])('a response that is not a reply of Redis (%s) is a passing fault', async (status, body) => {
    const stranger = createServer((_, response) => response.writeHead(status).end(body)).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => stranger.once('listening', resolve));
    try {
      const { port } = stranger.address() as AddressInfo;
      const error = await failure(overRest({ url: `http://127.0.0.1:${port}` }).call('PING'));
      expect(String(error)).toContain('is not a reply of Redis');
      expect(isTransientFault(error)).toBe(true);
    } finally {
      stranger.close();
    }
  });

  it('the local bridge takes several commands at once, in a transaction or not', async () => {
    const ask = async (path: string, body: unknown, bearer = token) => {
      const response = await fetch(`${rest.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'upstash-encoding': 'base64' },
        body: JSON.stringify(body),
      });
      return [response.status, await response.json()];
    };
    const x = Buffer.from('x').toString('base64');
    const several = [
      ['set', 'k', 'x'],
      ['get', 'k'],
      ['incr', 'k'],
    ];
    const replies = [{ result: 'OK' }, { result: x }, { error: expect.stringContaining('not an integer') }];
    expect(await ask('/pipeline', several)).toEqual([200, replies]);
    expect(await ask('/multi-exec', several)).toEqual([200, replies]);
    expect(await ask('/', ['get', 'k'])).toEqual([200, { result: x }]);
    expect(await ask('/', [])).toMatchObject([400, { error: expect.stringMatching(/^ERR/) }]);
    expect(await ask('/other', ['get', 'k'])).toMatchObject([404, {}]);
    expect(await ask('/', ['get', 'k'], 'wrong')).toMatchObject([401, {}]);
  });
});
